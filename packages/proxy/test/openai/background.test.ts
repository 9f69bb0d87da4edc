import { type Agent } from '@rejoin/core'
import { type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { createProvider } from './support/provider.ts'
import { ask, collect, collectUntil, endOf, run, runId, textIn } from '../runs.ts'
import { finish, pass, settle, until, useFakeTime } from './support/time.ts'

useFakeTime()

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }

describe('background is opt-in per run (row 1)', () => {
  test.each([
    { agent: undefined, run: undefined, sent: false },
    { agent: undefined, run: true, sent: true },
    { agent: true, run: undefined, sent: true },
    { agent: true, run: false, sent: false },
    { agent: false, run: true, sent: true },
  ])('an agent of $agent and a run of $run send background: $sent', async ({ agent, run: asked, sent }) => {
    const { emulator, agent: make } = createProvider({ answer })
    const options = { ...run, background: asked }
    await finish(collect(make({ background: agent }).runStreaming(ask, options)))
    await finish(make({ background: agent }).run(ask, options))
    expect(emulator.responses.map(({ request }) => request.background)).toEqual([sent, sent])
  })

  test('what a page asks for reaches the provider through the proxy, either way', async () => {
    const { emulator, agent } = createProvider({ answer })
    const served = serveProxy(agent({ background: true }))
    for (const background of [true, false]) {
      const page = openPage({ fetch: served.fetch })
      void page.chat.send('why?', { background })
      await until(page.ended)
      page.leave()
    }
    expect(emulator.responses.map(({ request }) => request.background)).toEqual([true, false])
  })
})

test('a server that goes to the background on its own gives a token, whatever the flag says (row 5)', async () => {
  const provider = createProvider({ answer, paceMs: 100 }, (fetch) => (url, init = {}) => {
    if (init.method !== 'POST') return fetch(url, init)
    return fetch(url, { ...init, body: JSON.stringify({ ...JSON.parse(String(init.body)), background: true, store: true }) })
  })
  const asked = { ...run, background: false }
  const seen = await finish(collectUntil(provider.agent().runStreaming(ask, asked), ({ type }) => type === 'text'))
  const continuationToken = seen.at(-1)?.continuationToken ?? null
  expect(continuationToken).toEqual(expect.any(String))
  const rest = await finish(collect(provider.agent().runStreaming([], { ...run, continuationToken })))
  expect(textIn([...seen, ...rest])).toBe('Because of it.')

  const polled = await finish(provider.agent().run(ask, asked))
  expect(polled).toMatchObject({ state: { type: expect.stringMatching(/queued|working/) }, continuationToken: expect.any(String) })
  expect(provider.calls[0]?.body).toMatchObject({ background: false })
})

describe('a server without a background ignores the flag, and the page works all the same (row 6)', () => {
  const profile = 'foreground' as const
  const asked = { ...run, background: true }

  test('the stream comes to its end', async () => {
    const { agent } = createProvider({ profile, answer, paceMs: 100 })
    const updates = await finish(collect(agent().runStreaming(ask, asked)))
    expect(textIn(updates)).toBe('Because of it.')
    expect(endOf(updates).outcome).toEqual({ type: 'completed' })
    expect(await finish(agent().run(ask, asked))).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
  })

  test('the run of a page streams, and ends as completed', async () => {
    const { agent } = createProvider({ profile, answer, paceMs: 2_000 })
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    void page.chat.send('why?')
    await until(() => page.text() !== '')
    expect(page.state()).toEqual({ type: 'streaming' })
    expect('Because of it.'.startsWith(page.text())).toBe(true)
    await until(page.ended)
    expect([page.state(), page.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
  })

  test('a page that leaves does not end it, and finds the whole answer later', async () => {
    const { agent, emulator } = createProvider({ profile, answer, paceMs: 1_000 })
    const { fetch } = serveProxy(agent())
    const page = openPage({ fetch })
    void page.chat.send('why?')
    await until(() => page.text() !== '')
    page.leave()
    await pass(60_000)
    expect(emulator.responses).toMatchObject([{ status: 'completed' }])
    expect(page.ended()).toBe(false)

    const reloaded = openPage({ fetch, store: page.store })
    await until(reloaded.ended)
    expect([reloaded.state(), reloaded.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
    expect(emulator.responses).toHaveLength(1)
  })

  test('a repeated start joins it and gets the whole answer once it has ended', async () => {
    const { agent, emulator } = createProvider({ profile, answer, paceMs: 1_000 })
    const browser: Agent = serveProxy(agent()).agent
    await finish(collectUntil(browser.runStreaming(ask, asked), ({ type }) => type === 'text'))
    const again = collect(browser.runStreaming(ask, asked))
    const updates = await finish(again)
    expect(textIn(updates)).toBe('Because of it.')
    expect(endOf(updates).outcome).toEqual({ type: 'completed' })
    await settle()
    expect(await finish(browser.run(ask, asked))).toMatchObject({ runId, state: { type: 'completed' } })
    expect(emulator.responses).toHaveLength(1)
  })
})
