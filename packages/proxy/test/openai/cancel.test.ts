import { type Agent, type AgentResponse } from '@rejoin/core'
import { type ResponsesProfile, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { createProvider, type Provider } from './support/provider.ts'
import { ask, collect, collectUntil, endOf, failureOf, inBackground, lastToken, run, shown, textIn } from '../runs.ts'
import { finish, pass, settle, until, useFakeTime } from './support/time.ts'

useFakeTime()

const answer: ResponsesScript = { output: [{ type: 'webSearch', query: 'why' }, { type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }

function cancelsOf({ emulator }: Pick<Provider, 'emulator'>): (number | null)[] {
  return emulator.requests.filter(({ path }) => path.endsWith('/cancel')).map(({ status }) => status)
}

async function startedAt(agent: Agent): Promise<string> {
  return lastToken(await finish(collectUntil(agent.runStreaming(ask, inBackground), ({ type }) => type === 'text')))
}

describe('a stop (row 23)', () => {
  test('reaches the provider, which stops', async () => {
    const provider = createProvider({ answer, paceMs: 1_000 })
    const continuationToken = await startedAt(provider.agent())
    const stopped = await finish(provider.agent().cancel({ ...run, continuationToken }))
    expect(stopped).toMatchObject({ state: { type: 'cancelled' }, continuationToken: null })
    expect(cancelsOf(provider)).toEqual([200])
    await pass(60_000)
    expect(provider.emulator.responses).toMatchObject([{ status: 'cancelled' }])
  })

  test('may be repeated', async () => {
    const provider = createProvider({ answer, paceMs: 1_000 })
    const continuationToken = await startedAt(provider.agent())
    const answers: AgentResponse[] = []
    for (let times = 0; times < 3; times += 1) answers.push(await finish(provider.agent().cancel({ ...run, continuationToken })))
    expect(answers.map(({ state }) => state.type)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  })

  test('after the end changes nothing: the provider refuses it, and the result stays', async () => {
    const provider = createProvider({ answer })
    const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    const stopped = await finish(provider.agent().cancel({ ...run, continuationToken: lastToken(updates) }))
    expect(cancelsOf(provider)).toEqual([400])
    expect(stopped).toMatchObject({ state: { type: 'completed' }, message: { parts: [{ text: 'Because of it.' }] } })
  })

  test('without a token is `not_found`: nobody can name the response yet', async () => {
    const { agent, calls } = createProvider({ answer })
    expect(await failureOf(agent().cancel({ ...run, continuationToken: null }))).toMatchObject({ code: 'not_found' })
    expect(calls).toEqual([])
  })

  test.each(['openai', 'azure', 'inclusive', 'foundry', 'replay', 'hangs'] satisfies ResponsesProfile[])(
    'on a page of %s ends the run as cancelled, and keeps what was shown',
    async (profile) => {
      const provider = createProvider({ profile, answer, paceMs: 1_000 })
      const page = openPage({ fetch: serveProxy(provider.agent()).fetch })
      void page.chat.send('why?')
      await until(() => page.text() !== '')
      const before = page.text()
      await finish(page.chat.stop())
      expect(page.state()).toEqual({ type: 'cancelled' })
      expect(cancelsOf(provider)).toEqual([200])
      await pass(60_000)
      expect(page.state()).toEqual({ type: 'cancelled' })
      expect(page.text().startsWith(before)).toBe(true)
      expect(page.chat.getSnapshot().run?.progress).toMatchObject([{ label: 'Searching the web', state: 'done' }])
    },
  )

  test('before the provider has named the response waits for the name, and then stops it', async () => {
    const provider = createProvider({ answer, paceMs: 1_000, keepalives: { count: 3, everyMs: 3_000 } })
    const browser = serveProxy(provider.agent()).agent
    const reading = collect(browser.runStreaming(ask, inBackground))
    await pass(5_000)
    const stopping = browser.cancel({ ...run, continuationToken: null })
    await settle()
    expect(cancelsOf(provider)).toEqual([])
    expect((await finish(stopping)).state).toEqual({ type: 'cancelled' })
    expect(endOf(await finish(reading)).outcome).toEqual({ type: 'cancelled' })
    expect(provider.emulator.responses).toMatchObject([{ status: 'cancelled' }])
  })
})

describe('once stopped, an answer that Azure completes all the same does not come back (row 23)', () => {
  test.each(['openai', 'azure'] as const)('%s: in the stream, in a poll, with the token of another tab, or when asked again', async (profile) => {
    const provider = createProvider({ profile, answer, paceMs: 1_000 })
    const browser = serveProxy(provider.agent()).agent
    const other = await startedAt(browser)
    const reading = collect(browser.runStreaming([], { ...run, continuationToken: other }))
    await settle()
    const stopped = await finish(browser.cancel({ ...run, continuationToken: other }))
    expect(stopped.state).toEqual({ type: 'cancelled' })
    const streamed = await finish(reading)
    await pass(60_000)
    expect(provider.emulator.responses).toMatchObject([{ status: profile === 'azure' ? 'completed' : 'cancelled' }])

    const polled = await finish(browser.run([], { ...run, continuationToken: other }))
    const fromOtherTab = await finish(collect(browser.runStreaming([], { ...run, continuationToken: other })))
    const restarted = await finish(collect(browser.runStreaming(ask, inBackground)))
    const again = await finish(browser.cancel({ ...run, continuationToken: other }))
    for (const updates of [streamed, fromOtherTab, restarted]) {
      expect(endOf(updates).outcome).toEqual({ type: 'cancelled' })
      expect(shown(updates).state).toEqual({ type: 'cancelled' })
      expect(endOf(updates).parts).toBeUndefined()
    }
    for (const { state, message, continuationToken } of [polled, again]) {
      expect([state, message.parts, continuationToken]).toEqual([{ type: 'cancelled' }, [], null])
    }
  })
})

describe('leaving is not stopping (row 24)', () => {
  test('an aborted leg, a stream that is left, an aborted poll and start cancel nothing', async () => {
    const provider = createProvider({ answer, paceMs: 1_000 })
    const agent = provider.agent()
    const token = await startedAt(agent)

    const leg = new AbortController()
    const aborted = collect(agent.runStreaming([], { ...run, continuationToken: token, signal: leg.signal }))
    await settle()
    leg.abort()
    expect(await failureOf(aborted)).toBe(leg.signal.reason)

    const poll = new AbortController()
    const asking = agent.run([], { ...run, continuationToken: token, signal: poll.signal })
    poll.abort()
    expect(await failureOf(asking)).toBe(poll.signal.reason)

    const start = new AbortController()
    const starting = collect(agent.runStreaming(ask, { ...inBackground, signal: start.signal }))
    await settle()
    start.abort()
    expect(await failureOf(starting)).toBe(start.signal.reason)

    await pass(60_000)
    expect(cancelsOf(provider)).toEqual([])
    expect(provider.emulator.responses).toMatchObject([{ status: 'completed' }, { status: 'completed' }])
    expect(provider.emulator.requests.filter(({ end }) => end === 'left').length).toBeGreaterThanOrEqual(3)
  })

  test('a page that goes leaves the response at work, and its upstream connection closed', async () => {
    const provider = createProvider({ answer, paceMs: 5_000 })
    const { fetch } = serveProxy(provider.agent())
    const page = openPage({ fetch })
    void page.chat.send('why?')
    await until(() => page.text() !== '')
    page.leave()
    await pass(1)
    expect(provider.emulator.requests).toMatchObject([{ end: 'left' }])
    await pass(120_000)
    expect(provider.emulator.responses).toMatchObject([{ status: 'completed' }])
    expect(cancelsOf(provider)).toEqual([])
    const reloaded = openPage({ fetch, store: page.store })
    await until(reloaded.ended)
    expect([reloaded.state(), reloaded.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
  })
})

test('an answer stopped by somebody else ends as cancelled, with what had come (row 23)', async () => {
  const provider = createProvider({ answer, paceMs: 1_000 })
  const reading = collect(provider.agent().runStreaming(ask, inBackground))
  await pass(12_500)
  const id = provider.emulator.responses[0]?.id ?? ''
  await finish(provider.agent().cancel({ ...run, continuationToken: `${id}.0000.0000000000` }))
  const updates = await finish(reading)
  expect(endOf(updates).outcome).toEqual({ type: 'cancelled' })
  expect('Because of it.'.startsWith(textIn(updates))).toBe(true)
  expect(shown(updates).steps).toMatchObject([{ state: 'done' }])
})
