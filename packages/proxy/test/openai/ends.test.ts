import { describeError, type AgentResponseUpdate } from '@rejoin/core'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { type ResponsesProfile, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { createOddProvider, createProvider, type Provider } from './support/provider.ts'
import { ask, collect, collectUntil, endOf, failureOf, inBackground, lastToken, run, shown, textIn } from '../runs.ts'
import { finish, pass, settle, until, useFakeTime } from './support/time.ts'
import { wiretap } from './support/wiretap.ts'

useFakeTime()

const deltas = ['Be', 'cause ', 'of ', 'it.']
const answer: ResponsesScript = { output: [{ type: 'message', text: deltas }] }

describe('a stream that ends without a terminal event is no end (row 20)', () => {
  const broken: ResponsesScript = {
    output: [{ type: 'message', text: [{ endOfStream: true }, 'Be', { endOfStream: true }, 'cause ', 'of ', { endOfStream: true }, 'it.'] }],
  }

  test('the response is polled, and its next stream asked for', async () => {
    const { agent, emulator } = createProvider({ answer: broken, paceMs: 1_000 })
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect([textIn(updates), endOf(updates).outcome]).toEqual(['Because of it.', { type: 'completed' }])
    const asked = emulator.requests.map(({ method, search }) => (method === 'POST' ? 'create' : search.has('stream') ? 'stream' : 'poll'))
    expect(asked).toEqual(['create', 'poll', 'stream', 'poll', 'stream', 'poll', 'stream'])
  })

  test('where no stream brings anything more, polls find the end', async () => {
    const silent = Array.from({ length: 40 }, () => ({ endOfStream: true }) as const)
    const { agent, emulator } = createProvider({ answer: { output: [...silent, { wait: 20_000 }, ...silent, 'Done.'] }, paceMs: 0 })
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect([textIn(updates), endOf(updates).outcome]).toEqual(['Done.', { type: 'completed' }])
    expect(emulator.requests.length).toBeLessThan(40)
  })

  test('a page behind the proxy notices nothing of it', async () => {
    const { agent } = createProvider({ answer: broken, paceMs: 1_000 })
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    const states = new Set<string>()
    page.chat.subscribe(() => states.add(page.state()?.type ?? ''))
    void page.chat.send('why?')
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
    expect(states).not.toContain('reconnecting')
  })
})

describe('a response that has failed (row 21)', () => {
  const upstream = 'The prompt "my secret plan" broke gpu-17 of tenant 4711'
  const failing = (code: string): ResponsesScript => ({
    output: [{ type: 'webSearch', query: 'why' }, { type: 'message', text: ['Half ', 'of it'] }],
    outcome: { status: 'failed', code, message: upstream },
  })

  test.each([
    ['rate_limit_exceeded', 'overloaded'],
    ['insufficient_quota', 'quota_exceeded'],
    ['context_length_exceeded', 'too_long'],
    ['image_content_policy_violation', 'content_policy'],
    ['server_error', 'agent_failed'],
    ['vector_store_timeout', 'agent_failed'],
    ['toString', 'agent_failed'],
    [upstream, 'agent_failed'],
  ])('with the code %j is said as %s, however it is learnt', async (providerCode, code) => {
    const { agent, emulator } = createProvider({ answer: failing(providerCode) })
    const streamed = await finish(collect(agent().runStreaming(ask, inBackground)))
    const polled = await finish(agent().run([], { ...run, continuationToken: lastToken(streamed) }))
    const cancelled = await finish(agent().cancel({ ...run, continuationToken: lastToken(streamed) }))
    expect(emulator.requests.map(({ status }) => status)).toEqual([200, 200, 400, 200])
    for (const state of [endOf(streamed).outcome, polled.state, cancelled.state]) expect(state).toEqual({ type: 'failed', code })
    expect(polled.continuationToken).toBeNull()
    expect(textIn(streamed)).toBe('Half of it')
    expect(JSON.stringify([streamed, polled, cancelled])).not.toMatch(/secret plan|gpu-17|4711/)
  })

  test('shows our sentence on the page, keeps its partial text and steps, and what was said upstream goes nowhere', async () => {
    const { agent } = createProvider({ answer: failing('rate_limit_exceeded'), paceMs: 500 })
    const served = serveProxy(agent())
    const wire = wiretap(served.fetch)
    const page = openPage({ fetch: wire.fetch })
    void page.chat.send('why?')
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'failed', code: 'overloaded' }, 'Half of it'])
    const { error, run: view } = page.chat.getSnapshot()
    expect(error?.message).toBe(describeError('overloaded'))
    expect(view?.progress).toMatchObject([{ label: 'Searching the web', state: 'done' }])
    expect(wire.bodies().join('')).not.toMatch(/secret plan|gpu-17|4711|rate_limit_exceeded/)
    await settle()
    const [record] = await page.store.load('support')
    expect([record?.head.outcome, record?.handle]).toEqual([{ type: 'failed', code: 'overloaded' }, null])
  })

  test('keeps partial text and steps where a poll alone tells of it, and knows no output any more', async () => {
    const { agent } = createProvider({ answer: failing('server_error'), profile: 'hangs', paceMs: 500 })
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    void page.chat.send('why?')
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'failed', code: 'agent_failed' }, 'Half of it'])
    expect(page.chat.getSnapshot().run?.progress).toMatchObject([{ label: 'Searching the web', state: 'done' }])
  })
})

