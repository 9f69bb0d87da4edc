import { splitToken } from '@rejoin/core'
import { faultPlan, faultyFetch, seededRandom, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { brokenStart, startFaults } from './support/brokenStart.ts'
import { openPage, serveProxy } from '../browser.ts'
import { createOddProvider, createProvider } from './support/provider.ts'
import { ask, collect, endOf, failureOf, failuresOf, inBackground, lastToken, run, textIn } from '../runs.ts'
import { finish, pass, settle, until, useFakeTime } from './support/time.ts'

useFakeTime()

const deltas = Array.from({ length: 30 }, (_, at) => `${at}, `)
const answer: ResponsesScript = { output: [{ type: 'message', text: deltas }] }
const text = deltas.join('')

/** `REJOIN_SEED` plays only the one. */
const only = process.env.REJOIN_SEED
const seeds = only === undefined ? Array.from({ length: 200 }, (_, at) => at + 1) : [Number(only)]

/** Bytes of the whole stream of `answer`, about. */
const bytes = 12_000

interface Played {
  readonly outcome: string
  readonly responses: number
  readonly creates: number
}

/** @throws Error that says what was wrong */
async function play(seed: number): Promise<Played> {
  const random = seededRandom(seed)
  const background = random.chance(0.75)
  const start = brokenStart(startFaults(random, bytes), random)
  const provider = createProvider({ answer, paceMs: random.pick([0, 50, 400]) }, start.wrap)
  const served = serveProxy(provider.agent())
  const page = openPage({ fetch: faultyFetch(served.fetch, faultPlan(seed, { requests: 4, bytes: 2_000 })) })
  void page.chat.send('why?', { background })
  await until(page.ended)
  page.leave()
  await pass(600_000)

  const state = page.state()
  const responses = provider.emulator.responses.length
  const creates = provider.calls.filter(({ method, url }) => method === 'POST' && url.endsWith('/responses')).length
  const outcome = state?.type === 'failed' ? `failed{${state.code}}` : `${state?.type}`
  const failed = (what: string): Error => new Error(`seed ${seed}: ${what}; ${outcome}, ${creates} creates, ${responses} responses`)
  if (responses > 1) throw failed('there are two responses for one run')
  if (!start.sent()) throw failed('the start was never sent, and not repeated')
  if (!text.startsWith(page.text())) throw failed(`the text is ${JSON.stringify(page.text())}`)
  if (!start.named() && outcome !== 'failed{start_unknown}') throw failed('nobody knows whether it was started')
  if (start.named() && background && outcome !== 'completed') throw failed('its id was known')
  if (start.named() && !background && outcome !== 'completed' && outcome !== 'failed{interrupted}') throw failed('it was started')
  if (outcome === 'completed' && page.text() !== text) throw failed(`the text is ${JSON.stringify(page.text())}`)
  return { outcome, responses, creates }
}

describe('a start that is cut', () => {
  test(`at any byte and any time of ${seeds.length} plans never becomes two responses (row 31)`, { timeout: 60_000 }, async () => {
    const played: Played[] = []
    const wrong: string[] = []
    for (const seed of seeds) {
      try {
        played.push(await play(seed))
      } catch (error) {
        wrong.push(String(error))
      }
    }
    const totals = Object.entries(Object.groupBy(played, ({ outcome }) => outcome)).map(([outcome, runs]) => `${runs?.length} ${outcome}`)
    const creates = played.reduce((sum, run) => sum + run.creates, 0)
    const responses = played.reduce((sum, run) => sum + run.responses, 0)
    console.log(`${seeds.length} starts that were cut: ${totals.join(', ')}; ${creates} creates sent, ${responses} responses.`)
    expect(wrong).toEqual([])
  })

  const unknown: [string, () => Promise<Response>][] = [
    ['a connection that broke', () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } }))],
    ['a stream that ended at once', async () => new Response('', { headers: { 'content-type': 'text/event-stream' } })],
    ['a page of a gateway', async () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
    ['a timeout of a gateway', async () => new Response('', { status: 504 })],
    ['an error of the provider', async () => Response.json({ error: { message: 'Oops', code: null } }, { status: 500 })],
    ['a page with status 200', async () => new Response('<h1>Sign in</h1>', { headers: { 'content-type': 'text/html' } })],
    ['JSON that is no response', async () => Response.json({ ok: true })],
  ]

  test.each(unknown)('by %s may have been started: it is `start_unknown`, and not sent again (row 31)', async (_, respond) => {
    for (const asked of ['stream', 'answer']) {
      const { agent, calls } = createOddProvider(respond)
      const asking = asked === 'stream' ? collect(agent().runStreaming(ask, inBackground)) : agent().run(ask, inBackground)
      expect(await finish(failureOf(asking))).toMatchObject({ code: 'start_unknown' })
      expect(calls).toHaveLength(1)
    }
    const { agent, calls } = createOddProvider(respond)
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    void page.chat.send('why?')
    await until(page.ended)
    await pass(60_000)
    expect([page.state(), calls.length]).toEqual([{ type: 'failed', code: 'start_unknown' }, 1])
  })

  test('by no answer at all is given up after `startMs` (row 31)', async () => {
    const { agent } = createProvider({ answer }, () => () => new Promise<Response>(() => {}))
    const startedAt = Date.now()
    const failure = await finish(failureOf(collect(agent({ startMs: 40_000 }).runStreaming(ask, inBackground))))
    expect(failure).toMatchObject({ code: 'start_unknown' })
    expect(Date.now() - startedAt).toBe(40_000)
  })
})

