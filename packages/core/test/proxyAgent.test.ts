import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  cursorOf,
  encodeError,
  encodeToken,
  encodeUpdate,
  heartbeat,
  joinToken,
  problemContentType,
  problemOf,
  proxyAgent,
  userMessage,
} from '@rejoin/core'
import type { AgentResponseUpdate, ProxyAgentOptions, RejoinErrorCode, Update } from '@rejoin/core'
import { text } from './runStoreContract.ts'

const open: Update = { type: 'open', cursor: cursorOf(0, 0), mode: 'tail', elapsedMs: 0 }
const end: Update = { type: 'end', cursor: cursorOf(0, 9), outcome: { type: 'completed' }, elapsedMs: 1 }
const run = { session: 'main', runId: 'run-1' }
const question = [userMessage('A question')]

interface Asked {
  url: string
  init: RequestInit
  headers: Headers
}

/** An agent whose requests are answered by `answer`, and what it asked. */
function agentOn(answer: (asked: Asked, count: number) => Response | Promise<Response>, options: Partial<ProxyAgentOptions> = {}) {
  const asked: Asked[] = []
  const agent = proxyAgent({
    url: '/api/agent/',
    ...options,
    fetch: async (url, init) => {
      const one = { url, init, headers: new Headers(init.headers) }
      asked.push(one)
      return await answer(one, asked.length)
    },
  })
  return { agent, asked }
}