describe('a response that is incomplete (row 22)', () => {
  test('for a reason in the words of its server is so for an unknown one', async () => {
    const response = { id: 'resp_1', status: 'incomplete', incomplete_details: { reason: 'the key sk-1 is over' }, output: [] }
    const agent = openAIResponsesAgent({
      apiKey: 'key',
      model: 'model',
      fetch: async () => Response.json(response),
    })
    const { state } = await agent.run(ask, run)
    expect(state).toEqual({ type: 'incomplete', reason: 'unknown' })
  })

  test.each(['max_output_tokens', 'content_filter'] as const)('because of %s says so, streamed, polled and on the page', async (reason) => {
    const { agent } = createProvider({ answer: { ...answer, outcome: { status: 'incomplete', reason } } })
    const streamed = await finish(collect(agent().runStreaming(ask, inBackground)))
    const polled = await finish(agent().run([], { ...run, continuationToken: lastToken(streamed) }))
    for (const state of [endOf(streamed).outcome, polled.state]) expect(state).toEqual({ type: 'incomplete', reason })
    expect([textIn(streamed), polled.message.parts]).toMatchObject(['Because of it.', [{ text: 'Because of it.' }]])
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    void page.chat.send('why?')
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'incomplete', reason }, 'Because of it.'])
  })
})

describe('the end is always delivered (row 26)', () => {
  async function ended(profile: ResponsesProfile = 'openai'): Promise<Provider & { updates: AgentResponseUpdate[] }> {
    const provider = createProvider({ answer, profile })
    return { ...provider, updates: await finish(collect(provider.agent().runStreaming(ask, inBackground))) }
  }

  test.each(['openai', 'inclusive', 'replay'] as const)('%s: to a cursor that is past it', async (profile) => {
    const { agent, updates } = await ended(profile)
    const handle = lastToken(updates).slice(0, -16)
    for (const cursor of [endOf(updates).cursor, '0000.0000999999', '9999.9999999999']) {
      const rest = await finish(collect(agent().runStreaming([], { ...run, continuationToken: `${handle}.${cursor}` })))
      expect(rest.map(({ type }) => type)).toEqual(['open', 'end'])
      expect(endOf(rest).outcome).toEqual({ type: 'completed' })
      expect(shown([...updates.slice(0, -1), ...rest])).toMatchObject({ state: { type: 'completed' }, parts: [{ text: 'Because of it.' }] })
    }
  })

  test('as a server that ignores the cursor says it, without asking again', async () => {
    const { agent, updates, emulator } = await ended('replay')
    const continuationToken = `${lastToken(updates).slice(0, -16)}.${endOf(updates).cursor}`
    await finish(collect(agent().runStreaming([], { ...run, continuationToken })))
    expect(emulator.requests.map(({ search }) => search.has('stream'))).toEqual([false, true])
  })

  test('once the window is over', async () => {
    const { agent, updates } = await ended()
    await pass(600_000)
    for (const update of updates.slice(0, -1)) {
      const rest = await finish(collect(agent().runStreaming([], { ...run, continuationToken: update.continuationToken })))
      expect(endOf(rest).outcome).toEqual({ type: 'completed' })
      expect(shown([...updates.slice(0, updates.indexOf(update) + 1), ...rest]).parts).toMatchObject([{ text: 'Because of it.' }])
    }
  })
})

