import { cursorOf, isOutcome, RejoinError, splitToken, type AgentResponse } from '@rejoin/core'
import { type ResponsesOutcome, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { serveProxy } from '../browser.ts'
import { apiKey, createOddProvider, createProvider } from './support/provider.ts'
import { ask, collect, endOf, failureOf, failuresOf, inBackground, lastToken, question, run, textIn } from '../runs.ts'
import { finish, pass, settle, useFakeTime } from './support/time.ts'

useFakeTime()

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }

describe('an answer to a start', () => {
  test('that has ended at once comes whole and without a token (row 2)', async () => {
    const { agent, emulator } = createProvider({ answer })
    const response = await finish(agent().run(ask, inBackground))
    expect(response).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
    expect(response.message.parts).toMatchObject([{ type: 'text', text: 'Because of it.' }])
    expect(emulator.requests).toHaveLength(1)
  })

  test('that goes on has a token; the token of each poll asks for the next, until it is null (row 3)', async () => {
    const { agent, emulator } = createProvider({ answer, paceMs: 1_000 })
    let response: AgentResponse = await finish(agent().run(ask, inBackground))
    const states: string[] = [response.state.type]
    for (let polls = 0; response.continuationToken !== null && polls < 50; polls += 1) {
      await pass(1_000)
      response = await finish(agent().run([], { ...run, continuationToken: response.continuationToken }))
      states.push(response.state.type)
    }
    expect(states.at(0)).toMatch(/queued|working/)
    expect(states.at(-1)).toBe('completed')
    expect(states.length).toBeGreaterThan(5)
    expect(response.message.parts).toMatchObject([{ type: 'text', text: 'Because of it.' }])
    expect(emulator.responses).toHaveLength(1)
  })

  test('goes on at the provider when nobody polls', async () => {
    const { agent } = createProvider({ answer, paceMs: 1_000 })
    const { continuationToken } = await finish(agent().run(ask, inBackground))
    await pass(3_600_000)
    const response = await finish(agent().run([], { ...run, continuationToken }))
    expect(response).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
  })
})

describe('the wait the provider asks for (row 4)', () => {
  test('in a poll is said as `pollAfterMs`, through the proxy too', async () => {
    const { agent } = createProvider({ answer, paceMs: 1_000, pollAfterMs: 2_500 })
    const browser = serveProxy(agent()).agent
    const { continuationToken } = await finish(browser.run(ask, inBackground))
    expect(await finish(browser.run([], { ...run, continuationToken }))).toMatchObject({ pollAfterMs: 2_500 })
  })

  test.each([
    { 'openai-poll-after-ms': '700' },
    { 'retry-after-ms': '700' },
    { 'retry-after': '7' },
    { 'openai-poll-after-ms': '700', 'retry-after': '7' },
  ])('is the longest of the headers %o', async (headers) => {
    const running = { id: 'resp_1', object: 'response', status: 'in_progress', background: true, store: true, output: [] }
    const { agent } = createOddProvider(() => Response.json(running, { headers }))
    const continuationToken = `resp_1.${cursorOf(0, 0)}`
    const longest = 'retry-after' in headers ? 7_000 : 700
    expect(await finish(agent().run([], { ...run, continuationToken }))).toMatchObject({ pollAfterMs: longest })
  })

  test.each([
    { status: 429, code: 'rate_limited' },
    { status: 503, code: 'unavailable' },
  ])('with a refusal of $status is said as `retryAfterMs`', async ({ status, code }) => {
    const refusal = { error: { message: 'Slow down.', type: 'requests', param: null, code: null } }
    const { agent } = createOddProvider(() => Response.json(refusal, { status, headers: { 'retry-after': '3' } }))
    const continuationToken = `resp_1.${cursorOf(0, 0)}`
    const failures = await failuresOf([
      agent().run([], { ...run, continuationToken }),
      agent().run(ask, inBackground),
      collect(agent().runStreaming([], { ...run, continuationToken })),
      agent().cancel({ ...run, continuationToken }),
    ])
    for (const failure of failures) expect(failure).toMatchObject({ code, retryAfterMs: 3_000 })
  })

  async function gapsOfPolls(pollAfterMs: number | undefined): Promise<number[]> {
    const times: number[] = []
    const provider = createProvider({ answer: { output: [{ wait: 60_000 }, 'Done.'] }, windowMs: 0, pollAfterMs }, (fetch) => (url, init) => {
      if (init?.method === undefined && !url.includes('stream=')) times.push(Date.now())
      return fetch(url, init)
    })
    const { continuationToken } = await finish(provider.agent().run(ask, inBackground))
    const poll = { intervalMs: 1_000, capMs: 5_000 }
    const updates = await finish(collect(provider.agent({ poll }).runStreaming([], { ...run, continuationToken })))
    expect(textIn(updates)).toBe('Done.')
    return times.slice(1).map((time, at) => time - (times[at] ?? 0))
  }

  test('is the floor between the polls of a leg', async () => {
    const gaps = await gapsOfPolls(7_000)
    expect(new Set(gaps)).toEqual(new Set([7_000]))
  })

  test('grows up to the cap where the provider asks for none', async () => {
    const gaps = await gapsOfPolls(undefined)
    expect(gaps.slice(0, 5)).toEqual([1_000, 1_500, 2_250, 3_375, 5_000])
    expect(Math.max(...gaps)).toBe(5_000)
    expect(gaps.length).toBeGreaterThan(10)
  })
})

