import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, cursorOf, maxWriteGapMs, memoryRunStore, proxyAgent, RejoinError, soloTabs } from '@rejoin/core'
import type { EngineOptions, FinishedRun, RunRecord, RunStore, Update } from '@rejoin/core'
import { askedPage, beginPage, frame, openPage, pass, settle, shown, state, texts, type Page } from './page.ts'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { stubWindow } from './stubWindow.ts'
import { createTabHub } from './tabHub.ts'

let agent: Puppet
let store: RunStore

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  store = memoryRunStore()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const asked = (options: Partial<EngineOptions> = {}): Promise<Page> => askedPage({ agent, store, ...options })

/** A run of which half is stored, and whose page is gone. */
async function halfStored(): Promise<void> {
  const page = await asked()
  agent.leg().send(open(), text(1, 'a'))
  await settle()
  await page.leave()
}

/** The same store, whose records read as `change` makes them. */
function altered(change: (record: RunRecord) => RunRecord): RunStore {
  return {
    ...store,
    load: async (session) => (await store.load(session)).map(change),
    async claimReader(key) {
      const record = await store.claimReader(key)
      return record && change(record)
    },
  }
}

const never = (): Promise<never> => new Promise(() => {})
const snapshot = (epoch: number, answer: string): Update => ({
  type: 'snapshot',
  cursor: cursorOf(epoch, 0),
  parts: [{ type: 'text', text: answer }],
  steps: [],
})
const later = (epoch: number, n: number, delta: string): Update => ({ type: 'text', cursor: cursorOf(epoch, n), delta })

describe('the log', () => {
  it('that is written anew while more is shown than the agent has said again reads back right', async () => {
    const inner = store
    let full = true
    store = { ...inner, append: (key, write) => (full ? Promise.reject(new DOMException('full', 'QuotaExceededError')) : inner.append(key, write)) }
    const page = await asked({ onWarning() {} })
    agent.leg().send(open(), text(1, 'abcdef'))
    agent.leg().send(snapshot(1, 'ab'))
    await frame()
    expect(shown(page)).toBe('abcdef')
    await page.leave()
    full = false
    page.engine.mount()
    await settle()
    agent.leg().send(open(), later(1, 1, 'cdef'), later(1, 2, 'gh'))
    await frame()
    expect(shown(page)).toBe('abcdefgh')
    expect(shown(await openPage({ agent, store }))).toBe('abcdefgh')
  })

  it('keeps what was shown when a page comes back before the agent has said it again', async () => {
    const page = await asked()
    agent.leg().send(open(), text(1, 'abcdef'))
    await settle()
    agent.leg().send(snapshot(1, 'ab'))
    await settle()
    await page.leave()
    const next = await openPage({ agent, store })
    expect(shown(next)).toBe('abcdef')
    await settle()
    expect(agent.leg().from).toBe(cursorOf(1, 0))
    agent.leg().send(open(), later(1, 1, 'cdefg'), { ...end(1), cursor: cursorOf(1, 2) })
    await settle()
    expect(shown(next)).toBe('abcdefg')
  })

  it('does not grow with snapshots, which replace what came before', async () => {
    await asked()
    agent.leg().send(open())
    for (let epoch = 1; epoch <= 50; epoch += 1) {
      agent.leg().send(snapshot(epoch, 'x'.repeat(10_000 + epoch)))
      await settle()
    }
    const [record] = await store.load('main')
    expect(record?.updates.length).toBeLessThan(5)
    expect(record?.head.cursor).toBe(cursorOf(50, 0))
  })

  it('costs bytes and room that are linear in the text, written chunk by chunk (row 72)', async () => {
    async function costsOf(chunks: number): Promise<{ written: number; kept: number }> {
      agent = puppetAgent()
      const inner = memoryRunStore()
      let written = 0
      store = {
        ...inner,
        append(key, write) {
          written += JSON.stringify(write).length
          return inner.append(key, write)
        },
      }
      const page = await asked()
      for (let n = 1; n <= chunks; n += 1) {
        agent.leg().send(text(n, 'word '))
        await settle()
      }
      const kept = JSON.stringify([await store.load('main'), page.session.getSnapshot()]).length
      await page.leave()
      return { written, kept }
    }
    const [some, many] = [await costsOf(1_500), await costsOf(12_000)]
    expect(many.written / some.written).toBeLessThan(8.5)
    expect(many.written).toBeGreaterThan(12_000 * 5)
    expect(many.kept / some.kept).toBeLessThan(8.5)
  })

  it('ends whole when the end comes together with a snapshot', async () => {
    await asked()
    agent.leg().send(open(), text(1, 'ab'), snapshot(1, 'abc'), { ...end(1), cursor: cursorOf(1, 1) })
    await settle()
    const next = await openPage({ agent, store })
    expect([shown(next), state(next)]).toEqual(['abc', { type: 'completed' }])
  })

  it('is written at most so long after, whatever gap was asked for', async () => {
    await asked({ writeGapMs: 60_000 })
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().send(text(2, 'b'))
    await pass(maxWriteGapMs)
    expect((await store.load('main'))[0]?.head.cursor).toBe(cursorOf(0, 2))
  })

  it('gets what is pending before the connection of a page that goes is closed', async () => {
    const closed: (boolean | undefined)[] = []
    const inner = store
    store = {
      ...inner,
      append: () => never(),
      leave(key, writes) {
        closed.push(agent.leg().options.signal?.aborted)
        return inner.leave(key, writes)
      },
    }
    const page = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().send(text(2, 'b'))
    await settle()
    await page.leave()
    expect(closed).toEqual([false])
    expect(agent.leg().options.signal?.aborted).toBe(true)
  })
})

