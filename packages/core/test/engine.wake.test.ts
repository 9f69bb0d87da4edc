import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, encodeToken, encodeUpdate, heartbeat, hiddenFrameMs, memoryRunStore, proxyAgent, RejoinError } from '@rejoin/core'
import type { EngineOptions, RunStore } from '@rejoin/core'
import { askedPage, frame, pass, settle, shown, texts, type Page } from './page.ts'
import { end, open, puppetAgent, text, unreachable, type Puppet } from './puppetAgent.ts'
import { stubWindow, type StubWindow } from './stubWindow.ts'

let agent: Puppet
let store: RunStore
let window: StubWindow

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  window = stubWindow()
  agent = puppetAgent()
  store = memoryRunStore()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const asked = (options: Partial<EngineOptions> = {}): Promise<Page> => askedPage({ agent, store, ...options })

async function streaming(): Promise<Page> {
  const page = await asked()
  agent.leg().send(open(), text(1, 'a'))
  await settle()
  return page
}

async function failing(times: number): Promise<void> {
  for (let failed = 0; failed < times; failed += 1) {
    agent.leg().fail(unreachable())
    await pass(30_000)
  }
  agent.leg().fail(unreachable())
  await settle()
}

describe('a page that becomes visible', () => {
  it('tries at once what waits (row 63)', async () => {
    await asked()
    await failing(6)
    const before = agent.legs.length
    await pass(1_000)
    expect(agent.legs).toHaveLength(before)
    window.show()
    await settle()
    expect(agent.legs).toHaveLength(before + 1)
  })

  it('does not trust a connection that has long been silent (row 63)', async () => {
    await streaming()
    await pass(120_000)
    window.show()
    await pass(1_000)
    expect(agent.legs).toHaveLength(2)
    expect(agent.legs[0]?.options.signal?.aborted).toBe(true)
    expect(agent.leg().from).toBe(cursorOf(0, 1))
  })

  it('keeps a connection that has just brought something', async () => {
    await streaming()
    await pass(500)
    window.hide()
    window.show()
    await pass(1_000)
    expect(agent.legs).toHaveLength(1)
  })

  it('keeps a quiet connection that the server keeps alive', async () => {
    const encoder = new TextEncoder()
    let requests = 0
    const proxy = proxyAgent({
      url: '/x',
      async fetch(_url, init) {
        requests += 1
        let beats: ReturnType<typeof setInterval>
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            const first = encodeToken('h') + encodeUpdate(open()) + encodeUpdate(text(1, 'a'))
            controller.enqueue(encoder.encode(first))
            beats = setInterval(() => controller.enqueue(encoder.encode(heartbeat)), 500)
            init.signal?.addEventListener('abort', () => clearInterval(beats))
          },
        })
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
    })
    const page = await asked({ agent: proxy })
    for (let visit = 0; visit < 10; visit += 1) {
      await pass(5_100)
      window.show()
    }
    await settle()
    expect(requests).toBe(1)
    await page.leave()
  })

  it('does not cut a start that is on its way', async () => {
    await asked()
    for (const wait of [1_500, 14_000]) {
      await pass(wait)
      window.show()
      await settle()
    }
    expect(agent.legs).toHaveLength(1)
    expect(agent.leg().options.signal?.aborted).toBe(false)
  })

  it('does not undercut what the server asked for', async () => {
    await asked()
    agent.leg().fail(new RejoinError('rate_limited', { retryAfterMs: 60_000 }))
    await settle()
    for (let visit = 0; visit < 20; visit += 1) {
      window.show()
      await pass(100)
    }
    expect(agent.legs).toHaveLength(1)
    await pass(65_000)
    expect(agent.legs).toHaveLength(2)
  })
})

describe('a person who will not wait', () => {
  it('sends no request for each of a hundred clicks', async () => {
    const page = await asked()
    for (let click = 0; click < 100; click += 1) {
      page.session.reconnect()
      await pass(10)
    }
    expect(agent.legs.length).toBeLessThan(20)
    expect(agent.legs.filter(({ options }) => !options.signal?.aborted)).toHaveLength(1)
  })
})

describe('a page that is hidden', () => {
  it('tries less often', async () => {
    await asked()
    window.hide()
    await failing(9)
    const before = agent.legs.length
    await pass(29_999)
    expect(agent.legs).toHaveLength(before)
    await pass(1)
    expect(agent.legs).toHaveLength(before + 1)
  })

  it('publishes by a timer', async () => {
    const page = await streaming()
    await frame()
    window.hide()
    let published = 0
    page.session.subscribe(() => (published += 1))
    agent.leg().send(text(2, 'b'))
    await settle()
    await pass(hiddenFrameMs - 1)
    expect(published).toBe(0)
    await pass(1)
    expect(published).toBe(1)
    expect(shown(page)).toBe('ab')
  })

  it('or covered without being told publishes by a timer as well', async () => {
    vi.stubGlobal('requestAnimationFrame', () => 1)
    vi.stubGlobal('cancelAnimationFrame', () => {})
    const page = await streaming()
    await pass(hiddenFrameMs)
    expect(shown(page)).toBe('a')
  })
})

