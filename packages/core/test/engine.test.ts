import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, cursorOf, memoryRunStore, RejoinError, soloTabs, textOf } from '@rejoin/core'
import type { Engine, EngineOptions, FinishedRun, RunStore, Session } from '@rejoin/core'
import { end, open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
const frame = (): Promise<unknown> => vi.advanceTimersByTimeAsync(16)

interface Page {
  engine: Engine
  session: Session
  /** As a closed page leaves it. */
  leave(): Promise<void>
}

/** A page on a store: a second one on the same store is what a reload gives. */
async function page(agent: Puppet, store: RunStore, options: Partial<EngineOptions> = {}): Promise<Page> {
  const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs(), backoff: { random: () => 1 }, ...options })
  const unmount = engine.mount()
  const session = engine.session('main')
  session.subscribe(() => {})
  await session.restored()
  return {
    engine,
    session,
    async leave() {
      unmount()
      await settle()
    },
  }
}

const shown = ({ session }: Page): string => session.getSnapshot().messages.filter(({ role }) => role === 'assistant').map(textOf).join('|')
const state = ({ session }: Page) => session.getSnapshot().run?.state

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

async function asked(options: Partial<EngineOptions> = {}): Promise<Page> {
  const tab = await page(agent, store, options)
  expect(await tab.session.send('A question')).toMatchObject({ accepted: true })
  await settle()
  return tab
}

describe('a run', () => {
  it('shows the message at once, then the answer as it comes, then that it is complete', async () => {
    const tab = await asked()
    expect(tab.session.getSnapshot()).toMatchObject({ status: 'submitted', run: { state: { type: 'starting' } } })
    expect(tab.session.getSnapshot().messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
    agent.leg().send(open(500), text(1, 'Hello '), text(2, 'there'))
    await frame()
    expect(tab.session.getSnapshot()).toMatchObject({ status: 'streaming', run: { state: { type: 'streaming' } } })
    expect(tab.session.getSnapshot().run?.elapsedMs).toBeGreaterThanOrEqual(500)
    expect(shown(tab)).toBe('Hello there')
    agent.leg().send(end(3))
    await settle()
    expect(tab.session.getSnapshot()).toMatchObject({ status: 'ready', run: { state: { type: 'completed' }, startedAt: null } })
    expect(agent.legs).toHaveLength(1)
  })

  it('commits the start record before anything is sent', async () => {
    let committed = false
    const slow: RunStore = {
      ...store,
      async begin(start) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        const begun = await store.begin(start)
        committed = true
        return begun
      },
    }
    const tab = await page(agent, slow)
    const sending = tab.session.send('A question')
    await vi.advanceTimersByTimeAsync(99)
    expect(agent.legs).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    await sending
    await settle()
    expect(committed).toBe(true)
    expect(agent.legs).toHaveLength(1)
    expect(agent.leg().options.background).toBe(true)
  })

  it('that is answered at once, without a token, is complete (row 2)', async () => {
    const tab = await asked()
    agent.handle = null
    agent.leg().send(open(), text(1, 'Yes.'), end(2))
    await settle()
    expect(shown(tab)).toBe('Yes.')
    expect(state(tab)).toEqual({ type: 'completed' })
  })

  it('publishes once a frame however much arrives, and an end at once (row 73)', async () => {
    const tab = await asked()
    await frame()
    let published = 0
    tab.session.subscribe(() => {
      published += 1
    })
    for (let n = 1; n <= 100; n += 1) {
      agent.leg().send(text(n, 'x'))
      await settle()
    }
    expect(published).toBe(0)
    await frame()
    expect(published).toBe(1)
    agent.leg().send(text(101, 'y'), end(102))
    await settle()
    expect(published).toBe(2)
  })

  it('keeps the identity of messages that did not change', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    const before = tab.session.getSnapshot().messages
    agent.leg().send(text(2, 'b'))
    await frame()
    const after = tab.session.getSnapshot().messages
    expect(after[0]).toBe(before[0])
    expect(after[1]).not.toBe(before[1])
  })
})

