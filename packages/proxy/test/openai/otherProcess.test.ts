import { memoryRunStore } from '@rejoin/core'
import { type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { openPage, serveProxy, type ServedProxy } from '../browser.ts'
import { createProvider, type Provider } from './support/provider.ts'
import { ask, collect, collectUntil, endOf, failureOf, inBackground, lastToken, run, textIn } from '../runs.ts'
import { finish, pass, until, useFakeTime } from './support/time.ts'

useFakeTime()

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }

/** A run that one process has started, which then is gone; the next has its secret and the account, and nothing else. */
async function handedOver(): Promise<{ provider: Provider; next: ServedProxy; before: string; token: string }> {
  const provider = createProvider({ answer, paceMs: 1_000 })
  const first = serveProxy(provider.agent())
  const seen = await finish(collectUntil(first.agent.runStreaming(ask, inBackground), ({ type }) => type === 'text'))
  return { provider, next: serveProxy(provider.agent()), before: textIn(seen), token: lastToken(seen) }
}

const asking: ResponsesScript = { output: [{ type: 'mcpApprovalRequest', server: 'shop', name: 'order', arguments: '{}' }] }

test.each([
  ['the whole answer', answer, { type: 'completed' }],
  ['a question', asking, { type: 'paused' }],
])('%s that a start without a stream has brought is there for whoever asks again', async (_, script, state) => {
  const provider = createProvider({ answer: script })
  const { agent } = serveProxy(provider.agent())
  const first = await finish(agent.run(ask, { ...run, background: false }))
  expect(first).toMatchObject({ state, continuationToken: null, message: { parts: { length: 1 } } })
  expect(await finish(agent.run([], run))).toMatchObject({ state, message: first.message })
  expect(provider.emulator.responses).toHaveLength(1)
})

describe('from the token alone, another process', () => {
  test('goes on with a run, exactly after what was seen', async () => {
    const { provider, next, before, token } = await handedOver()
    const rest = await finish(collect(next.agent.runStreaming([], { ...run, continuationToken: token })))
    const text = rest.flatMap((update) => (update.type === 'text' ? [update.delta] : [])).join('')
    expect([before, before + text, endOf(rest).outcome]).toEqual(['Be', 'Because of it.', { type: 'completed' }])
    expect(provider.emulator.responses).toHaveLength(1)
  })

  test('polls it, and hands out tokens that the first would take', async () => {
    const { provider, next, token } = await handedOver()
    const polled = await finish(next.agent.run([], { ...run, continuationToken: token }))
    expect(polled).toMatchObject({ state: { type: 'working' }, continuationToken: expect.any(String) })
    await pass(60_000)
    const third = serveProxy(provider.agent())
    const last = await finish(third.agent.run([], { ...run, continuationToken: polled.continuationToken }))
    expect(last).toMatchObject({ state: { type: 'completed' }, message: { parts: [{ text: 'Because of it.' }] } })
  })

  test('stops it', async () => {
    const { provider, next, token } = await handedOver()
    expect(await finish(next.agent.cancel({ ...run, continuationToken: token }))).toMatchObject({ state: { type: 'cancelled' } })
    expect(provider.emulator.responses).toMatchObject([{ status: 'cancelled' }])
  })

  test('knows nothing of it without the token', async () => {
    const { next } = await handedOver()
    expect(await failureOf(next.agent.run([], run))).toMatchObject({ code: 'not_found' })
  })
})

test('a page does not notice that the process behind it has changed', async () => {
  const provider = createProvider({ answer, paceMs: 1_000 })
  let served = serveProxy(provider.agent())
  const store = memoryRunStore()
  const page = openPage({ fetch: (url, init) => served.fetch(url, init), store })
  void page.chat.send('why?')
  await until(() => page.text() !== '')
  page.leave()
  await pass(1)
  served = serveProxy(provider.agent())
  const reloaded = openPage({ fetch: (url, init) => served.fetch(url, init), store })
  await until(reloaded.ended)
  expect([reloaded.state(), reloaded.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
  expect(provider.emulator.responses).toHaveLength(1)
})
