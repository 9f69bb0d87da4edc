import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, cursorOf, memoryRunStore, RejoinError, runsOf, textOf } from '@rejoin/core'
import type { Engine, EngineOptions, RunListing, RunStore } from '@rejoin/core'
import { pass, settle } from './page.ts'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { createTabHub, type TabHub } from './tabHub.ts'

const begunAt = 5_000_000

let agent: Puppet
let listed: RunListing[]
let store: RunStore
let hub: TabHub

beforeEach(() => {
  vi.useFakeTimers({ now: begunAt })
  agent = puppetAgent()
  listed = [{ id: 'theirs', session: 'main', state: 'running', startedAt: begunAt - 1_000 }]
  agent.list = async () => listed
  agent.onPoll = async () => ({ ...response({ type: 'working' }), continuationToken: `handle.${cursorOf(0, 1)}` })
  store = memoryRunStore()
  hub = createTabHub()
})
afterEach(() => {
  vi.useRealTimers()
})

function openEngine(options: Partial<EngineOptions> = {}): { engine: Engine; leave: () => Promise<void> } {
  const engine = createEngine({ agent, user: 'u', store, tabs: hub.tab(), backoff: { random: () => 1 }, ...options })
  const unmount = engine.mount()
  return {
    engine,
    async leave() {
      unmount()
      await settle()
    },
  }
}

const answerIn = (engine: Engine, session = 'main'): string[] => engine.session(session).getSnapshot().messages.map(textOf)

describe('a server that does not want to be asked for runs', () => {
  it('is left alone for as long as it says, however often somebody looks', async () => {
    const { engine } = openEngine()
    const list = vi.fn<NonNullable<Puppet['list']>>(() => Promise.reject(new RejoinError('rate_limited', { retryAfterMs: 60_000 })))
    agent.list = list
    await expect(engine.findRuns()).rejects.toMatchObject({ code: 'rate_limited' })
    await pass(59_000)
    await expect(engine.findRuns()).rejects.toMatchObject({ code: 'rate_limited' })
    expect(list).toHaveBeenCalledTimes(1)
    list.mockResolvedValue(listed)
    await pass(1_000)
    expect(await engine.findRuns()).toEqual(listed)
  })
})

