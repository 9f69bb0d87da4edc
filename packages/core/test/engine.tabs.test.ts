import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { browserTabs, cursorOf, memoryRunStore, newRun, reduce, RejoinError, soloTabs } from '@rejoin/core'
import type { EngineOptions, Run, RunStore, Update } from '@rejoin/core'
import { frame, openPage, pass, settle, shown, state, texts, type Page } from './page.ts'
import { end, open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
import { stubWindow } from './stubWindow.ts'
import { createTabHub, type TabHub } from './tabHub.ts'

let agent: Puppet
let store: RunStore
let hub: TabHub

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  store = memoryRunStore()
  hub = createTabHub()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const tab = (options: Partial<EngineOptions> = {}): Promise<Page> => openPage({ agent, store, tabs: hub.tab(), ...options })

/** The first has asked and reads; the second follows. */
async function twoTabs(first: Partial<EngineOptions> = {}, second: Partial<EngineOptions> = {}): Promise<{ reader: Page; follower: Page; runId: string }> {
  const reader = await tab(first)
  const follower = await tab(second)
  const sent = await reader.session.send('A question')
  await frame()
  if (!sent.accepted) throw sent.error
  return { reader, follower, runId: sent.runId }
}

/** What a tab that has heard `updates` would tell of a run. */
function runOf(page: Page, runId: string, updates: readonly Update[]): Run {
  const [message] = page.session.getSnapshot().messages
  if (message === undefined) throw new Error('Nothing was asked.')
  return updates.reduce(reduce, newRun({ id: runId, session: 'main', message, createdAt: 1_000_000 }))
}

describe('a follower', () => {
  it('whose person has signed in there brings the reader to try again', async () => {
    const { follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    agent.leg().fail(new RejoinError('unauthorized'))
    await frame()
    expect(state(follower)).toEqual({ type: 'paused', reason: 'unauthorized' })
    follower.session.reconnect()
    await pass(1_000)
    expect(agent.legs).toHaveLength(2)
  })

  it('that is given a new agent, perhaps one that is signed in, brings the reader to try again', async () => {
    const { follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    agent.leg().fail(new RejoinError('unauthorized'))
    await frame()
    follower.engine.setAgent({ ...agent })
    await pass(1_000)
    expect(agent.legs).toHaveLength(2)
  })

  it('whose person will not wait brings the reader to try at once', async () => {
    const { follower } = await twoTabs()
    for (let failed = 0; failed < 6; failed += 1) {
      agent.leg().fail(unreachable())
      await pass(5_000)
    }
    agent.leg().fail(unreachable())
    await frame()
    const before = agent.legs.length
    follower.session.reconnect()
    await pass(500)
    expect(agent.legs).toHaveLength(before + 1)
  })

  it('that becomes visible brings a reader in another window to try at once', async () => {
    const reader = await tab()
    // From here on there is a window: the reader's page does not hear of this one.
    const window = stubWindow()
    await tab()
    await reader.session.send('A question')
    await frame()
    for (let failed = 0; failed < 6; failed += 1) {
      agent.leg().fail(unreachable())
      await pass(5_000)
    }
    agent.leg().fail(unreachable())
    await frame()
    const before = agent.legs.length
    window.show()
    await pass(500)
    expect(agent.legs).toHaveLength(before + 1)
  })

  it('that has missed something asks for it, and shows nothing out of order', async () => {
    const { follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'one '))
    await frame()
    await pass(2_000)
    const seen: string[] = []
    follower.session.subscribe(() => seen.push(shown(follower)))
    hub.loses = ({ type }) => type === 'updates'
    agent.leg().send(text(2, 'two '))
    await frame()
    hub.loses = () => false
    agent.leg().send(text(3, 'three '))
    await pass(100)
    expect(shown(follower)).toBe('one two three ')
    expect(seen.filter((at) => !'one two three '.startsWith(at))).toEqual([])
  })

  it('that has missed something, and that nobody answers, finds it in the store', async () => {
    const { follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'one '))
    await frame()
    hub.loses = ({ type }) => type === 'updates'
    agent.leg().send(text(2, 'two '))
    await frame()
    hub.loses = ({ type }) => type === 'sync'
    agent.leg().send(text(3, 'three '))
    await pass(100)
    expect(shown(follower)).toBe('one ')
    await pass(1_000)
    expect(shown(follower)).toBe('one two three ')
  })

  it('is not thrown back by an answer to another tab that knows less', async () => {
    const { follower, runId } = await twoTabs()
    agent.leg().send(open(), text(1, 'one '), text(2, 'two '))
    await frame()
    hub.inject({ type: 'sync', run: runId, state: runOf(follower, runId, [text(1, 'one ')]), handle: 'handle' })
    await frame()
    expect(shown(follower)).toBe('one two ')
    agent.leg().send(text(3, 'three'))
    await frame()
    expect(shown(follower)).toBe('one two three')
  })

  it('loses no text to an end that knows less', async () => {
    const { follower, runId } = await twoTabs()
    agent.leg().send(open(), text(1, 'one '), text(2, 'two '))
    await frame()
    const ended = runOf(follower, runId, [text(1, 'one '), end(1, 'cancelled')])
    hub.inject({ type: 'sync', run: runId, state: ended, handle: null })
    await frame()
    expect(shown(follower)).toBe('one two ')
  })

  it('goes on with the latest token it has heard of when the reader is gone', async () => {
    const { reader } = await twoTabs({ store: { ...store, append: () => new Promise(() => {}) } })
    agent.handle = 'H1'
    agent.leg().send(open(), text(1, 'one '))
    await pass(2_000)
    agent.handle = 'H2'
    agent.leg().send(text(2, 'two '))
    await frame()
    await reader.leave()
    await frame()
    expect(agent.leg().options.continuationToken).toBe(`H2.${cursorOf(0, 2)}`)
  })

  it('takes an answer that was asked again out as well', async () => {
    const { reader, follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'first'), end(2))
    await frame()
    await reader.session.regenerate()
    await frame()
    agent.leg().send(open(), text(1, 'second'))
    await frame()
    await frame()
    expect(texts(follower)).toEqual(['A question', 'second'])
  })

  it('that comes back finds what was asked elsewhere meanwhile', async () => {
    const { reader, follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'one'), end(2))
    await frame()
    await follower.leave()
    await reader.session.send('Again')
    await frame()
    agent.leg().send(open(), text(1, 'two'))
    await frame()
    follower.engine.mount()
    await frame()
    await frame()
    expect(texts(follower)).toEqual(['A question', 'one', 'Again', 'two'])
  })
})