describe('once the window for streams is over (row 27)', () => {
  test('a leg polls, and brings the answer whole', async () => {
    const { agent, emulator } = createProvider({ answer, paceMs: 1_000 })
    const before = await finish(collectUntil(agent().runStreaming(ask, inBackground), ({ type }) => type === 'text'))
    expect(textIn(before)).toBe('Be')
    await pass(400_000)
    const after = await finish(collect(agent().runStreaming([], { ...run, continuationToken: lastToken(before) })))
    expect(emulator.requests.slice(1).map(({ status, search }) => [status, search.has('stream')])).toEqual([
      [400, true],
      [200, false],
    ])
    expect(after.map(({ type }) => type)).toEqual(['open', 'end'])
    expect(endOf(after).parts).toMatchObject([{ type: 'text', text: 'Because of it.' }])
    expect(shown([...before, ...after])).toMatchObject({ state: { type: 'completed' }, parts: [{ text: 'Because of it.' }] })
  })

  test('a leg of a response that is still at work waits for its end', async () => {
    const long: ResponsesScript = { output: [{ type: 'message', text: ['Be', { wait: 900_000 }, 'cause ', 'of ', 'it.'] }] }
    const { agent, emulator } = createProvider({ answer: long, paceMs: 10 })
    const stalling = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect([textIn(stalling), endOf(stalling).outcome]).toEqual(['Because of it.', { type: 'completed' }])
    expect(emulator.responses).toHaveLength(1)
    expect(emulator.requests.filter(({ status }) => status === 400)).toHaveLength(1)
  })

  test('a page comes back to the whole answer', async () => {
    const long: ResponsesScript = { output: [{ type: 'message', text: ['Be', { wait: 400_000 }, 'cause ', 'of ', 'it.'] }] }
    const { agent } = createProvider({ answer: long, paceMs: 10 })
    const { fetch } = serveProxy(agent())
    const page = openPage({ fetch })
    void page.chat.send('why?')
    await until(() => page.text() === 'Be')
    page.leave()
    await pass(350_000)
    const reloaded = openPage({ fetch, store: page.store })
    await until(() => reloaded.text() === 'Be')
    await until(reloaded.ended)
    expect([reloaded.state(), reloaded.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
  })
})

describe('a response that the provider does not keep any more has expired (row 28)', () => {
  const gone: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', { wait: 3_000 }, { cut: true }, 'of ', 'it.'] }] }

  /** Forgets every response from a moment on. */
  function forgetful(): { provider: Provider; forget(): void } {
    let forgotten = false
    const provider = createProvider({ answer: gone, paceMs: 1_000 }, (fetch) => async (url, init) => {
      if (!forgotten || init?.method === 'POST') return await fetch(url, init)
      return Response.json({ error: { message: 'Not found: my secret plan', type: 'invalid_request_error', param: null, code: null } }, { status: 404 })
    })
    return { provider, forget: () => void (forgotten = true) }
  }

  test('a leg and a poll say so', async () => {
    const { provider, forget } = forgetful()
    const { continuationToken } = await finish(provider.agent().run(ask, inBackground))
    forget()
    const options = { ...run, continuationToken }
    expect(await failureOf(provider.agent().run([], options))).toMatchObject({ code: 'expired' })
    expect(await failureOf(collect(provider.agent().runStreaming([], options)))).toMatchObject({ code: 'expired' })
  })

  test('a page keeps what it has received', async () => {
    const { provider, forget } = forgetful()
    const page = openPage({ fetch: serveProxy(provider.agent()).fetch })
    void page.chat.send('why?')
    await until(() => page.text() === 'Because ')
    forget()
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'expired' }, 'Because '])
  })
})