describe('there is no token any more (row 7)', () => {
  const outcomes: (ResponsesOutcome | 'cancelled')[] = [
    { status: 'completed' },
    { status: 'failed', code: 'server_error', message: 'Sorry.' },
    { status: 'incomplete', reason: 'max_output_tokens' },
    'cancelled',
  ]

  test.each(outcomes)('once a run has ended as %o', async (outcome) => {
    const script: ResponsesScript = outcome === 'cancelled' ? answer : { ...answer, outcome }
    const { agent } = createProvider({ answer: script, paceMs: 100 })
    const started = await finish(agent().run(ask, inBackground))
    const { continuationToken } = started
    if (outcome === 'cancelled') await finish(agent().cancel({ ...run, continuationToken }))
    else await pass(10_000)
    const polled = await finish(agent().run([], { ...run, continuationToken }))
    const updates = await finish(collect(agent().runStreaming([], { ...run, continuationToken })))
    for (const state of [polled.state, endOf(updates).outcome]) {
      expect(isOutcome(state) && state.type).toBe(outcome === 'cancelled' ? 'cancelled' : outcome.status)
    }
    expect([polled.continuationToken, updates.at(-1)?.continuationToken]).toEqual([null, null])
  })
})

describe('updates', () => {
  test('but the last carry a token that goes on after them, text deltas included (row 8)', async () => {
    const { agent } = createProvider({ answer, paceMs: 100 })
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect(updates.filter(({ type }) => type === 'text')).toHaveLength(4)
    for (const { continuationToken, cursor } of updates.slice(0, -1)) {
      expect(continuationToken?.endsWith(`.${cursor}`)).toBe(true)
    }
    expect(updates.at(-1)).toMatchObject({ type: 'end', continuationToken: null })
  })

  test('of a run in the foreground carry none, and that ends nothing (row 9)', async () => {
    const { agent } = createProvider({ answer, paceMs: 100 })
    const updates = await finish(collect(agent().runStreaming(ask, run)))
    expect(updates.map(({ continuationToken }) => continuationToken)).toEqual(updates.map(() => null))
    expect([textIn(updates), endOf(updates).outcome]).toEqual(['Because of it.', { type: 'completed' }])
  })
})