describe('the token', () => {
  it('that another page has stored meanwhile is used on return, not the older one', async () => {
    agent.handle = 'H1'
    const one = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    await one.leave()
    const two = await openPage({ agent, store })
    await settle()
    agent.handle = 'H2'
    agent.leg().send(open(), text(2, 'b'), later(1, 1, 'c'))
    await settle()
    await two.leave()
    one.engine.mount()
    await settle()
    expect(agent.leg().options.continuationToken).toBe(`H2.${cursorOf(1, 1)}`)
  })

  it('that is damaged where it is kept expires the run and keeps its text, with no request', async () => {
    for (const handle of ['', 'h✓', 'a b', 'a\nb']) {
      agent = puppetAgent()
      store = memoryRunStore()
      await halfStored()
      const fetch = vi.fn<() => Promise<Response>>(async () => new Response('', { status: 404 }))
      const page = await openPage({ agent: proxyAgent({ url: '/x', fetch }), store: altered((record) => ({ ...record, handle })) })
      await pass(120_000)
      expect([state(page), shown(page)]).toEqual([{ type: 'expired' }, 'a'])
      expect(fetch).not.toHaveBeenCalled()
    }
  })

  it('that the server refuses as damaged expires the run instead of trying for ever', async () => {
    const page = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().fail(new RejoinError('token_invalid'))
    await pass(60_000)
    expect([state(page), shown(page)]).toEqual([{ type: 'expired' }, 'a'])
    expect(agent.legs).toHaveLength(1)
  })
})