describe('a stop in a follower', () => {
  it('is told by the reader as well', async () => {
    const mute = puppetAgent()
    mute.onCancel = () => new Promise(() => {})
    const { reader, follower } = await twoTabs({}, { agent: mute })
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    void follower.session.stop()
    await pass(100)
    expect(agent.cancels).toHaveLength(1)
    expect([state(reader), state(follower)]).toEqual([{ type: 'cancelled' }, { type: 'cancelled' }])
  })

  it('is shown in the reader before it is acknowledged', async () => {
    agent.onCancel = () => new Promise(() => {})
    const { reader, follower } = await twoTabs()
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    void follower.session.stop()
    await pass(100)
    expect(state(reader)).toEqual({ type: 'stopping' })
  })

  it('that only the follower hears the answer to is stored all the same', async () => {
    const other = puppetAgent()
    agent.onCancel = () => new Promise(() => {})
    const { reader, follower } = await twoTabs({}, { agent: other })
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    await follower.session.stop()
    await frame()
    expect(state(reader)).toEqual({ type: 'cancelled' })
    expect((await store.load('main'))[0]?.head.outcome).toEqual({ type: 'cancelled' })
  })

  it('keeps what the reader had shown beyond it', async () => {
    const reader = await tab({ store: { ...store, append: () => new Promise(() => {}) } })
    await reader.session.send('A question')
    await frame()
    agent.leg().send(open(), text(1, 'one '), text(2, 'two '))
    await frame()
    // It has read the store, which is behind, and has not heard from the reader yet.
    const follower = await tab()
    agent.onCancel = async () => response({ type: 'cancelled' })
    void follower.session.stop()
    await pass(5_000)
    expect(shown(reader)).toBe('one two ')
    expect(shown(follower)).toBe('one two ')
  })
})