describe('only a terminal update ends a run (row 20)', () => {
  it('so a clean end of stream is resumed after the last cursor', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'), text(2, 'b'))
    await settle()
    agent.leg().close()
    await vi.advanceTimersByTimeAsync(250)
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg()).toMatchObject({ from: cursorOf(0, 2), messages: [] })
    agent.leg().send(open(), text(3, 'c'), end(4))
    await settle()
    expect(shown(tab)).toBe('abc')
  })

  it('and a stream that brings nothing twice is polled, then resumed if the run goes on', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().close()
    await vi.advanceTimersByTimeAsync(250)
    agent.leg().close()
    await settle()
    expect(agent.polls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(500)
    expect(agent.legs).toHaveLength(3)
    expect(shown(tab)).toBe('a')
  })

  it('which a poll can bring as well, with the whole answer', async () => {
    const tab = await asked()
    const step = { id: 's', label: 'Reading', state: 'done' } as const
    agent.onPoll = async () => ({ ...response({ type: 'completed' }, 'abc'), steps: [step] })
    agent.leg().send(open(), { type: 'progress', cursor: cursorOf(0, 1), step: { ...step, state: 'active' } }, text(2, 'a'))
    await settle()
    agent.leg().close()
    await vi.advanceTimersByTimeAsync(250)
    agent.leg().close()
    await settle()
    expect(state(tab)).toEqual({ type: 'completed' })
    expect(shown(tab)).toBe('abc')
    expect(tab.session.getSnapshot().run?.progress).toEqual([step])
  })

  it('so an empty answer to a start is a start that is repeated under the same id', async () => {
    await asked()
    agent.handle = null
    agent.leg().close()
    await vi.advanceTimersByTimeAsync(250)
    expect(agent.legs).toHaveLength(2)
    expect(agent.legs[1]?.options.runId).toBe(agent.legs[0]?.options.runId)
    expect(agent.legs[1]?.messages).toHaveLength(1)
  })
})

describe('a broken connection', () => {
  it('is tried again with growing waits, and says so', async () => {
    const tab = await asked()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(tab)).toEqual({ type: 'reconnecting', reason: 'network', attempt: 1, retryAt: Date.now() - 16 + 250 })
    for (const wait of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
      const before = agent.legs.length
      await vi.advanceTimersByTimeAsync(before === 1 ? wait - 17 : wait - 1)
      expect(agent.legs).toHaveLength(before)
      await vi.advanceTimersByTimeAsync(1)
      expect(agent.legs).toHaveLength(before + 1)
      agent.leg().fail(unreachable())
      await settle()
    }
  })

  it('is tried no sooner than the server asked', async () => {
    await asked()
    agent.leg().fail(new RejoinError('unavailable', { retryAfterMs: 9_000 }))
    await vi.advanceTimersByTimeAsync(9_000)
    expect(agent.legs).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(900)
    expect(agent.legs).toHaveLength(2)
  })

  it('and a page that answers in place of the server say nothing about the run: even a start is repeated', async () => {
    const tab = await asked()
    agent.leg().fail(new RejoinError('bad_response'))
    await frame()
    expect(state(tab)).toMatchObject({ type: 'reconnecting', reason: 'bad_response' })
    await vi.advanceTimersByTimeAsync(250)
    expect(agent.legs[1]?.options.runId).toBe(agent.legs[0]?.options.runId)
  })

  it('is tried at once when the person asks', async () => {
    const tab = await asked()
    for (let i = 0; i < 6; i += 1) {
      agent.leg().fail(unreachable())
      await vi.advanceTimersByTimeAsync(5_000)
    }
    agent.leg().fail(unreachable())
    await settle()
    const before = agent.legs.length
    tab.session.reconnect()
    await settle()
    expect(agent.legs).toHaveLength(before + 1)
  })

  it('eleven times in a row, with progress between, never adds up (row 64)', async () => {
    const tab = await asked()
    for (let n = 1; n <= 11; n += 1) {
      agent.leg().send(open(), text(n, `${n} `))
      await settle()
      agent.leg().fail(unreachable())
      await vi.advanceTimersByTimeAsync(16)
      expect(tab.session.getSnapshot().run?.attempt).toBe(1)
      await vi.advanceTimersByTimeAsync(250)
    }
    agent.leg().send(open(), end(12))
    await settle()
    expect(shown(tab)).toBe('1 2 3 4 5 6 7 8 9 10 11 ')
  })

  it('whose replay begins again doubles nothing', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'), text(2, 'b'))
    agent.leg().fail(unreachable())
    await vi.advanceTimersByTimeAsync(250)
    agent.leg().send({ type: 'open', cursor: cursorOf(0, 0), mode: 'replay', elapsedMs: 0 }, text(1, 'a'), text(2, 'b'), text(3, 'c'), end(4))
    await settle()
    expect(shown(tab)).toBe('abc')
  })
})