describe('a run of another device', () => {
  it('streams in a session that is on the page already (row 67)', async () => {
    const { engine } = openEngine()
    engine.session('main').subscribe(() => {})
    await pass(100)
    await engine.findRuns()
    await pass(100)
    expect(agent.leg().messages).toEqual([])
    expect(agent.leg().options).toMatchObject({ runId: 'theirs', session: 'main' })
    expect(agent.leg().options.continuationToken).toBeUndefined()
    agent.leg().send(open(), text(1, 'Written elsewhere'))
    await pass(100)
    expect(answerIn(engine)).toEqual(['Written elsewhere'])
    expect(engine.session('main').getSnapshot()).toMatchObject({ status: 'streaming', run: { id: 'theirs', state: { type: 'streaming' } } })
  })

  it('is one run, over one connection, however often and in however many tabs it is found (row 67)', async () => {
    const tabs = [openEngine(), openEngine(), openEngine()].map(({ engine }) => engine)
    for (const engine of tabs) engine.session('main').subscribe(() => {})
    await pass(100)
    await Promise.all(tabs.map((engine) => engine.findRuns()))
    await Promise.all(tabs.map((engine) => engine.findRuns()))
    await pass(100)
    expect(agent.legs).toHaveLength(1)
    agent.leg().send(open(), text(1, 'once'), end(2))
    await pass(100)
    await Promise.all(tabs.map((engine) => engine.findRuns()))
    await pass(100)
    expect(tabs.map((engine) => answerIn(engine))).toEqual([['once'], ['once'], ['once']])
    expect(await store.load('main')).toHaveLength(1)
    expect(agent.legs).toHaveLength(1)
  })

  it('is there when its session is opened later, and after a reload (row 67)', async () => {
    const first = openEngine()
    await first.engine.findRuns()
    expect(agent.legs).toEqual([])
    await first.leave()
    const { engine } = openEngine()
    engine.session('main').subscribe(() => {})
    await pass(100)
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    expect(answerIn(engine)).toEqual(['a'])
  })

  it('can be stopped here (row 67)', async () => {
    const { engine } = openEngine()
    engine.session('main').subscribe(() => {})
    await engine.findRuns()
    await pass(100)
    await engine.session('main').stop()
    expect(agent.cancels).toMatchObject([{ runId: 'theirs', session: 'main' }])
    expect(engine.session('main').getSnapshot().run?.state.type).toBe('cancelled')
  })

  it('that waits for the person is answered here (row 67)', async () => {
    listed = [{ id: 'theirs', session: 'main', state: 'paused', startedAt: begunAt - 1_000 }]
    const { engine } = openEngine()
    engine.session('main').subscribe(() => {})
    await engine.findRuns()
    await pass(100)
    const question = { type: 'request', kind: 'input', id: 'q', prompt: 'Which one?' } as const
    agent.leg().send(open(), { type: 'part', cursor: cursorOf(0, 1), part: question })
    agent.leg().send({ type: 'pause', cursor: cursorOf(0, 2), reason: 'input', elapsedMs: 1 })
    await pass(100)
    expect(engine.session('main').getSnapshot().requests).toMatchObject([{ id: 'q' }])
    const sent = await engine.session('main').answer('q', 'The first')
    await pass(100)
    expect(sent.accepted).toBe(true)
    expect(agent.leg().messages).toMatchObject([{ parts: [{ type: 'answer', request: 'q', text: 'The first' }] }])
    listed = []
    await engine.findRuns()
    expect(await store.load('main')).toHaveLength(2)
  })

  it('that waited for the person, and has been answered there, waits here no more (row 67)', async () => {
    listed = [
      { id: 'theirs', session: 'main', state: 'paused', startedAt: begunAt - 1_000 },
      { id: 'other', session: 'elsewhere', state: 'paused', startedAt: begunAt - 1_000 },
    ]
    const question = { type: 'request', kind: 'input', id: 'q', prompt: 'Which one?' } as const
    const asking = { ...response({ type: 'paused', reason: 'input' }), message: { id: 'a', role: 'assistant' as const, parts: [question] } }
    agent.onPoll = async () => asking
    const { engine } = openEngine()
    const index = runsOf(engine)
    const states = (): string[] => index.getSnapshot().map(({ id, state }) => `${id} ${state.type}`).toSorted()
    index.subscribe(() => {})
    engine.session('main').subscribe(() => {})
    await engine.findRuns()
    await pass(100)
    agent.leg().send(open(), { type: 'part', cursor: cursorOf(0, 1), part: question })
    agent.leg().send({ type: 'pause', cursor: cursorOf(0, 2), reason: 'input', elapsedMs: 1 })
    await pass(100)
    expect(states()).toEqual(['other paused', 'theirs paused'])
    const polls = agent.polls.length
    await engine.findRuns()
    await pass(10_000)
    expect(agent.polls).toHaveLength(polls)
    agent.onPoll = async () => response({ type: 'completed' })
    listed = []
    await engine.findRuns()
    await pass(100)
    expect(states()).toEqual(['other completed', 'theirs completed'])
    expect(engine.session('main').getSnapshot().requests).toEqual([])
  })

  it('comes after the turns that are here, whatever the clocks say', async () => {
    const { engine } = openEngine()
    engine.session('main').subscribe(() => {})
    await engine.session('main').send('Mine')
    await pass(100)
    agent.leg().send(open(), text(1, 'ours'), end(2))
    await pass(100)
    listed = [{ id: 'theirs', session: 'main', state: 'running', startedAt: begunAt - 60_000 }]
    await engine.findRuns()
    await pass(100)
    agent.leg().send(open(), text(1, 'theirs'))
    await pass(100)
    expect(answerIn(engine)).toEqual(['Mine', 'ours', 'theirs'])
    expect(engine.session('main').getSnapshot().run?.id).toBe('theirs')
  })

  it('is listed where nobody shows its session, and found to have ended (row 67)', async () => {
    const { engine } = openEngine()
    const index = runsOf(engine)
    index.subscribe(() => {})
    await engine.findRuns()
    await pass(100)
    expect(index.getSnapshot()).toMatchObject([{ id: 'theirs', session: 'main', question: null, unread: false }])
    agent.onPoll = async () => response({ type: 'completed' }, 'Done elsewhere')
    await pass(60_000)
    expect(index.getSnapshot()).toMatchObject([{ id: 'theirs', state: { type: 'completed' }, unread: true }])
    expect(agent.legs).toEqual([])
  })

  it('is not taken in for somebody who has logged out meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<RunListing[]>()
    agent.list = () => promise
    const { engine } = openEngine()
    const finding = engine.findRuns()
    await engine.purge()
    resolve(listed)
    await finding
    expect(await store.list()).toEqual([])
  })
})