describe('an answer that was stopped', () => {
  it('is shown to its last word in a follower that had heard of the stop before it', async () => {
    agent.onCancel = () => new Promise(() => {})
    const other = puppetAgent()
    const { reader, follower } = await twoTabs({}, { agent: other })
    agent.leg().send(open(), text(1, 'one '))
    await frame()
    hub.loses = ({ type }) => type === 'updates'
    agent.leg().send(text(2, 'two '))
    await frame()
    hub.loses = () => false
    await follower.session.stop()
    await pass(100)
    expect([shown(reader), shown(follower)]).toEqual(['one two ', 'one two '])
    expect((await store.load('main'))[0]?.head).toMatchObject({ outcome: { type: 'cancelled' }, cursor: cursorOf(0, 2) })
  })

  it('is stored by the tab that was away when it heard of that, once it is back', async () => {
    const answered = Promise.withResolvers<void>()
    agent.onCancel = async () => {
      await answered.promise
      return response({ type: 'cancelled' })
    }
    const page = await tab()
    await page.session.send('A question')
    await frame()
    agent.leg().send(open(), text(1, 'one '))
    await frame()
    void page.session.stop()
    await frame()
    await page.leave()
    answered.resolve()
    await frame()
    expect((await store.load('main'))[0]?.head.outcome).toBeNull()
    page.engine.mount()
    await pass(100)
    expect((await store.load('main'))[0]?.head.outcome).toEqual({ type: 'cancelled' })
  })
})

describe('without locks', () => {
  it('each tab reads for itself, and the run is finished and stored once', async () => {
    const one = await tab({ tabs: hub.tab(false) })
    const two = await tab({ tabs: hub.tab(false) })
    let finished = 0
    for (const { session } of [one, two]) session.onFinish(() => (finished += 1))
    await one.session.send('A question')
    await frame()
    for (const leg of agent.legs) leg.send(open(), text(1, 'a'), end(2))
    await frame()
    await frame()
    expect([shown(one), shown(two)]).toEqual(['a', 'a'])
    expect(finished).toBe(1)
    expect((await store.load('main'))[0]?.head.outcome).toEqual({ type: 'completed' })
  })
})

describe('without locks and channels', () => {
  it('a stop in one tab reaches the other by its stream', async () => {
    const one = await tab({ tabs: soloTabs() })
    await one.session.send('A question')
    await frame()
    const two = await tab({ tabs: soloTabs() })
    await frame()
    expect(agent.legs).toHaveLength(2)
    for (const leg of agent.legs) leg.send(open(), text(1, 'a'))
    await frame()
    await two.session.stop()
    agent.legs[0]?.send(end(2, 'cancelled'))
    await frame()
    expect([state(one), state(two)]).toEqual([{ type: 'cancelled' }, { type: 'cancelled' }])
    expect([shown(one), shown(two)]).toEqual(['a', 'a'])
    expect((await store.load('main'))[0]?.head.outcome).toEqual({ type: 'cancelled' })
  })
})

describe('a channel that throws', () => {
  it('leaves the tab to work alone', async () => {
    vi.stubGlobal(
      'BroadcastChannel',
      class {
        postMessage(): never {
          throw new DOMException('closed', 'InvalidStateError')
        }
        close(): void {}
      },
    )
    const alone = await tab({ tabs: { ...browserTabs(), lock: soloTabs().lock } })
    await alone.session.send('A question')
    await settle()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect(shown(alone)).toBe('a')
    expect(alone.session.getSnapshot().run?.state).toEqual({ type: 'completed' })
    expect((await store.load('main'))[0]?.head.outcome).toEqual({ type: 'completed' })
  })
})

describe('locks that are refused', () => {
  it('leave the tab to work alone', async () => {
    const request = (): Promise<never> => Promise.reject(new DOMException('denied', 'SecurityError'))
    vi.stubGlobal('navigator', { locks: { request } })
    const alone = await tab({ tabs: { ...browserTabs(), channel: soloTabs().channel } })
    await alone.session.send('A question')
    await settle()
    expect(agent.legs).toHaveLength(1)
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect(shown(alone)).toBe('a')
    expect((await store.load('main'))[0]?.head.outcome).toEqual({ type: 'completed' })
  })
})
