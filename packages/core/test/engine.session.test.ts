import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, isRejoinError, memoryRunStore, soloTabs } from '@rejoin/core'
import type { EngineOptions, RunStore } from '@rejoin/core'
import { askedPage, beginPage, frame, openPage, pass, settle, shown, state, texts, type Page } from './page.ts'
import { end, open, puppetAgent, text, unreachable, type Puppet } from './puppetAgent.ts'
import { createTabHub } from './tabHub.ts'

let agent: Puppet
let store: RunStore

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  store = memoryRunStore()
})
afterEach(() => {
  vi.useRealTimers()
})

const asked = (options: Partial<EngineOptions> = {}): Promise<Page> => askedPage({ agent, store, ...options })

async function answered(options: Partial<EngineOptions> = {}): Promise<Page> {
  const page = await asked(options)
  agent.leg().send(open(), text(1, 'old'), end(2))
  await settle()
  return page
}

/** The same store, which takes `ms` to read a session. */
function slowToLoad(ms: number): RunStore {
  const inner = store
  return {
    ...inner,
    async load(session) {
      const records = await inner.load(session)
      await new Promise((resolve) => setTimeout(resolve, ms))
      return records
    },
  }
}

describe('asking again', () => {
  it('starts the run though nobody looks at the session', async () => {
    await (await answered()).leave()
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs() })
    engine.mount()
    expect(await engine.session('main').regenerate()).toMatchObject({ accepted: true })
    await settle()
    expect(agent.legs).toHaveLength(2)
  })

  it('while the store is read does not bring the earlier answer back', async () => {
    store = slowToLoad(200)
    const page = beginPage({ agent, store })
    void page.session.send('A question')
    await pass(500)
    agent.leg().send(open(), text(1, 'old'), end(2))
    await settle()
    await page.leave()
    page.engine.mount()
    await settle()
    void page.session.regenerate()
    await pass(1_000)
    expect(texts(page)).toEqual(['A question', ''])
    await page.leave()
    page.engine.mount()
    await pass(1_000)
    expect(texts(page)).toEqual(['A question', ''])
  })

  it('in a session that nobody looks at tells the other tabs that the earlier answer is gone', async () => {
    const hub = createTabHub()
    const engine = createEngine({ agent, user: 'u', store, tabs: hub.tab() })
    engine.mount()
    const session = engine.session('main')
    const unsubscribe = session.subscribe(() => {})
    await session.send('A question')
    await settle()
    const runId = agent.leg().options.runId
    agent.leg().send(open(), text(1, 'old'), end(2))
    await settle()
    unsubscribe()
    await settle()
    await session.regenerate()
    await settle()
    expect(hub.posted).toContainEqual({ type: 'removed', run: runId })
    expect(hub.posted.map(({ type }) => type)).toContain('run')
    expect(agent.legs).toHaveLength(2)
  })
})

describe('a session that nobody looks at', () => {
  it('reads the run it finds, whether it was left before or after that was known', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    await first.leave()
    for (const early of [false, true]) {
      const engine = createEngine({ agent, user: 'u', store: slowToLoad(50), tabs: soloTabs() })
      const before = agent.legs.length
      const leave = engine.mount()
      const unsubscribe = engine.session('main').subscribe(() => {})
      if (!early) await pass(100)
      unsubscribe()
      await pass(500)
      expect(agent.legs).toHaveLength(before + 1)
      leave()
      await settle()
    }
  })

  it('and has nothing to read lets its channel go, though it was left before that was known', async () => {
    await (await answered()).leave()
    let channels = 0
    const channel = (): { post(): void; close(): void } => {
      channels += 1
      return { post() {}, close: () => void (channels -= 1) }
    }
    const engine = createEngine({ agent, user: 'u', store: slowToLoad(50), tabs: { ...soloTabs(), channel } })
    engine.mount()
    const ofEngine = channels
    engine.session('main').subscribe(() => {})()
    await pass(500)
    expect(channels).toBe(ofEngine)
  })

  it('sends all the same, and shows it to who looks later', async () => {
    const page = await answered()
    const session = page.engine.session('other')
    session.subscribe(() => {})()
    await settle()
    expect(await session.send('Elsewhere')).toMatchObject({ accepted: true })
    await settle()
    expect(agent.legs).toHaveLength(2)
    agent.leg().send(open(), text(1, 'there'), end(2))
    await settle()
    expect(session.getSnapshot().messages).toHaveLength(2)
  })
})