describe('a store', () => {
  it('that answers late is read after all', async () => {
    await halfStored()
    const slow: RunStore = { ...store, load: async (session) => (await overdue(), await store.load(session)) }
    const page = beginPage({ agent, store: slow, onWarning() {} })
    await pass(60_000)
    expect(texts(page)).toEqual(['A question', 'a'])
    expect(agent.leg().from).toBe(cursorOf(0, 1))
  })

  it('that answers late when it is claimed is written to from then on', async () => {
    const inner = store
    store = { ...inner, claimReader: async (key) => (await overdue(), await inner.claimReader(key)) }
    const page = await asked({ onWarning() {} })
    await pass(2_050)
    agent.leg().send(open(), text(1, 'early '))
    await pass(100)
    agent.leg().send(text(2, 'late'))
    await frame()
    expect(shown(page)).toBe('early late')
    expect(shown(await openPage({ agent, store: inner }))).toBe('early late')
  })

  it('that answers late when it is claimed still tells of the stop that it holds', async () => {
    await halfStored()
    const inner = store
    // Asked for by a tab that is gone since this one was opened.
    const slow: RunStore = { ...inner, claimReader: async (key) => (await overdue(), await inner.requestStop(key), await inner.claimReader(key)) }
    const page = beginPage({ agent, store: slow, onWarning() {} })
    agent.onCancel = async () => response({ type: 'cancelled' })
    await pass(10_000)
    expect([state(page), agent.cancels.length]).toEqual([{ type: 'cancelled' }, 1])
  })

  it('that never answers holds a send and a stop up once, not for each step', async () => {
    const silent: RunStore = { ...store, load: never, begin: never, claimReader: never, requestStop: never, claimOnce: never, append: never, expire: never, countPurges: never }
    const page = beginPage({ agent, store: silent, onWarning() {} })
    void page.session.send('A question')
    await pass(2_500)
    expect(agent.legs).toHaveLength(1)
    void page.session.stop()
    await pass(100)
    expect(agent.cancels).toHaveLength(1)
  })

  it('is not taken to be silent because the clock jumped while the thread stood still', async () => {
    await halfStored()
    const warnings: string[] = []
    let answer = (): void => {}
    const busy: RunStore = { ...store, load: (session) => new Promise((resolve) => (answer = () => resolve(store.load(session)))) }
    const page = beginPage({ agent, store: busy, onWarning: ({ code }) => warnings.push(code) })
    // One timer is due at once after a blocked thread, however long it was; the answer comes right behind it.
    vi.advanceTimersToNextTimer()
    answer()
    await settle()
    expect(texts(page)).toEqual(['A question', 'a'])
    expect(warnings).toEqual([])
  })

  it('whose warning makes the app throw stops no run', async () => {
    const thrown: unknown[] = []
    const refuse = (): Promise<never> => Promise.reject(new DOMException('denied', 'SecurityError'))
    const page = beginPage({
      agent,
      store: { ...store, load: refuse, begin: refuse, claimReader: refuse },
      onWarning() {
        throw new Error('The toast is broken.')
      },
    })
    const sending = page.session.send('A question')
    // The page's own error reporting hears of it, in a timer.
    for (let step = 0; step < 10; step += 1) await pass(100).catch((error: unknown) => thrown.push(error))
    expect(await sending).toMatchObject({ accepted: true })
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect(shown(page)).toBe('a')
    expect(thrown).toHaveLength(1)
  })

  it('with something in it that this version does not know stops neither the run nor the session (row 70)', async () => {
    await halfStored()
    const odd: Update = JSON.parse(`{"type":"reasoning","cursor":"${cursorOf(0, 9)}"}`)
    const page = await openPage({ agent, store: altered((record) => ({ ...record, updates: [...record.updates, odd] })) })
    await settle()
    expect(texts(page)).toEqual(['A question', 'a'])
    agent.leg().send(open(), text(10, 'b'), end(11))
    await settle()
    expect(texts(page)).toEqual(['A question', 'ab'])
    expect(await page.session.send('Again')).toMatchObject({ accepted: true })
  })

  it('that the browser has emptied in mid-run does not stop the run, and warns once (row 70)', async () => {
    const warnings: string[] = []
    const page = await asked({ onWarning: ({ code }) => warnings.push(code) })
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    for (const { start } of await store.list()) await store.remove(start)
    agent.leg().send(text(2, 'b'))
    await settle()
    agent.leg().fail(new RejoinError('unreachable'))
    await pass(1_000)
    expect(agent.leg().from).toBe(cursorOf(0, 2))
    agent.leg().send(open(), text(3, 'c'), end(4))
    await settle()
    expect([shown(page), state(page)]).toEqual(['abc', { type: 'completed' }])
    expect(warnings).toEqual(['storage_unavailable'])
  })

  it('that refuses claims has onFinish called once all the same, in a page that leaves and returns', async () => {
    store = { ...store, claimOnce: () => Promise.reject(new DOMException('denied', 'SecurityError')) }
    const page = await asked({ onWarning() {} })
    const finished: FinishedRun[] = []
    page.session.onFinish((run) => finished.push(run))
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    await page.leave()
    page.engine.mount()
    await settle()
    expect(finished).toHaveLength(1)
  })
})

function overdue(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2_100))
}

const day = 24 * 60 * 60 * 1000

