import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backoff, cursorOf, delay, encodeToken, encodeUpdate, joinToken, maxEventLength, proxyAgent, userMessage } from '@rejoin/core'
import type { AgentResponseUpdate, ProxyAgentOptions, RejoinErrorCode } from '@rejoin/core'
import { end, open, text } from './puppetAgent.ts'

const run = { session: 'main', runId: 'run-1' }
const question = [userMessage('A question')]
const stallMs = 1_000
const failing = (code: RejoinErrorCode) => expect.objectContaining({ name: 'RejoinError', code })

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const agentWith = (options: Partial<ProxyAgentOptions>) => proxyAgent({ url: '/x', stallMs, ...options })

function streaming(...chunks: string[]): () => Promise<Response> {
  return async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

async function collect(updates: AsyncIterable<AgentResponseUpdate>, into: AgentResponseUpdate[] = []): Promise<AgentResponseUpdate[]> {
  for await (const update of updates) into.push(update)
  return into
}

/** What became of it, or `waiting`. */
function outcomeOf(work: Promise<unknown>): () => unknown {
  let outcome: unknown = 'waiting'
  work.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error),
  )
  return () => outcome
}

describe('a refusal whose body stands still', () => {
  it.each([
    [503, 'unavailable', 0],
    [429, 'rate_limited', stallMs / 2],
  ] as const)('of status %i keeps what its headers say, and is no stall', async (status, code, afterMs) => {
    const headers = { 'content-type': 'application/problem+json', 'retry-after': '7' }
    const agent = agentWith({ fetch: async () => new Response(new ReadableStream(), { status, headers }) })
    const outcomes = [outcomeOf(collect(agent.runStreaming(question, run))), outcomeOf(agent.cancel({ ...run, continuationToken: null }))]
    await vi.advanceTimersByTimeAsync(afterMs)
    const refused = expect.objectContaining({ code, retryAfterMs: 7_000 })
    expect(outcomes.map((outcome) => outcome())).toEqual([refused, refused])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('headers that never settle', () => {
  const headers = (): Promise<never> => new Promise(() => {})
  const fetch = async (): Promise<Response> => new Response('')

  it('stall a leg, a poll and a stop', async () => {
    const agent = agentWith({ headers, fetch })
    const outcomes = [
      outcomeOf(collect(agent.runStreaming(question, run))),
      outcomeOf(agent.run([], { ...run, continuationToken: joinToken('h', cursorOf(0, 1)) })),
      outcomeOf(agent.cancel({ ...run, continuationToken: null })),
    ]
    await vi.advanceTimersByTimeAsync(stallMs)
    expect(outcomes.map((outcome) => outcome())).toEqual([failing('stalled'), failing('stalled'), failing('stalled')])
  })

  it('do not keep a leg from being left', async () => {
    const controller = new AbortController()
    const outcome = outcomeOf(collect(agentWith({ headers, fetch }).runStreaming(question, { ...run, signal: controller.signal })))
    await vi.advanceTimersByTimeAsync(1)
    const reason = new DOMException('Enough.', 'AbortError')
    controller.abort(reason)
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome()).toBe(reason)
  })
})

describe('a token whose handle no header can carry', () => {
  it('is refused before any request', async () => {
    const fetch = vi.fn<() => Promise<Response>>(async () => new Response(''))
    for (const handle of ['h✓', 'a b', 'a\r\nx: y', '\u0000']) {
      const resumed = { ...run, continuationToken: joinToken(handle, cursorOf(0, 1)) }
      const agent = agentWith({ fetch })
      expect(() => agent.runStreaming([], resumed)).toThrow(failing('token_invalid'))
      await expect(agent.run([], resumed)).rejects.toEqual(failing('token_invalid'))
      await expect(agent.cancel(resumed)).rejects.toEqual(failing('token_invalid'))
    }
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('a frame that never ends', () => {
  it('ends the leg as a bad response, and what was read before it counts', async () => {
    const agent = agentWith({ fetch: streaming(encodeToken('h') + encodeUpdate(text(1, 'a')), 'data:', 'x'.repeat(maxEventLength + 1)) })
    const read: AgentResponseUpdate[] = []
    const reading = outcomeOf(collect(agent.runStreaming(question, run), read))
    await vi.advanceTimersByTimeAsync(stallMs / 2)
    expect(reading()).toEqual(failing('bad_response'))
    expect(read).toHaveLength(1)
  })
})

describe('the watchdog', () => {
  it('ends a silent leg as soon though the clock was set back an hour', async () => {
    const reading = outcomeOf(collect(agentWith({ fetch: streaming(encodeUpdate(open())) }).runStreaming(question, run)))
    await vi.advanceTimersByTimeAsync(stallMs / 2)
    vi.setSystemTime(Date.now() - 3_600_000)
    expect(reading()).toBe('waiting')
    await vi.advanceTimersByTimeAsync(2 * stallMs)
    expect(reading()).toEqual(failing('stalled'))
  })
})

describe('a signal that outlives its legs', () => {
  it('collects no listeners', async () => {
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, 'addEventListener')
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const stream = streaming(encodeUpdate(open()) + encodeUpdate(end(1)))
    const fetch = async (url: string): Promise<Response> => (url.endsWith('/cancel') ? new Response('', { status: 503 }) : await stream())
    const agent = agentWith({ fetch })
    const { signal } = controller
    for (let leg = 0; leg < 10; leg += 1) {
      for await (const update of agent.runStreaming(question, { ...run, signal })) if (update.type === 'end') break
      await expect(agent.cancel({ ...run, continuationToken: null, signal })).rejects.toEqual(failing('unavailable'))
    }
    expect(add.mock.calls.length).toBeGreaterThan(9)
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })
})

describe('a very long Retry-After', () => {
  it('is no reason to try at once', async () => {
    const waited = outcomeOf(delay(backoff(1, 1e13, false)))
    await vi.advanceTimersByTimeAsync(24 * 60 * 60 * 1000)
    expect(waited()).toBe('waiting')
  })
})