describe('a refusal', () => {
  it('of a start fails the run with our sentence, and keeps the message', async () => {
    for (const code of ['busy', 'too_large', 'too_many_runs', 'invalid_request', 'not_found'] as const) {
      agent = puppetAgent()
      store = memoryRunStore()
      const tab = await asked()
      agent.leg().fail(new RejoinError(code))
      await settle()
      const { messages, status, error } = tab.session.getSnapshot()
      expect(state(tab)).toEqual({ type: 'failed', code })
      expect(status).toBe('error')
      expect(error?.message).toBe(new RejoinError(code).message)
      expect(messages.map(textOf)).toEqual(['A question'])
      tab.session.clearError()
      expect(tab.session.getSnapshot()).toMatchObject({ status: 'ready', error: null })
    }
  })

  it('for want of a sign-in pauses no run whose person has signed in meanwhile', async () => {
    const tab = await asked()
    tab.engine.setAgent({ ...agent })
    agent.leg().fail(new RejoinError('unauthorized'))
    await settle()
    expect(agent.legs).toHaveLength(2)
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    expect(state(tab)).toEqual({ type: 'streaming' })
  })

  it('for want of a sign-in pauses the run, which goes on after it (row 91)', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().fail(new RejoinError('unauthorized'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(state(tab)).toEqual({ type: 'paused', reason: 'unauthorized' })
    expect(agent.legs).toHaveLength(1)
    tab.session.reconnect()
    await settle()
    expect(agent.legs).toHaveLength(2)
    agent.leg().send(open(), end(2))
    await settle()
    expect(state(tab)).toEqual({ type: 'completed' })
  })

  it('to know the run any more expires it and keeps its text (row 28)', async () => {
    for (const code of ['expired', 'not_found'] as const) {
      agent = puppetAgent()
      store = memoryRunStore()
      const tab = await asked()
      agent.leg().send(open(), text(1, 'a'))
      await settle()
      agent.leg().fail(new RejoinError(code))
      await settle()
      expect(state(tab)).toEqual({ type: 'expired' })
      expect(shown(tab)).toBe('a')
      expect((await store.load('main'))[0]?.handle).toBeNull()
    }
  })

  it('by the engine itself sends nothing: an empty message, a second one while the first is answered', async () => {
    const tab = await page(agent, store)
    expect(await tab.session.send(' \n')).toMatchObject({ accepted: false, error: { code: 'empty_message' } })
    expect(tab.session.getSnapshot().error?.code).toBe('empty_message')
    const two = await Promise.all([tab.session.send('one'), tab.session.send('two')])
    expect(two).toMatchObject([{ accepted: true }, { accepted: false, error: { code: 'busy' } }])
    await settle()
    expect(agent.legs).toHaveLength(1)
  })
})

describe('stop', () => {
  it('reaches the agent, says when it is acknowledged, and a late completion changes nothing (row 23)', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    let acknowledge = (): void => {}
    agent.onCancel = () => new Promise((resolve) => (acknowledge = () => resolve(response({ type: 'cancelled' }))))
    let stopped = false
    void tab.session.stop().then(() => (stopped = true))
    await frame()
    expect(state(tab)).toEqual({ type: 'stopping' })
    expect(stopped).toBe(false)
    expect(agent.cancels[0]?.continuationToken).toBe(`handle.${cursorOf(0, 1)}`)
    acknowledge()
    await settle()
    expect(stopped).toBe(true)
    agent.leg().send(end(2))
    await settle()
    expect(state(tab)).toEqual({ type: 'cancelled' })
    expect(shown(tab)).toBe('a')
  })

  it('works before the first token', async () => {
    const tab = await asked()
    await tab.session.stop()
    expect(agent.cancels).toMatchObject([{ continuationToken: null, runId: agent.leg().options.runId }])
    expect(state(tab)).toEqual({ type: 'cancelled' })
  })

  it('waits until it is known what there is to stop', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    await first.leave()
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs() })
    engine.mount()
    await engine.session('main').stop()
    expect(agent.cancels).toHaveLength(1)
  })

  it('is tried until it is acknowledged', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.onCancel = () => Promise.reject(unreachable())
    void tab.session.stop()
    await vi.advanceTimersByTimeAsync(700)
    expect(agent.cancels.length).toBeGreaterThan(1)
    expect(state(tab)).toEqual({ type: 'stopping' })
    agent.onCancel = async () => response({ type: 'cancelled' })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(state(tab)).toEqual({ type: 'cancelled' })
  })

  it('survives a reload before its acknowledgement, and starts nothing', async () => {
    const first = await asked()
    agent.onCancel = () => new Promise(() => {})
    void first.session.stop()
    await settle()
    await first.leave()
    const legs = agent.legs.length
    agent.onCancel = async () => response({ type: 'cancelled' })
    const second = await page(agent, store)
    await settle()
    expect(state(second)).toEqual({ type: 'cancelled' })
    expect(agent.legs).toHaveLength(legs)
  })

  it('leaves a finished answer as it is (row 23)', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    await tab.session.stop()
    expect(agent.cancels).toEqual([])
    expect(state(tab)).toEqual({ type: 'completed' })
  })
})