describe('a start that the provider has not taken on is repeated (row 31)', () => {
  test.each([
    ['ECONNREFUSED', 'unavailable'],
    ['ENOTFOUND', 'unavailable'],
    ['EAI_AGAIN', 'unavailable'],
    ['UND_ERR_CONNECT_TIMEOUT', 'unavailable'],
    [429, 'rate_limited'],
    [503, 'unavailable'],
  ] as const)('after %s', async (how, code) => {
    let away = true
    const provider = createProvider({ answer }, (fetch) => async (url, init) => {
      if (!away) return await fetch(url, init)
      if (typeof how === 'string') throw new TypeError('fetch failed', { cause: Object.assign(new Error(how), { code: how }) })
      return Response.json({ error: { message: 'Slow down.', type: 'requests', param: null, code: null } }, { status: how })
    })
    expect(await failureOf(collect(provider.agent().runStreaming(ask, inBackground)))).toMatchObject({ code })
    const page = openPage({ fetch: serveProxy(provider.agent()).fetch })
    void page.chat.send('why?')
    await pass(20_000)
    expect([page.ended(), provider.emulator.responses.length]).toEqual([false, 0])
    away = false
    await until(page.ended)
    expect([page.state(), page.text(), provider.emulator.responses.length]).toEqual([{ type: 'completed' }, text, 1])
  })
})