describe('a token (row 12)', () => {
  const deltas = Array.from({ length: 12_000 }, (_, at) => `word-${at} `)
  const instructions = 'Be as brief as a bee.'
  const long: ResponsesScript = { output: [{ type: 'message', text: deltas }] }

  /** The bytes of a token, and of all that its pieces decode to. */
  function everythingIn(token: string): string {
    const pieces = [token, ...token.split(/[.@~_-]/), token.split('.').slice(0, -2).join('.')]
    const decoded = pieces.flatMap((piece) => [
      decodeURIComponent(piece),
      Buffer.from(piece, 'base64url').toString('latin1'),
      Buffer.from(piece, 'base64').toString('latin1'),
      Buffer.from(piece, 'hex').toString('latin1'),
    ])
    return [...pieces, ...decoded].join('\n')
  }

  test.each(['agent', 'proxy'])('of the %s is as long after 12,000 updates as before, and holds nothing of the run', async (whose) => {
    const { agent } = createProvider({ answer: long })
    const asked = whose === 'agent' ? agent({ instructions }) : serveProxy(agent({ instructions })).agent
    const updates = await finish(collect(asked.runStreaming(ask, inBackground)))
    expect(textIn(updates)).toBe(deltas.join(''))
    const tokens = updates.flatMap(({ continuationToken }) => continuationToken ?? [])
    expect(tokens.length).toBeGreaterThan(12_000)
    const lengths = new Set(tokens.map((token) => token.length))
    expect(lengths.size).toBe(1)
    console.log(`A token of the ${whose} has ${[...lengths].join()} characters, after each of ${tokens.length} updates.`)
    for (const token of [tokens[0], tokens.at(-1)]) {
      const all = everythingIn(token ?? '')
      for (const secret of [question, 'Why', instructions, 'brief', 'word-', apiKey, 'sk-', 'gpt-test']) {
        expect(all).not.toContain(secret)
      }
      expect(JSON.parse(JSON.stringify(token))).toBe(token)
    }
  })

  test.each(['', 'x', 'resp_1', `.${cursorOf(0, 1)}`, `a@b@c.${cursorOf(0, 1)}`, `@1.${cursorOf(0, 1)}`, 'resp_1.0000.000000000x'])(
    'that is none (%j) is refused as `token_invalid`, and nothing is sent',
    async (continuationToken) => {
      const { agent, calls } = createProvider({ answer })
      const options = { ...run, continuationToken }
      const failures = [
        await failureOf(agent().run([], options)),
        await failureOf((async () => await collect(agent().runStreaming([], options)))()),
        await failureOf(agent().cancel(options)),
      ]
      for (const failure of failures) expect(failure).toMatchObject({ name: 'RejoinError', code: 'token_invalid' })
      expect(calls).toEqual([])
    },
  )

  test('of a response that the provider does not know is `expired`', async () => {
    const { agent } = createProvider({ answer })
    const options = { ...run, continuationToken: `resp_other.${cursorOf(0, 1)}` }
    expect(await failureOf(agent().run([], options))).toMatchObject({ code: 'expired' })
    expect(await failureOf(collect(agent().runStreaming([], options)))).toMatchObject({ code: 'expired' })
    expect(await failureOf(agent().cancel(options))).toMatchObject({ code: 'expired' })
  })
})

test('messages together with a token are refused at once, and nothing is sent (row 13)', async () => {
  const { agent, calls } = createProvider({ answer })
  const options = { ...inBackground, continuationToken: `resp_1.${cursorOf(0, 1)}` }
  expect(() => agent().runStreaming(ask, options)).toThrow(new RejoinError('messages_with_token'))
  expect(await failureOf(agent().run(ask, options))).toMatchObject({ code: 'messages_with_token' })
  expect(calls).toEqual([])
})

test('the response goes on while nobody is connected (row 17)', async () => {
  const { agent, emulator } = createProvider({ answer, paceMs: 1_000 })
  const stream = agent().runStreaming(ask, inBackground)[Symbol.asyncIterator]()
  const { value } = await finish(stream.next())
  await stream.return?.()
  await settle()
  expect(emulator.requests).toMatchObject([{ end: 'left' }])
  await pass(120_000)
  expect(emulator.responses).toMatchObject([{ status: 'completed' }])
  const token = lastToken(value === undefined ? [] : [value])
  expect(splitToken(token).handle).toContain(emulator.responses[0]?.id)
  const rest = await finish(collect(agent().runStreaming([], { ...run, continuationToken: token })))
  expect(textIn(rest)).toBe('Because of it.')
})