describe('a reload', () => {
  it('shows the partial text before the first request, then fetches what follows (row 60)', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'Half of '), text(2, 'the '))
    await settle()
    await first.leave()
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs() })
    const session = engine.session('main')
    session.subscribe(() => {})
    await session.restored()
    expect(agent.legs).toHaveLength(1)
    expect(session.getSnapshot().messages.map(textOf)).toEqual(['A question', 'Half of the '])
    expect(session.getSnapshot().run?.state).toMatchObject({ type: 'reconnecting', reason: 'restored' })
    engine.mount()
    await settle()
    expect(agent.leg().from).toBe(cursorOf(0, 2))
    agent.leg().send(open(), text(3, 'answer'), end(4))
    await settle()
    expect(session.getSnapshot().messages.map(textOf)).toEqual(['A question', 'Half of the answer'])
  })

  it('between the click and the first byte finds the run again under the same id (row 62)', async () => {
    const first = await asked()
    await first.leave()
    const second = await page(agent, store)
    await settle()
    expect(agent.legs.map(({ options }) => options.runId)).toEqual([agent.legs[0]?.options.runId, agent.legs[0]?.options.runId])
    expect(agent.leg().messages.map(textOf)).toEqual(['A question'])
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect(shown(second)).toBe('a')
  })

  it('at every update gives the text of an undisturbed run (row 61)', async () => {
    const deltas = Array.from({ length: 24 }, (_, i) => `${i} 🦊\n`)
    for (let k = 0; k <= deltas.length; k += 1) {
      agent = puppetAgent()
      store = memoryRunStore()
      const first = await asked()
      agent.leg().send(open(), ...deltas.slice(0, k).map((delta, i) => text(i + 1, delta)))
      await settle()
      await first.leave()
      const second = await page(agent, store)
      await settle()
      const from = k === 0 ? 0 : Number(agent.leg().from?.slice(5))
      expect(from).toBe(k)
      agent.leg().send(open(), ...deltas.slice(from).map((delta, i) => text(from + i + 1, delta)), end(99))
      await settle()
      expect(shown(second)).toBe(deltas.join(''))
    }
  })

  it('shows a finished answer with no request at all', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    await first.leave()
    const second = await page(agent, store)
    await settle()
    expect(shown(second)).toBe('a')
    expect(agent.legs).toHaveLength(1)
  })
})