describe('a server that hangs for ever once a response has ended (row 41)', () => {
  test('and says that it is alive all the while is found out by a poll too', async () => {
    const response = { id: 'resp_1', object: 'response', created_at: 1, background: true, store: true, output: [] }
    const created = `data: ${JSON.stringify({ type: 'response.created', sequence_number: 0, response: { ...response, status: 'queued' } })}\n\n`
    const alive = new Set<ReturnType<typeof setInterval>>()
    const provider = createOddProvider(({ method }) => {
      if (method === 'GET') return Response.json({ ...response, status: 'failed', error: { code: 'server_error' } })
      const bytes = new TextEncoder()
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes.encode(created))
          alive.add(setInterval(() => controller.enqueue(bytes.encode('data: {"type":"keepalive","sequence_number":1}\n\n: hi\n\n')), 5_000))
        },
        cancel: () => alive.forEach(clearInterval),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const startedAt = Date.now()
    const updates = await finish(collect(provider.agent({ stallMs: 10_000 }).runStreaming(ask, inBackground)))
    expect(endOf(updates).outcome).toEqual({ type: 'failed', code: 'agent_failed' })
    expect(Date.now() - startedAt).toBeLessThan(60_000)
  })

  test.each([
    ['not in the background', { background: false }],
    ['not named yet', null],
  ])('does not count where the response is %s, since leaving it would end or lose it', async (_, named) => {
    const response = { id: 'resp_1', object: 'response', created_at: 1, store: true, output: [], ...named }
    const event = (type: string, status: string, n: number): string =>
      `data: ${JSON.stringify({ type, sequence_number: n, response: { ...response, status } })}\n\n`
    const provider = createOddProvider(({ method }) => {
      if (method === 'GET') return Response.json({ error: { message: 'Not found.' } }, { status: 404 })
      const bytes = new TextEncoder()
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          if (named) controller.enqueue(bytes.encode(event('response.created', 'in_progress', 0)))
          setTimeout(() => {
            controller.enqueue(bytes.encode(event('response.completed', 'completed', 1)))
            controller.close()
          }, 200_000)
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const updates = await finish(collect(provider.agent({ stallMs: 10_000 }).runStreaming(ask, { ...inBackground, background: named === null })))
    expect(endOf(updates).outcome).toEqual({ type: 'completed' })
    expect(provider.calls.filter(({ method, url }) => method === 'POST' || url.includes('stream='))).toHaveLength(1)
  })

  test.each([
    { status: 'failed', code: 'server_error', message: 'Sorry.' },
    { status: 'incomplete', reason: 'content_filter' },
  ] as const)('as $status is found out by a poll after the silence', async (outcome) => {
    const { agent, emulator } = createProvider({ answer: { ...answer, outcome }, profile: 'hangs', paceMs: 1_000 })
    const stallMs = 20_000
    const startedAt = Date.now()
    const updates = await finish(collect(agent({ stallMs }).runStreaming(ask, inBackground)))
    expect(endOf(updates).outcome.type).toBe(outcome.status)
    expect(textIn(updates)).toBe('Because of it.')
    const silentMs = Date.now() - startedAt - (emulator.responses[0]?.events ?? 0) * 1_000
    expect(silentMs).toBeGreaterThan(15_000)
    expect(silentMs).toBeLessThan(30_000)
    expect(emulator.requests).toMatchObject([{ method: 'POST', end: 'left' }, { method: 'GET' }])
  })
})