describe('what has expired', () => {
  it('is not read by the page that comes a day later', async () => {
    await halfStored()
    vi.advanceTimersByTime(day + 1)
    const warnings: string[] = []
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs(), onWarning: ({ code }) => warnings.push(code) })
    const session = engine.session('main')
    // As in React, where a part subscribes before its provider is mounted.
    session.subscribe(() => {})
    engine.mount()
    await settle()
    expect([session.getSnapshot().messages, agent.legs.length, warnings]).toEqual([[], 1, []])
    // Only once the page has come to rest: all that reads the store would wait for it.
    expect(await store.load('main')).toHaveLength(1)
    await pass(2_000)
    expect([session.getSnapshot().messages, agent.legs.length, warnings]).toEqual([[], 1, []])
    expect(await store.load('main')).toEqual([])
  })

  it('goes, too, of a page that is left open, when it is looked at again', async () => {
    const page = await asked()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    vi.advanceTimersByTime(day + 1)
    expect(await store.load('main')).toHaveLength(1)
    page.session.reconnect()
    page.engine.setAgent({ ...agent })
    await pass(2_000)
    expect(await store.load('main')).toEqual([])
    expect(shown(page)).toBe('a')
  })

  it('is no run that moves, or that this tab reads, however long ago it began', async () => {
    const warnings: string[] = []
    const page = await asked({ keepMs: 60_000, onWarning: ({ code }) => warnings.push(code) })
    agent.leg().send(open(), text(1, 'a'))
    for (let at = 1; at <= 90; at += 1) {
      await pass(60_000)
      page.engine.setAgent({ ...agent })
      await pass(2_000)
    }
    agent.leg().send(open(), text(2, 'b'))
    await settle()
    await page.leave()
    expect(warnings).toEqual([])
    const other = await openPage({ agent, store, keepMs: 60_000 })
    await pass(2_000)
    expect([shown(other), state(other)?.type]).toEqual(['ab', 'reconnecting'])
  })

  it('is no run that another tab reads, however long it has said nothing', async () => {
    const tabs = createTabHub()
    const warnings: string[] = []
    const kept = { keepMs: 60_000, onWarning: ({ code }: RejoinError) => warnings.push(code) }
    const page = await asked({ ...kept, tabs: tabs.tab() })
    agent.leg().send(open(), text(1, 'a'))
    await pass(90_000)
    const other = await openPage({ agent, store, ...kept, tabs: tabs.tab() })
    await pass(2_000)
    agent.leg().send(text(2, 'b'), end(3))
    await settle()
    expect(warnings).toEqual([])
    await other.leave()
    await page.leave()
    const later = await openPage({ agent, store, ...kept, tabs: tabs.tab() })
    expect([shown(later), state(later)?.type]).toEqual(['ab', 'completed'])
  })

  it('is a run that waits for the person, once no tab reads it any more', async () => {
    const tabs = createTabHub()
    const page = await asked({ tabs: tabs.tab() })
    agent.leg().send(open(), text(1, 'May I?'), { type: 'pause', cursor: cursorOf(0, 2), reason: 'input', elapsedMs: 1 })
    await pass(day + 1)
    const other = beginPage({ agent, store, tabs: tabs.tab() })
    await pass(2_000)
    expect(await store.list()).toHaveLength(1)
    await other.leave()
    await page.leave()
    beginPage({ agent, store, tabs: tabs.tab() })
    await pass(2_000)
    expect(await store.list()).toEqual([])
  })

  it('costs one look at the store where there is none', async () => {
    const [expire, list] = [vi.fn<RunStore['expire']>(store.expire), vi.fn<RunStore['list']>(store.list)]
    await asked({ store: { ...store, expire, list } })
    await pass(2_000)
    expect([expire, list].map(({ mock }) => mock.calls.length)).toEqual([1, 0])
  })

  it('is followed where the server says that it goes on, and another tab reads it', async () => {
    const tabs = createTabHub()
    const page = await asked({ keepMs: 60_000, tabs: tabs.tab() })
    agent.leg().send(open(), text(1, 'a'))
    await pass(90_000)
    const [old] = await store.list()
    const listing = { id: old?.start.id ?? '', session: 'main', startedAt: 1_000_000, state: 'running' as const }
    const other = await openPage({ agent: { ...agent, list: async () => [listing] }, store, keepMs: 60_000, tabs: tabs.tab() })
    await other.engine.findRuns()
    await frame()
    expect(texts(other)).toEqual(['A question', 'a'])
    agent.leg().send(text(2, 'b'), end(3))
    await pass(100)
    expect([shown(page), shown(other), agent.legs.length]).toEqual(['ab', 'ab', 1])
    const [record] = await store.load('main')
    expect(record).toMatchObject({ start: { message: { role: 'user' } }, head: { outcome: { type: 'completed' } } })
  })

  it('is no run that goes on while the clock is wrong for a moment', async () => {
    const page = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    const now = Date.now()
    vi.setSystemTime(now + 25 * 60 * 60 * 1000)
    page.engine.setAgent({ ...agent })
    await pass(2_000)
    vi.setSystemTime(now + 5_000)
    await page.leave()
    expect(shown(await openPage({ agent, store }))).toBe('a')
  })

  it('is taken in anew where the server says that it goes on', async () => {
    await halfStored()
    vi.advanceTimersByTime(day + 1)
    const [old] = await store.list()
    const listing = { id: old?.start.id ?? '', session: 'main', startedAt: 1_000_000, state: 'running' as const }
    const page = await openPage({ agent: { ...agent, list: async () => [listing] }, store })
    await page.engine.findRuns()
    await frame()
    expect(page.session.getSnapshot().run?.id).toBe(old?.start.id)
  })
})