describe('the time before there is an id (row 32)', () => {
  test.each([30_000, 500])('is passed with `keepalive` events every %d ms, for minutes', async (everyMs) => {
    const count = 300_000 / everyMs
    const provider = createProvider({ answer, keepalives: { count, everyMs: Math.min(everyMs, 25_000) } })
    const page = openPage({ fetch: serveProxy(provider.agent()).fetch })
    const states = new Set<string>()
    page.chat.subscribe(() => states.add(page.state()?.type ?? ''))
    void page.chat.send('why?')
    await pass(120_000)
    expect(page.text()).toBe('')
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'completed' }, text])
    expect([...states]).not.toContain('reconnecting')
    expect(provider.calls).toHaveLength(1)
  })

  test('is passed with comments too, and with `keepalive` events that count for themselves', async () => {
    const created = { id: 'resp_1', status: 'in_progress', background: true, store: true, created_at: Date.now() / 1_000, output: [] }
    const message = { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hi.' }] }
    const { agent, calls } = createOddProvider(() => {
      const encoder = new TextEncoder()
      let sent = 0
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          sent += 1
          if (sent <= 20) {
            await new Promise((resolve) => setTimeout(resolve, 20_000))
            // Its number is its own, and none of the events'.
            const keepalive = `data: ${JSON.stringify({ type: 'keepalive', sequence_number: 100 + sent })}\n\n`
            return controller.enqueue(encoder.encode(sent % 2 === 0 ? ': waiting\n\n' : keepalive))
          }
          const events = [
            { type: 'response.created', sequence_number: 0, response: created },
            { type: 'response.output_text.delta', sequence_number: 1, output_index: 0, content_index: 0, delta: 'Hi.' },
            { type: 'response.completed', sequence_number: 2, response: { ...created, status: 'completed', output: [message] } },
          ]
          controller.enqueue(encoder.encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')))
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const reading = collect(agent().runStreaming(ask, inBackground))
    await pass(399_000)
    const updates = await finish(reading)
    expect(updates.map(({ type }) => type)).toEqual(['open', 'status', 'text', 'end'])
    expect([textIn(updates), endOf(updates).outcome, calls.length]).toEqual(['Hi.', { type: 'completed' }, 1])
  })

  test('is not forgiven to a server that says nothing at all', async () => {
    const { agent } = createProvider({ answer: { output: [] }, keepalives: { count: 1, everyMs: 400_000 } })
    expect(await finish(failureOf(collect(agent().runStreaming(ask, inBackground))))).toMatchObject({ code: 'start_unknown' })
  })

  test('keepalives after the id are life, and no content', async () => {
    const silent = Array.from({ length: 20 }, () => [{ wait: 20_000 }, { keepalive: true } as const]).flat()
    const provider = createProvider({ answer: { output: ['Before. ', ...silent, 'After.'] } })
    const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    expect(textIn(updates)).toBe('Before. After.')
    // Now and then the response is asked whether that is all.
    expect(provider.calls.filter(({ url }) => url.includes('stream=')).length).toBeLessThan(5)
    expect(provider.emulator.responses).toHaveLength(1)
    expect(updates.filter(({ type }) => type === 'open')).toHaveLength(1)
  })
})

describe('an error of the provider (row 35)', () => {
  const upstream = 'Your prompt "my secret plan" is not allowed'

  test.each(['flat', 'nested'] as const)('in a stream, %s, before there is an id ends the run as failed', async (shape) => {
    const error = { code: 'rate_limit_exceeded', message: upstream }
    const event = shape === 'flat' ? { type: 'error', ...error, param: null } : { type: 'error', error: { type: 'e', ...error, param: null } }
    const { agent, calls } = createOddProvider(
      () => new Response(`event: error\ndata: ${JSON.stringify(event)}\n\n`, { headers: { 'content-type': 'text/event-stream' } }),
    )
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect(updates.map(({ type }) => type)).toEqual(['open', 'end'])
    expect(endOf(updates).outcome).toEqual({ type: 'failed', code: 'overloaded' })
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    void page.chat.send('why?')
    await until(page.ended)
    await settle()
    expect(page.state()).toEqual({ type: 'failed', code: 'overloaded' })
    expect(calls).toHaveLength(2)
    expect(JSON.stringify([updates, page.chat.getSnapshot()])).not.toContain('secret')
  })

  test.each(['flat', 'nested'] as const)('in a stream, %s, after it is no end: the response is polled and goes on', async (shape) => {
    const error = { code: 'server_error', message: upstream, shape }
    const provider = createProvider({ answer: { output: [{ type: 'message', text: ['Be', { error }, 'cause ', 'of ', { error }, 'it.'] }] } })
    const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    expect([textIn(updates), endOf(updates).outcome]).toEqual(['Because of it.', { type: 'completed' }])
    expect(JSON.stringify(updates)).not.toContain('secret')
  })

  test.each([
    [400, 'invalid_prompt', 'content_policy'],
    [400, 'context_length_exceeded', 'too_long'],
    [400, 'something_else', 'agent_failed'],
    [401, 'invalid_api_key', 'unauthorized'],
    [403, null, 'unauthorized'],
    [404, 'model_not_found', 'model_not_found'],
    [404, 'DeploymentNotFound', 'model_not_found'],
    [429, 'insufficient_quota', 'quota_exceeded'],
    [429, 'rate_limit_exceeded', 'rate_limited'],
    [503, 'server_overloaded', 'unavailable'],
    [500, 'server_error', 'start_unknown'],
  ] as const)('over HTTP, %d with %s, refuses a start as %s', async (status, code, ours) => {
    const { agent } = createProvider({ answer: { refusal: { status, message: upstream, ...(code && { code }) } } })
    for (const failure of await failuresOf([collect(agent().runStreaming(ask, inBackground)), agent().run(ask, inBackground)])) {
      expect(failure).toMatchObject({ name: 'RejoinError', code: ours })
      expect(String(failure)).not.toContain('secret')
    }
  })

  test.each([
    ['<html>no healthy upstream</html>', 'text/html'],
    ['upstream connect error', 'text/plain'],
    ['{"detail":"Service Unavailable"}', 'application/json'],
    ['', 'text/plain'],
  ])('over HTTP, 503 from something in between leaves open whether it was started: %s (row 31)', async (body, type) => {
    const { agent } = createOddProvider(() => new Response(body, { status: 503, headers: { 'content-type': type } }))
    for (const failure of await failuresOf([collect(agent().runStreaming(ask, inBackground)), agent().run(ask, inBackground)])) {
      expect(failure).toMatchObject({ name: 'RejoinError', code: 'start_unknown' })
    }
  })

  test.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'expired'],
    [410, 'expired'],
    [429, 'rate_limited'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const)('over HTTP, %d, about a run that is there is said as %s, and ends nothing', async (status, code) => {
    const { agent } = createOddProvider(() => Response.json({ error: { message: upstream, type: 't', param: null, code: 'c' } }, { status }))
    const options = { ...run, continuationToken: 'resp_1.0000.0000000100' }
    const asked = [collect(agent().runStreaming([], options)), agent().run([], options), agent().cancel(options)]
    for (const failure of await failuresOf(asked)) {
      expect(failure).toMatchObject({ name: 'RejoinError', code })
      expect(String(failure)).not.toContain('secret')
    }
  })

  test('that goes by is waited for by the page, and the answer is whole', async () => {
    let away = false
    const provider = createProvider({ answer: { output: [{ type: 'message', text: ['Be', { wait: 2_000 }, { cut: true }, 'cause.'] }] }, paceMs: 500 }, (fetch) => async (url, init) =>
      away ? Response.json({ error: { message: upstream } }, { status: 500 }) : await fetch(url, init),
    )
    const page = openPage({ fetch: serveProxy(provider.agent()).fetch })
    void page.chat.send('why?')
    await until(() => page.text() === 'Be')
    away = true
    await pass(60_000)
    expect(page.ended()).toBe(false)
    away = false
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'completed' }, 'Because.'])
    expect(lastToken(await finish(collect(provider.agent().runStreaming(ask, inBackground))))).toEqual(expect.any(String))
  })
})

test('a response in the background is named as soon as it is created, before the answer to its start (row 4)', async () => {
  const agent = createProvider({ answer, paceMs: 400 }).agent()
  const heard: string[] = []
  const options = { ...inBackground, named: async (handle: string) => void heard.push(handle) }
  const started = agent.run(ask, options).finally(() => heard.push('answered'))
  const { continuationToken } = await finish(started)
  expect(heard).toEqual([continuationToken && splitToken(continuationToken).handle, 'answered'])
  await finish(agent.run(ask, { ...options, background: false }))
  // It ends with its connection.
  expect(heard).toEqual([expect.any(String), 'answered'])
})
