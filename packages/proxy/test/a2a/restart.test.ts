import { memoryRunStore } from '@rejoin/core'
import { describe, expect, it, test, vi } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { ask, inBackground, run } from '../runs.ts'
import { gate, piece, serve, silenced } from './support/served.ts'

const patience = { timeout: 10_000 }

test('an answer that a start without a stream has brought is there for whoever asks again', async () => {
  const server = await serve({ steps: [piece('One two')] })
  const { agent } = serveProxy(server.agent())
  const first = await agent.run(ask, inBackground)
  expect(first).toMatchObject({ state: { type: 'completed' }, continuationToken: null, message: { parts: [{ text: 'One two' }] } })
  expect(await agent.run([], run)).toMatchObject({ state: { type: 'completed' }, message: first.message })
})

describe('an A2A server that is killed in mid-task', () => {
  silenced()

  it('is gone on with where it keeps its tasks, and the page shows the answer whole', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('One '), piece('two '), step, piece('three')] }, { store: { loadMs: 2, saveMs: 2 } })
    const page = openPage({ fetch: serveProxy(server.agent()).fetch, store: memoryRunStore() })
    await page.chat.send('Count')
    await vi.waitFor(() => expect(page.text()).toBe('One two '), patience)
    await server.kill()
    await vi.waitFor(() => expect(page.state()?.type).toBe('reconnecting'), patience)
    expect(page.text()).toBe('One two ')
    open()
    await server.restart('kept')
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'completed' }), patience)
    expect(page.text()).toBe('One two three')
    expect(server.started()).toBe(1)
  }, 20_000)

  it('has expired where it has forgotten its tasks, and the page keeps what it has', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One '), piece('two '), step] })
    const store = memoryRunStore()
    const proxy = serveProxy(server.agent())
    const page = openPage({ fetch: proxy.fetch, store })
    await page.chat.send('Count')
    await vi.waitFor(() => expect(page.text()).toBe('One two '), patience)
    await server.restart('forgotten')
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'expired' }), patience)
    expect(page.text()).toBe('One two ')
    page.leave()
    const later = openPage({ fetch: proxy.fetch, store })
    await vi.waitFor(() => expect(later.text()).toBe('One two '), patience)
    expect(later.state()).toEqual({ type: 'expired' })
  }, 20_000)

  it('is reached again by a proxy that was started since, for a page that comes back', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('One '), step, piece('two')] })
    const store = memoryRunStore()
    const page = openPage({ fetch: serveProxy(server.agent()).fetch, store })
    await page.chat.send('Count')
    await vi.waitFor(() => expect(page.text()).toBe('One '), patience)
    page.leave()
    await server.restart('kept')
    open()
    const later = openPage({ fetch: serveProxy(server.agent()).fetch, store })
    await vi.waitFor(() => expect(later.state()).toEqual({ type: 'completed' }), patience)
    expect(later.text()).toBe('One two')
  }, 20_000)
})