describe('a page that is put away', () => {
  it('closes its connection when it is frozen and goes on when it is thawed (row 63)', async () => {
    await streaming()
    window.freeze()
    expect(agent.leg().options.signal?.aborted).toBe(true)
    await pass(60_000)
    expect(agent.legs).toHaveLength(1)
    window.resume()
    await settle()
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg().from).toBe(cursorOf(0, 1))
  })

  it.each(['frozen', 'in the back/forward cache'])('goes on at once when it was %s, also where its store hangs (row 63)', async (how) => {
    let hangs = false
    const countPurges = (): Promise<number> => (hangs ? new Promise(() => {}) : store.countPurges())
    await asked({ store: { ...store, countPurges } })
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    hangs = true
    if (how === 'frozen') window.freeze()
    else window.pagehide()
    await pass(1_000)
    if (how === 'frozen') window.resume()
    else window.pageshow(true)
    await pass(100)
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg().from).toBe(cursorOf(0, 1))
  })

  it('finds what was asked elsewhere when it is shown again', async () => {
    const page = await streaming()
    agent.leg().send(end(2))
    await settle()
    window.pagehide()
    await settle()
    const begun = { id: 'elsewhere', session: 'main', createdAt: Date.now() + 1, message: { id: 'm', role: 'user' as const, parts: [{ type: 'text' as const, text: 'Elsewhere' }] } }
    await store.begin(begun)
    window.pageshow(true)
    await frame()
    expect(texts(page)).toEqual(['A question', 'a', 'Elsewhere', ''])
    expect(agent.leg().options.runId).toBe('elsewhere')
  })

  it('hears nothing any more once the engine is left', async () => {
    const page = await streaming()
    await page.leave()
    window.resume()
    window.online()
    window.show()
    await pass(60_000)
    expect(agent.legs).toHaveLength(1)
  })
})

describe('mounting again at once, as Strict Mode does', () => {
  it('keeps the connection', async () => {
    const page = await streaming()
    const leaving = page.leave()
    page.engine.mount()
    await leaving
    await pass(1_000)
    expect(agent.legs).toHaveLength(1)
    expect(agent.leg().options.signal?.aborted).toBe(false)
  })
})

describe('a new agent', () => {
  it('is tried at once where a sign-in was missing, and cuts nothing elsewhere', async () => {
    const page = await streaming()
    page.engine.setAgent({ ...agent })
    await pass(1_000)
    expect(agent.legs).toHaveLength(1)
    agent.leg().fail(new RejoinError('unauthorized'))
    await pass(1_000)
    page.engine.setAgent({ ...agent })
    await pass(1_000)
    expect(agent.legs).toHaveLength(2)
  })
})

describe('a run of many legs', () => {
  it('ends the request of each and leaves no listener behind', async () => {
    const listeners = new Map<AbortSignal, number>()
    const count = (signal: AbortSignal, by: number): void => void listeners.set(signal, (listeners.get(signal) ?? 0) + by)
    const { addEventListener, removeEventListener } = EventTarget.prototype
    const add = vi.spyOn(AbortSignal.prototype, 'addEventListener').mockImplementation(function (this: AbortSignal, ...args: Parameters<AbortSignal['addEventListener']>) {
      count(this, 1)
      Reflect.apply(addEventListener, this, args)
    })
    const remove = vi.spyOn(AbortSignal.prototype, 'removeEventListener').mockImplementation(function (this: AbortSignal, ...args: Parameters<AbortSignal['removeEventListener']>) {
      count(this, -1)
      Reflect.apply(removeEventListener, this, args)
    })
    await asked()
    for (let n = 1; n <= 50; n += 1) {
      agent.leg().send(open(), text(n, 'x'))
      await settle()
      agent.leg().fail(unreachable())
      await pass(500)
    }
    add.mockRestore()
    remove.mockRestore()
    expect(agent.legs).toHaveLength(51)
    expect(agent.legs.filter(({ options }) => !options.signal?.aborted)).toHaveLength(1)
    const living = [...listeners].filter(([signal]) => !signal.aborted).map(([, left]) => left)
    expect(Math.max(...living)).toBeLessThan(10)
  })
})