describe('leaving', () => {
  it('closes the connection and cancels nothing; mounting again goes on (row 24)', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    await tab.leave()
    expect(agent.leg().options.signal?.aborted).toBe(true)
    expect(agent.cancels).toEqual([])
    tab.engine.mount()
    await settle()
    expect(agent.leg().from).toBe(cursorOf(0, 1))
    agent.leg().send(open(), text(2, 'b'), end(3))
    await settle()
    expect(shown(tab)).toBe('ab')
  })

  it('and coming back at once, as Strict Mode does, keeps the connection', async () => {
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs() })
    engine.mount()()
    engine.mount()
    const session = engine.session('main')
    await session.send('A question')
    await settle()
    expect(agent.legs).toHaveLength(1)
    expect(agent.leg().options.signal?.aborted).toBe(false)
  })

  it('leaves no timer behind', async () => {
    const tab = await asked()
    agent.leg().fail(unreachable())
    await settle()
    await tab.leave()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('storage', () => {
  it('that fails is warned of once, and the run goes on in memory (row 70)', async () => {
    const warnings: string[] = []
    const broken: RunStore = {
      ...store,
      load: () => Promise.reject(new DOMException('denied', 'SecurityError')),
      begin: () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
      claimReader: () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
      claimOnce: () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
    }
    store = broken
    const tab = await asked({ onWarning: ({ code }) => warnings.push(code) })
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().fail(unreachable())
    await vi.advanceTimersByTimeAsync(250)
    expect(agent.leg().from).toBe(cursorOf(0, 1))
    agent.leg().send(open(), text(2, 'b'), end(3))
    await settle()
    expect(shown(tab)).toBe('ab')
    expect(warnings).toEqual(['storage_unavailable'])
  })

  it('that fails in mid-run does not stop it either (row 70)', async () => {
    const warnings: string[] = []
    let writes = 0
    const inner = store
    store = {
      ...inner,
      append: (key, write) => ((writes += 1) > 2 ? Promise.reject(new DOMException('full', 'QuotaExceededError')) : inner.append(key, write)),
    }
    const tab = await asked({ onWarning: ({ code }) => warnings.push(code) })
    for (let n = 1; n <= 9; n += 1) {
      agent.leg().send(text(n, String(n)))
      await settle()
    }
    agent.leg().send(end(10))
    await settle()
    expect(shown(tab)).toBe('123456789')
    expect(warnings).toEqual(['storage_unavailable'])
    expect(writes).toBe(3)
  })

  it('that never answers delays the page for a bounded time only', async () => {
    const engine = createEngine({
      agent,
      user: 'u',
      tabs: soloTabs(),
      store: { ...store, load: () => new Promise(() => {}) },
      storageWaitMs: 2_000,
      onWarning: () => {},
    })
    engine.mount()
    const session = engine.session('main')
    session.subscribe(() => {})
    await vi.advanceTimersByTimeAsync(1_999)
    expect(session.getSnapshot().run?.state).toEqual({ type: 'restoring' })
    await vi.advanceTimersByTimeAsync(1)
    expect(session.getSnapshot().run).toBeNull()
  })

  it('has one write in flight, and what arrives meanwhile goes into the next', async () => {
    let flying = 0
    let most = 0
    const sizes: number[] = []
    const inner = store
    store = {
      ...inner,
      async append(key, write) {
        flying += 1
        most = Math.max(most, flying)
        sizes.push(write.updates.length)
        await new Promise((resolve) => setTimeout(resolve, 40))
        flying -= 1
        return await inner.append(key, write)
      },
    }
    await asked()
    agent.leg().send(open())
    for (let n = 1; n <= 100; n += 1) {
      agent.leg().send(text(n, 'x'))
      await vi.advanceTimersByTimeAsync(20)
    }
    await vi.advanceTimersByTimeAsync(100)
    expect(most).toBe(1)
    expect(sizes.length).toBeLessThan(60)
    expect((await inner.load('main'))[0]?.head.cursor).toBe(cursorOf(0, 100))
  })

  it('gets what is in flight and what waits behind it in the same turn in which the page goes', async () => {
    const inner = store
    let left: readonly string[] = []
    store = {
      ...inner,
      append: () => new Promise(() => {}),
      leave(key, writes) {
        left = writes.map(({ cursor }) => cursor)
        return inner.leave(key, writes)
      },
    }
    const tab = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    agent.leg().send(text(2, 'b'), text(3, 'c'))
    await settle()
    void tab.leave()
    vi.advanceTimersByTime(0)
    expect(left).toEqual([cursorOf(0, 1), cursorOf(0, 3)])
    await settle()
    expect((await inner.load('main')).map(({ head }) => head.cursor)).toEqual([cursorOf(0, 3)])
  })

  it('keeps a gap between writes when asked to', async () => {
    let writes = 0
    const inner = store
    store = { ...inner, append: (key, write) => ((writes += 1), inner.append(key, write)) }
    await asked({ writeGapMs: 100 })
    for (let n = 1; n <= 50; n += 1) {
      agent.leg().send(text(n, 'x'))
      await vi.advanceTimersByTimeAsync(20)
    }
    expect(writes).toBeLessThanOrEqual(11)
    expect(writes).toBeGreaterThan(5)
  })
})

describe('onFinish', () => {
  it('is called once for a run in this browser, whichever page gets there (row 69)', async () => {
    const first = await asked()
    const finished: FinishedRun[] = []
    first.session.onFinish((run) => finished.push(run))
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect(finished).toMatchObject([{ run: { state: { type: 'completed' } } }])
    expect(textOf(finished[0]?.message ?? { parts: [] })).toBe('a')
    await first.leave()
    const second = await page(agent, store)
    second.session.onFinish((run) => finished.push(run))
    await settle()
    expect(finished).toHaveLength(1)
  })

  it('waits for a page that wants to know', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    await first.leave()
    const second = await page(agent, store)
    const finished: FinishedRun[] = []
    second.session.onFinish((run) => finished.push(run))
    await settle()
    expect(finished).toHaveLength(1)
  })
})

describe('a session', () => {
  it('asks its last message again and shows the new answer in place of the old one', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'first'), end(2))
    await settle()
    expect(await tab.session.regenerate()).toMatchObject({ accepted: true })
    await settle()
    agent.leg().send(open(), text(1, 'second'), end(2))
    await settle()
    expect(tab.session.getSnapshot().messages.map(textOf)).toEqual(['A question', 'second'])
    expect((await store.load('main')).map(({ start }) => start.id)).toEqual([agent.leg().options.runId])
  })

  it('keeps its turns in order, and apart from another session', async () => {
    const tab = await asked()
    agent.leg().send(open(), text(1, 'one'), end(2))
    await settle()
    const other = tab.engine.session('other')
    await other.send('Elsewhere')
    await vi.advanceTimersByTimeAsync(5)
    await tab.session.send('Again')
    await settle()
    agent.leg().send(open(), text(1, 'two'))
    await frame()
    expect(tab.session.getSnapshot().messages.map(textOf)).toEqual(['A question', 'one', 'Again', 'two'])
    expect(other.getSnapshot().messages.map(textOf)).toEqual(['Elsewhere', ''])
  })

  it('that nobody looks at lets its channel go once nothing is being written, and finds all again later', async () => {
    let channels = 0
    const tabs = {
      ...soloTabs(),
      channel: () => {
        channels += 1
        return { post() {}, close: () => void (channels -= 1) }
      },
    }
    const engine = createEngine({ agent, user: 'u', store, tabs })
    engine.mount()
    const ofEngine = channels
    const session = engine.session('main')
    const unsubscribe = session.subscribe(() => {})
    await session.send('A question')
    await settle()
    unsubscribe()
    await settle()
    expect(channels).toBe(ofEngine + 1)
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect(channels).toBe(ofEngine)
    session.subscribe(() => {})
    await settle()
    expect(channels).toBe(ofEngine + 1)
    expect(session.getSnapshot().messages.map(textOf)).toEqual(['A question', 'a'])
  })

  it('that is left while its message is being stored sends it all the same', async () => {
    const inner = store
    store = { ...inner, begin: (start) => new Promise((resolve) => setTimeout(() => resolve(inner.begin(start)), 50)) }
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs() })
    engine.mount()
    const session = engine.session('main')
    const unsubscribe = session.subscribe(() => {})
    await session.restored()
    void session.send('A question')
    unsubscribe()
    await vi.advanceTimersByTimeAsync(60)
    expect(agent.legs).toHaveLength(1)
  })

  it('does nothing before it is used', async () => {
    const load = vi.fn<RunStore['load']>(store.load)
    const engine = createEngine({ agent, user: 'u', store: { ...store, load }, tabs: soloTabs() })
    engine.mount()
    engine.session('main')
    await settle()
    expect(load).not.toHaveBeenCalled()
  })

  it('forgets runs that are too old', async () => {
    const first = await asked()
    agent.leg().send(open(), end(1))
    await settle()
    await first.leave()
    await vi.advanceTimersByTimeAsync(25 * 60 * 60 * 1000)
    await page(agent, store)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await store.load('main')).toEqual([])
  })
})