describe('a run that goes on while all of its user is purged', () => {
  it('is not taken in again by any tab that knows of that, and no word of it is stored, until the person sends something there (row 71)', async () => {
    const tabs = [openEngine(), openEngine(), openEngine()].map(({ engine }) => engine)
    const [purging, reading] = tabs
    for (const engine of tabs) engine.session('main').subscribe(() => {})
    const sent = await reading?.session('main').send('A secret')
    if (!sent?.accepted) throw new Error('The question was refused.')
    await pass(100)
    agent.leg().send(open(), text(1, 'and its answer'))
    await pass(100)
    listed = [{ id: sent.runId, session: 'main', state: 'running', startedAt: begunAt }]
    await purging?.purge()
    await pass(100)
    const legs = agent.legs.length
    for (const engine of tabs) expect(await engine.findRuns()).toEqual(listed)
    await pass(100)
    expect(agent.legs).toHaveLength(legs)
    expect([await store.list(), tabs.flatMap((engine) => answerIn(engine))]).toEqual([[], []])

    await reading?.session('other').send('Still here')
    await purging?.findRuns()
    expect(await store.load('main')).toEqual([])
    await reading?.findRuns()
    await pass(100)
    expect(await store.load('main')).toMatchObject([{ start: { id: sent.runId } }])
  })

  it('is not taken in by a page that was away, either (row 71)', async () => {
    const away = openEngine()
    await pass(100)
    await away.leave()
    const other = openEngine()
    await other.engine.purge()
    await other.leave()
    away.engine.mount()
    await pass(100)
    await away.engine.findRuns()
    expect(await store.list()).toEqual([])
  })
})

describe('a run of this browser', () => {
  it('stays the one it is when the server lists it', async () => {
    const { engine } = openEngine()
    engine.session('main').subscribe(() => {})
    const sent = await engine.session('main').send('Mine')
    await pass(100)
    if (!sent.accepted) throw sent.error
    listed = [{ id: sent.runId, session: 'main', state: 'running', startedAt: begunAt }]
    // A tab that does not show the session, and one that has not heard of the run.
    const other = openEngine()
    await Promise.all([engine.findRuns(), other.engine.findRuns()])
    other.engine.session('main').subscribe(() => {})
    await pass(100)
    expect(agent.legs).toHaveLength(1)
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    expect([engine, other.engine].map((each) => answerIn(each))).toEqual([
      ['Mine', 'a'],
      ['Mine', 'a'],
    ])
  })

  it('that another tab was never told of is read from the store', async () => {
    const first = openEngine()
    const second = openEngine()
    for (const { engine } of [first, second]) engine.session('main').subscribe(() => {})
    await pass(100)
    hub.loses = ({ type }) => type === 'run'
    const sent = await first.engine.session('main').send('Mine')
    await pass(100)
    if (!sent.accepted) throw sent.error
    await first.leave()
    listed = [{ id: sent.runId, session: 'main', state: 'running', startedAt: begunAt }]
    await second.engine.findRuns()
    await pass(100)
    expect(answerIn(second.engine)).toEqual(['Mine', ''])
    // Nothing has come back yet, so it is sent again.
    expect(agent.leg().messages).toHaveLength(1)
  })
})

it('An agent that can not tell is not asked, and nothing is found', async () => {
  const { list: _none, ...mute } = agent
  const { engine } = openEngine({ agent: mute })
  expect(await engine.findRuns()).toEqual([])
})