function stream(chunks: Iterable<string | Uint8Array>, finish: 'close' | 'hang' | Error = 'close'): Response {
  const encoder = new TextEncoder()
  const left = [...chunks]
  const body = new ReadableStream<Uint8Array>({
    // An error discards what is queued, so each chunk waits until it is asked for.
    pull(controller) {
      const chunk = left.shift()
      if (chunk !== undefined) controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)
      else if (finish === 'close') controller.close()
      else if (finish !== 'hang') controller.error(finish)
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
}

function problem(code: RejoinErrorCode, headers: Record<string, string> = {}): Response {
  const { status, ...rest } = problemOf(code)
  return new Response(JSON.stringify({ status, ...rest }), { status, headers: { 'content-type': problemContentType, ...headers } })
}

async function collect(updates: AsyncIterable<AgentResponseUpdate>, into: AgentResponseUpdate[] = []): Promise<AgentResponseUpdate[]> {
  for await (const update of updates) into.push(update)
  return into
}

const failing = (code: RejoinErrorCode) => expect.objectContaining({ name: 'RejoinError', code })

describe('proxyAgent', () => {
  it('starts a run with the last message only, and with no history (row 88)', async () => {
    const { agent, asked } = agentOn(() => stream([encodeUpdate(open), encodeUpdate(end)]))
    const history = [userMessage('before', 'm0'), userMessage('now', 'm1')]
    await collect(agent.runStreaming(history, { ...run, background: true }))
    expect(asked[0]?.url).toBe('/api/agent/runs')
    expect(asked[0]?.headers.get('accept')).toBe('text/event-stream')
    expect(JSON.parse(String(asked[0]?.init.body))).toEqual({ id: 'run-1', session: 'main', background: true, message: history[1] })
  })

  it('resumes with the token in headers and never in the address', async () => {
    const { agent, asked } = agentOn(() => stream([encodeUpdate(end)]))
    await collect(agent.runStreaming([], { ...run, continuationToken: joinToken('sealed', cursorOf(0, 7)) }))
    expect(asked[0]?.url).toBe('/api/agent/runs/run-1')
    expect(asked[0]?.init.method).toBe('GET')
    expect(asked[0]?.headers.get('rejoin-token')).toBe('sealed')
    expect(asked[0]?.headers.get('last-event-id')).toBe(cursorOf(0, 7))
  })

  it('gives every update but the last a usable token, text deltas included', async () => {
    const { agent } = agentOn(() => stream([encodeUpdate(open), encodeToken('s1'), encodeUpdate(text(1, 'a')), encodeToken('s2'), encodeUpdate(text(2, 'b')), encodeUpdate(end)]))
    const updates = await collect(agent.runStreaming(question, run))
    expect(updates.map(({ continuationToken }) => continuationToken)).toEqual([
      null,
      joinToken('s1', cursorOf(0, 1)),
      joinToken('s2', cursorOf(0, 2)),
      null,
    ])
  })

  it.each([
    ['CRLF', (frame: string) => frame.replaceAll('\n', '\r\n')],
    ['CR', (frame: string) => frame.replaceAll('\n', '\r')],
    ['a BOM and comments', (frame: string) => `\uFEFF: hello\n\n${heartbeat}${frame}${heartbeat}`],
    ['a space after each colon', (frame: string) => frame.replace(/^(id|data):/gm, '$1: ')],
    ['data over several lines', (frame: string) => frame.replaceAll('data:{', 'data:{\ndata:')],
  ])('reads %s, split at any byte (row 74)', async (_name, dress) => {
    const sent = [open, text(1, 'Grüße, 世界 👩‍🚀\n\n'), text(2, 'x'), end]
    const bytes = new TextEncoder().encode(dress(sent.map(encodeUpdate).join('')))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const chunks = at.slice(1).map((to, i) => bytes.slice(at[i], to))
        const { agent } = agentOn(() => stream(chunks))
        const updates = await collect(agent.runStreaming(question, run))
        expect(updates).toEqual(sent.map((update) => ({ ...update, continuationToken: null })))
      }),
      { numRuns: 60 },
    )
  })

  it('passes over kinds of updates it does not know, and their cursor still counts', async () => {
    const { agent } = agentOn(() => stream([`id:${cursorOf(0, 4)}\ndata:{"type":"hologram","x":1}\n\n`]))
    expect(await collect(agent.runStreaming(question, run))).toEqual([{ type: 'other', cursor: cursorOf(0, 4), continuationToken: null }])
  })

  it('delivers what came before a broken frame, then says that the answer is bad', async () => {
    for (const broken of ['id:0000.0000000002\ndata:{"type":\n\n', 'data:{"type":"text","delta":"no cursor"}\n\n']) {
      const { agent } = agentOn(() => stream([encodeUpdate(text(1, 'a')) + broken + encodeUpdate(text(3, 'c'))]))
      const got: AgentResponseUpdate[] = []
      await expect(collect(agent.runStreaming(question, run), got)).rejects.toEqual(failing('bad_response'))
      expect(got).toHaveLength(1)
    }
  })

  it('drops an event that the connection broke off, whatever its first half says', async () => {
    const { agent } = agentOn(() => stream([encodeUpdate(text(1, 'a')), 'id:0000.0000000002\ndata:{"type":"text","delta":"b"}\n'], new TypeError('x')))
    const got: AgentResponseUpdate[] = []
    await expect(collect(agent.runStreaming(question, run), got)).rejects.toEqual(failing('unreachable'))
    expect(got).toHaveLength(1)
  })

  it('turns an error inside the stream into an error of the same code', async () => {
    const { agent } = agentOn(() => stream([encodeUpdate(text(1, 'a')), encodeError('unavailable')]))
    await expect(collect(agent.runStreaming(question, run))).rejects.toEqual(failing('unavailable'))
  })

  it.each(['busy', 'too_large', 'not_found', 'expired', 'empty_message', 'too_many_runs'] as const)('gives a problem its code: %s', async (code) => {
    const { agent } = agentOn(() => problem(code))
    await expect(collect(agent.runStreaming(question, run))).rejects.toEqual(failing(code))
  })

  it.each([
    [400, 'invalid_request'],
    [401, 'unauthorized'],
    [403, 'invalid_request'],
    [404, 'not_found'],
    [409, 'busy'],
    [410, 'expired'],
    [413, 'too_large'],
    [418, 'invalid_request'],
    [429, 'rate_limited'],
    [500, 'agent_failed'],
    [503, 'unavailable'],
  ] as const)('goes by the status of a problem whose code it does not know: %i is %s, as an answer and inside a stream', async (status, code) => {
    const body = { type: 'urn:rejoin:of_tomorrow', title: 'Later.', status, code: 'of_tomorrow' }
    const init = { status, headers: { 'content-type': problemContentType } }
    const answered = agentOn(() => new Response(JSON.stringify(body), init))
    await expect(collect(answered.agent.runStreaming(question, run))).rejects.toEqual(failing(code))
    const streamed = agentOn(() => stream([encodeUpdate(text(1, 'a')), `data:${JSON.stringify({ type: 'error', problem: body })}\n\n`]))
    await expect(collect(streamed.agent.runStreaming(question, run))).rejects.toEqual(failing(code))
  })

  it('does not take the problem of something in between for one of the proxy', async () => {
    const { agent } = agentOn(() => new Response('{"type":"about:blank","status":404,"code":"NO_ROUTE"}', { status: 404, headers: { 'content-type': problemContentType } }))
    await expect(agent.run([], { ...run, continuationToken: joinToken('s', cursorOf(0, 1)) })).rejects.toEqual(failing('bad_response'))
  })

  it('does not take a stranger’s 404 for the end of a run', async () => {
    const { agent } = agentOn(() => new Response('<h1>Not here</h1>', { status: 404, headers: { 'content-type': 'text/html' } }))
    await expect(agent.run([], { ...run, continuationToken: joinToken('s', cursorOf(0, 1)) })).rejects.toEqual(failing('bad_response'))
  })

  it('says what is wrong when a page answers in place of the proxy', async () => {
    const { agent } = agentOn(() => new Response('<html></html>', { headers: { 'content-type': 'text/html' } }))
    await expect(collect(agent.runStreaming(question, run))).rejects.toEqual(failing('bad_response'))
    await expect(agent.run(question, run)).rejects.toEqual(failing('bad_response'))
  })

  it('takes an empty answer for a stream that ended, not for the end of the run', async () => {
    const { agent } = agentOn(() => stream([]))
    expect(await collect(agent.runStreaming(question, run))).toEqual([])
  })

  it('reads Retry-After in seconds and as a date', async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['Date'] })
    for (const value of ['7', 'Thu, 01 Jan 2026 00:00:07 GMT']) {
      const { agent } = agentOn(() => problem('unavailable', { 'retry-after': value }))
      await expect(agent.run(question, run)).rejects.toEqual(expect.objectContaining({ retryAfterMs: 7_000 }))
    }
    vi.useRealTimers()
  })

  it('asks for headers before each request, and once more after a 401 (row 91)', async () => {
    let bearer = 0
    const headers = async () => ({ authorization: `Bearer ${(bearer += 1)}` })
    const { agent, asked } = agentOn(({ headers: sent }) => (sent.get('authorization') === 'Bearer 2' ? stream([encodeUpdate(end)]) : problem('unauthorized')), { headers })
    expect(await collect(agent.runStreaming(question, run))).toHaveLength(1)
    expect(asked).toHaveLength(2)
    await expect(collect(agent.runStreaming(question, run))).rejects.toEqual(failing('unauthorized'))
    expect(asked).toHaveLength(4)
  })

  it('lets go of the connection of a 401 before it asks again', async () => {
    let open = 0
    const refusal = (): Response => {
      open += 1
      const body = new ReadableStream<Uint8Array>({ cancel: () => void (open -= 1) })
      return new Response(body, { status: 401, headers: { 'content-type': problemContentType } })
    }
    const seen: number[] = []
    const { agent } = agentOn(() => {
      seen.push(open)
      return seen.length === 1 ? refusal() : stream([encodeUpdate(end)])
    })
    await collect(agent.runStreaming(question, run))
    expect(seen).toEqual([0, 0])
  })

  it('refuses messages together with a token, an empty message and an empty token before any request (row 13)', async () => {
    const { agent, asked } = agentOn(() => stream([]))
    const token = joinToken('s', cursorOf(0, 1))
    expect(() => agent.runStreaming(question, { ...run, continuationToken: token })).toThrow(failing('messages_with_token'))
    expect(() => agent.runStreaming([userMessage(' \n')], run)).toThrow(failing('empty_message'))
    expect(() => agent.runStreaming([], { ...run, continuationToken: '' })).toThrow(failing('token_invalid'))
    expect(() => agent.runStreaming([], { ...run, continuationToken: 'rubbish' })).toThrow(failing('token_invalid'))
    await expect(agent.run(question, { ...run, continuationToken: token })).rejects.toEqual(failing('messages_with_token'))
    expect(asked).toEqual([])
  })

  it('puts nothing the server wrote, and no token, into an error', async () => {
    const secret = 'sk-upstream-secret'
    const { agent } = agentOn(() => new Response(JSON.stringify({ code: 'busy', title: secret, detail: secret }), { status: 409, headers: { 'content-type': problemContentType } }))
    const error: unknown = await agent.run([], { ...run, continuationToken: joinToken(secret, cursorOf(0, 1)) }).catch((reason: unknown) => reason)
    expect(error).toEqual(failing('busy'))
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret)
  })

  it('cancels by run id, with the token where there is one', async () => {
    const response = { runId: 'run-1', state: { type: 'cancelled' }, message: { id: 'run-1', role: 'assistant', parts: [] }, continuationToken: null, elapsedMs: 3 }
    const { agent, asked } = agentOn(() => Response.json(response))
    expect(await agent.cancel({ ...run, continuationToken: null })).toEqual(response)
    await agent.cancel({ ...run, continuationToken: joinToken('s', cursorOf(0, 1)) })
    expect(asked.map(({ url, headers }) => [url, headers.get('rejoin-token')])).toEqual([
      ['/api/agent/runs/run-1/cancel', null],
      ['/api/agent/runs/run-1/cancel', 's'],
    ])
  })

  it('ends the request when the reader leaves, and does not cancel the run (row 24)', async () => {
    const { agent, asked } = agentOn(() => stream([encodeUpdate(text(1, 'a'))], 'hang'))
    for await (const _ of agent.runStreaming(question, run)) break
    expect(asked).toHaveLength(1)
    expect(asked[0]?.init.signal?.aborted).toBe(true)
  })
})

describe('proxyAgent’s watchdog', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ends a silent leg as stalled, and heartbeats keep it', async () => {
    const body = new TransformStream<Uint8Array, Uint8Array>()
    const writer = body.writable.getWriter()
    const { agent } = agentOn(() => new Response(body.readable, { headers: { 'content-type': 'text/event-stream' } }), { stallMs: 1000 })
    let outcome: unknown = 'open'
    const reading = collect(agent.runStreaming(question, run)).catch((error: unknown) => {
      outcome = error
    })
    for (let beat = 0; beat < 5; beat += 1) {
      await vi.advanceTimersByTimeAsync(900)
      void writer.write(new TextEncoder().encode(heartbeat))
    }
    await vi.advanceTimersByTimeAsync(900)
    expect(outcome).toBe('open')
    await vi.advanceTimersByTimeAsync(200)
    await reading
    expect(outcome).toEqual(failing('stalled'))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives up on a fetch that never answers, even one that ignores its signal', async () => {
    const { agent } = agentOn(() => new Promise<Response>(() => {}), { stallMs: 1000 })
    const reading = collect(agent.runStreaming(question, run)).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await reading).toEqual(failing('stalled'))
  })
})