describe('a purge in another tab', () => {
  it('is forgotten here as well, and nothing of it is stored again (row 71)', async () => {
    const tabs = createTabHub()
    const warnings: string[] = []
    const reader = await asked({ tabs: tabs.tab(), onWarning: ({ code }) => warnings.push(code) })
    const other = await openPage({ agent, store, tabs: tabs.tab() })
    agent.leg().send(open(), text(1, 'secret'))
    await settle()
    await other.engine.purge()
    agent.leg().send(text(2, ' and more'), end(3))
    await settle()
    await reader.leave()
    expect([texts(reader), texts(other)]).toEqual([[], []])
    expect(await store.list()).toEqual([])
    expect(agent.cancels).toEqual([])
    expect(warnings).toEqual([])
  })

  it.each(['frozen', 'in the back/forward cache', 'without a chat'])('is forgotten by a page that was %s meanwhile, and nothing of it is asked for (row 71)', async (how) => {
    const window = stubWindow()
    const tabs = createTabHub()
    const page = await asked({ tabs: tabs.tab() })
    agent.leg().send(open(), text(1, 'a secret'))
    await settle()
    if (how === 'frozen') window.freeze()
    else if (how === 'without a chat') await page.leave()
    else window.pagehide()
    await settle()
    const other = await openPage({ agent: puppetAgent(), store, tabs: tabs.tab() })
    await other.engine.purge()
    await other.leave()
    if (how === 'frozen') window.resume()
    else if (how === 'without a chat') page.engine.mount()
    else window.pageshow(true)
    await frame()
    expect(texts(page)).toEqual([])
    expect(agent.legs).toHaveLength(1)
    expect(agent.leg().options.signal?.aborted).toBe(true)
    expect(await page.session.send('The next')).toMatchObject({ accepted: true })
    await settle()
    expect(texts(page)).toEqual(['The next', ''])
    expect(await store.list()).toHaveLength(1)
  })

  it('is forgotten by a page that has come back to a store that hangs, as soon as that answers (row 71)', async () => {
    const window = stubWindow()
    const tabs = createTabHub()
    let answered: Promise<unknown> = Promise.resolve()
    const countPurges = (): Promise<number> => answered.then(() => store.countPurges())
    const page = await asked({ tabs: tabs.tab(), store: { ...store, countPurges }, onWarning() {} })
    agent.leg().send(open(), text(1, 'a secret'))
    await settle()
    window.freeze()
    const other = await openPage({ agent: puppetAgent(), store, tabs: tabs.tab() })
    await other.engine.purge()
    const gate = Promise.withResolvers<void>()
    answered = gate.promise
    window.resume()
    await pass(60_000)
    expect(texts(page)).toEqual(['A question', 'a secret'])
    gate.resolve()
    await settle()
    expect(texts(page)).toEqual([])
    expect(agent.leg().options.signal?.aborted).toBe(true)
    expect(await store.list()).toEqual([])
  })

  it('is heard of by a page that is just looking whether there was one (row 71)', async () => {
    const window = stubWindow()
    const tabs = createTabHub()
    let answered: Promise<unknown> = Promise.resolve()
    const countPurges = (): Promise<number> => Promise.all([store.countPurges(), answered]).then(([count]) => count)
    const page = await asked({ tabs: tabs.tab(), store: { ...store, countPurges } })
    agent.leg().send(open(), text(1, 'a secret'))
    await settle()
    window.freeze()
    const other = await openPage({ agent: puppetAgent(), store, tabs: tabs.tab() })
    const gate = Promise.withResolvers<void>()
    answered = gate.promise
    window.resume()
    await other.engine.purge()
    await settle()
    gate.resolve()
    await pass(1_000)
    expect(texts(page)).toEqual([])
    expect(agent.legs).toHaveLength(1)
  })

  it('takes what was begun between it and the news of it, too (row 71)', async () => {
    const tabs = createTabHub()
    const page = await openPage({ agent, store, tabs: tabs.tab() })
    const purge = async (): Promise<void> => {
      await store.purge()
      await page.session.send('A secret')
      await settle()
      agent.leg().send(open(), text(1, 'and more'))
      await settle()
    }
    const other = await openPage({ agent: puppetAgent(), store: { ...store, purge }, tabs: tabs.tab() })
    await other.engine.purge()
    await settle()
    expect(texts(page)).toEqual([])
    expect(await store.list()).toEqual([])
  })

  it('is told to whoever keeps copies, here and there, once all is forgotten (row 71)', async () => {
    const tabs = createTabHub()
    const pages = [await asked({ tabs: tabs.tab() }), await openPage({ agent, store, tabs: tabs.tab() })]
    await frame()
    const told: string[][][] = [[], []]
    const stops = pages.map((page, at) => page.engine.onPurge(() => told[at]?.push(texts(page))))
    await pages[0]?.engine.purge()
    await settle()
    expect(told).toEqual([[[]], [[]]])
    for (const stop of stops) stop()
    await pages[0]?.engine.purge()
    await settle()
    expect(told).toEqual([[[]], [[]]])
  })

  it('warns of nothing in the tab that reads, however late it hears of that (row 71)', async () => {
    const warnings: string[] = []
    const page = await asked({ onWarning: ({ code }) => warnings.push(code) })
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    await store.purge()
    agent.leg().send(text(2, 'b'))
    await settle()
    expect([warnings, await store.list()]).toEqual([[], []])
    await page.leave()
  })

  it('reaches this one where the other shows nothing any more (row 71)', async () => {
    const tabs = createTabHub()
    const reader = await asked({ tabs: tabs.tab() })
    const other = await openPage({ agent, store, tabs: tabs.tab() })
    await other.leave()
    await other.engine.purge()
    await settle()
    expect(texts(reader)).toEqual([])
  })
})

describe('a store that throws at once', () => {
  it('stops neither a run nor the page that goes, and warns once (row 70)', async () => {
    const broken = (): never => {
      throw new TypeError('The store is broken.')
    }
    const warnings: string[] = []
    const page = await openPage({
      agent,
      store: { load: broken, list: broken, begin: broken, adopt: broken, claimReader: broken, append: broken, leave: broken, requestStop: broken, claimOnce: broken, remove: broken, expire: broken, purge: broken, countPurges: broken },
      onWarning: ({ code }) => warnings.push(code),
    })
    expect(await page.session.send('A question')).toMatchObject({ accepted: true })
    await settle()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    await page.leave()
    expect([shown(page), warnings]).toEqual(['a', ['storage_unavailable']])
  })

  it('as a page goes does not keep it from closing its connection', async () => {
    const inner = store
    store = {
      ...inner,
      append: () => never(),
      leave() {
        throw new TypeError('The store is broken.')
      },
    }
    const page = await asked({ onWarning() {} })
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    await page.leave()
    expect(agent.leg().options.signal?.aborted).toBe(true)
  })
})