describe('a clock that is set back', () => {
  it('keeps the order of the questions, and the latest run the latest', async () => {
    const page = await answered()
    vi.setSystemTime(900_000)
    await page.session.send('Second')
    await settle()
    agent.leg().send(open(), text(1, 'two'))
    await frame()
    expect(texts(page)).toEqual(['A question', 'old', 'Second', 'two'])
    expect(page.session.getSnapshot()).toMatchObject({ status: 'streaming', run: { state: { type: 'streaming' } } })
  })

  it('keeps that order over a reload', async () => {
    const page = await answered()
    vi.setSystemTime(900_000)
    await page.session.send('Second')
    await settle()
    agent.leg().send(open(), text(1, 'two'), end(2))
    await settle()
    await page.leave()
    expect(texts(await openPage({ agent, store }))).toEqual(['A question', 'old', 'Second', 'two'])
  })
})

describe('a purge', () => {
  it('under a mounted chat leaves it empty and ready (row 71)', async () => {
    const page = await asked()
    agent.leg().send(open(), text(1, 'secret'))
    await frame()
    await page.engine.purge()
    await frame()
    expect(texts(page)).toEqual([])
    expect(agent.leg().options.signal?.aborted).toBe(true)
    expect(agent.cancels).toEqual([])
    expect(await store.load('main')).toEqual([])
    expect(await page.session.send('Again')).toMatchObject({ accepted: true })
    await settle()
    expect(agent.legs).toHaveLength(2)
  })

  it('ends every wait of the runs it forgets', async () => {
    const page = await asked()
    agent.onCancel = () => Promise.reject(unreachable())
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    void page.session.stop()
    await settle()
    await page.engine.purge()
    await settle()
    const before = agent.cancels.length
    await pass(60_000)
    expect(agent.cancels).toHaveLength(before)
    expect(agent.legs).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('while the store is read shows nothing of what was there', async () => {
    await (await answered()).leave()
    const page = beginPage({ agent, store: slowToLoad(100) })
    await settle()
    void page.engine.purge()
    await pass(1_000)
    expect(texts(page)).toEqual([])
  })

  it('while a question is being stored sends it no more', async () => {
    const inner = store
    store = { ...inner, begin: (start) => new Promise((resolve) => setTimeout(() => resolve(inner.begin(start)), 50)) }
    const page = await openPage({ agent, store })
    void page.session.send('A question')
    await settle()
    void page.engine.purge()
    await pass(1_000)
    expect(agent.legs).toEqual([])
    expect(texts(page)).toEqual([])
  })

  it('says so where the store could not be emptied, and does not wait for ever', async () => {
    for (const purge of [() => new Promise<never>(() => {}), () => Promise.reject(new DOMException('denied', 'SecurityError'))]) {
      const page = await openPage({ agent, store: { ...store, purge }, onWarning() {} })
      let outcome: unknown = 'waiting'
      void page.engine.purge().then(
        () => (outcome = 'done'),
        (error: unknown) => (outcome = isRejoinError(error) && error.code),
      )
      await pass(60_000)
      expect(outcome).toBe('storage_unavailable')
      await page.leave()
    }
  })
})

describe('an end', () => {
  it('is not undone by what still arrives', async () => {
    const page = await answered()
    agent.leg().send(text(3, ' and more'))
    await settle()
    expect([shown(page), state(page)]).toEqual(['old', { type: 'completed' }])
  })
})
