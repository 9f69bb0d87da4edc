import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createEngine,
  cursorOf,
  memoryRunStore,
  RejoinError,
  runsOf,
  type Engine,
  type EngineOptions,
  type ListedRun,
  type RequestPart,
  type RunStart,
  type RunStore,
  soloTabs,
  startCursor,
  userMessage,
} from '@rejoin/core'
import { pass, settle } from './page.ts'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { stubWindow, type StubWindow } from './stubWindow.ts'
import { createTabHub, type TabHub } from './tabHub.ts'

const day = 24 * 60 * 60 * 1000
/** So many runs that nobody shows are asked for at once. */
const watched = 6

let agent: Puppet
let store: RunStore
let hub: TabHub

beforeEach(() => {
  vi.useFakeTimers({ now: 10 * day })
  agent = puppetAgent()
  store = memoryRunStore()
  hub = createTabHub()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

interface Tab {
  readonly engine: Engine
  readonly index: ReturnType<typeof runsOf>
  runs(): readonly ListedRun[]
  /** The person opens the session. Gives back how to close it. */
  look(session: string): () => void
  send(session: string, words?: string): Promise<string>
  close(): Promise<void>
}

/** A tab with a list of all runs. */
async function openTab(options: Partial<EngineOptions> & { listed?: boolean } = {}): Promise<Tab> {
  const { listed = true, ...rest } = options
  const engine = createEngine({ agent, user: 'u', store, tabs: hub.tab(), backoff: { random: () => 1 }, ...rest })
  const unmount = engine.mount()
  const index = runsOf(engine)
  if (listed) index.subscribe(() => {})
  await pass(100)
  return {
    engine,
    index,
    runs: () => index.getSnapshot(),
    look(id) {
      const session = engine.session(id)
      const leave = [session.subscribe(() => {}), session.show()]
      return () => leave.forEach((stop) => stop())
    },
    async send(id, words = 'A question') {
      const sent = await engine.session(id).send(words)
      if (!sent.accepted) throw sent.error
      await pass(100)
      return sent.runId
    },
    async close() {
      unmount()
      await settle()
    },
  }
}

function startOf(id: string, session: string, more: Partial<RunStart> = {}): RunStart {
  return { id, session, message: userMessage(`Question ${id}`), createdAt: Date.now(), ...more }
}

/** As an earlier page has left it. */
async function stored(id: string, session: string, { ended = false, ...more }: Partial<RunStart> & { ended?: boolean } = {}): Promise<void> {
  const start = startOf(id, session, more)
  await store.begin(start)
  const reader = (await store.claimReader(start))?.head.reader ?? 0
  const write = { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'An answer')], handle: `handle-${id}` }
  await store.append(start, { ...write, ...(ended && { outcome: { type: 'completed' } as const, updates: [text(1, 'An answer'), end(1)] }) })
}

const working = { ...response({ type: 'working' }), continuationToken: `handle.${cursorOf(0, 1)}` }
const stateOf = (tab: Tab, id: string): string | undefined => tab.runs().find((run) => run.id === id)?.state.type
const unread = (tab: Tab): string[] => tab.runs().filter((run) => run.unread).map(({ id }) => id)

describe('the runs of a user', () => {
  beforeEach(() => {
    agent.onPoll = async () => working
  })

  it('are those of all sessions, the open and the others, newest first', async () => {
    await stored('old', 'one', { createdAt: Date.now() - 3_000, ended: true })
    await stored('new', 'two', { createdAt: Date.now() - 2_000 })
    const tab = await openTab()
    tab.look('three')
    const sent = await tab.send('three', '  What is\nnew?  ')
    expect(tab.runs().map(({ id, session, question }) => [id, session, question])).toEqual([
      [sent, 'three', 'What is new?'],
      ['new', 'two', 'Question new'],
      ['old', 'one', 'Question old'],
    ])
  })

  it('say what is happening to each, as it happens', async () => {
    const tab = await openTab()
    tab.look('main')
    const id = await tab.send('main')
    expect(stateOf(tab, id)).toBe('starting')
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    expect(stateOf(tab, id)).toBe('streaming')
    agent.leg().send(end(2))
    await pass(100)
    expect(stateOf(tab, id)).toBe('completed')
  })

  it('are known to a tab that shows none of them', async () => {
    const list = await openTab()
    const chat = await openTab({ listed: false })
    chat.look('main')
    const id = await chat.send('main')
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    expect(stateOf(list, id)).toBe('streaming')
    const late = await openTab()
    expect(stateOf(late, id)).toBe('streaming')
    agent.leg().send(end(2))
    await pass(100)
    expect([list, late].map((tab) => stateOf(tab, id))).toEqual(['completed', 'completed'])
    expect(agent.polls).toEqual([])
  })

  it('keep the list object while nothing changes', async () => {
    const tab = await openTab()
    tab.look('main')
    await tab.send('main')
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    const before = tab.runs()
    agent.leg().send(text(2, 'b'))
    await pass(100)
    expect(tab.runs()).toBe(before)
  })

  it('that have ended are listed by number and by age', async () => {
    for (let n = 0; n < 23; n += 1) await stored(`r${n}`, `s${n}`, { createdAt: Date.now() - n - 1, ended: true })
    await stored('ancient', 'a', { createdAt: Date.now() - day - 10, ended: true })
    const tab = await openTab({ keepMs: 2 * day })
    expect(tab.runs()).toHaveLength(20)
    expect(tab.runs()[0]?.id).toBe('r0')
    await store.purge()
    await stored('ancient', 'a', { createdAt: Date.now() - day - 10, ended: true })
    expect((await openTab({ keepMs: 2 * day })).runs()).toEqual([])
  })

  it('keep one that this tab was too late to ask again', async () => {
    await stored('old', 'main', { ended: true })
    const tab = await openTab()
    tab.look('main')
    await pass(100)
    // As another tab's answer to it, which has not been heard of here.
    await store.begin(startOf('answer', 'main', { answers: 'old', createdAt: Date.now() + 1 }))
    expect(await tab.engine.session('main').regenerate()).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    await pass(100)
    expect(tab.runs().map(({ id }) => id)).toContain('old')
  })

  it('lose one that is asked again to the one that takes its place', async () => {
    const tab = await openTab()
    tab.look('main')
    await tab.send('main')
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(100)
    const again = await tab.engine.session('main').regenerate()
    await pass(100)
    expect(tab.runs().map(({ id }) => id)).toEqual([again.accepted && again.runId])
  })

  it('lose it also where they are read from a store that still has it', async () => {
    const chat = await openTab({ listed: false })
    chat.look('main')
    await chat.send('main')
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(100)
    const gate = Promise.withResolvers<void>()
    const slow: RunStore = {
      ...store,
      async list() {
        const runs = await store.list()
        await gate.promise
        return runs
      },
    }
    const list = await openTab({ store: slow })
    const again = await chat.engine.session('main').regenerate()
    await pass(100)
    gate.resolve()
    await pass(100)
    expect(list.runs().map(({ id }) => id)).toEqual([again.accepted && again.runId])
  })

  it('are gone when the user is', async () => {
    await stored('a', 'one', { ended: true })
    const tab = await openTab()
    expect(tab.runs()).toHaveLength(1)
    await tab.engine.purge()
    await pass(100)
    expect(tab.runs()).toEqual([])
  })

  it('are not read while nobody asks for them', async () => {
    await stored('a', 'one')
    const list = vi.spyOn(store, 'list')
    await openTab({ listed: false })
    await pass(60_000)
    expect(list).not.toHaveBeenCalled()
    expect(agent.polls).toEqual([])
  })
})

describe('a run whose session nobody shows', () => {
  it('is asked for, from time to time, until it has ended; its answer is there when the session is opened (row 68)', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => working
    const tab = await openTab()
    expect(stateOf(tab, 'a')).toBe('polling')
    await pass(60_000)
    expect(agent.polls.length).toBeLessThan(8)
    agent.onPoll = async () => response({ type: 'completed' }, 'The whole answer')
    await pass(30_000)
    expect(stateOf(tab, 'a')).toBe('completed')
    expect(unread(tab)).toEqual(['a'])
    expect(tab.runs()[0]?.question).toBe('Question a')
    expect(agent.legs).toEqual([])
    const asked = agent.polls.length
    await tab.close()
    const session = (await openTab()).engine.session('one')
    await session.restored()
    expect(session.getSnapshot().messages.at(-1)?.parts).toEqual([{ type: 'text', text: 'The whole answer' }])
    expect(agent.polls).toHaveLength(asked)
  })

  it('is asked for by one tab, and by the next when that one is closed', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => working
    const first = await openTab()
    const second = await openTab()
    await pass(4_000)
    expect(agent.polls).toHaveLength(1)
    await first.close()
    await pass(100)
    expect(agent.polls).toHaveLength(2)
    agent.onPoll = async () => response({ type: 'completed' }, 'Done')
    await pass(30_000)
    expect(stateOf(second, 'a')).toBe('completed')
  })

  it('is streamed as soon as its session is opened, in this tab', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => working
    const tab = await openTab()
    tab.look('one')
    await pass(100)
    expect(agent.legs).toHaveLength(1)
    const polls = agent.polls.length
    await pass(60_000)
    expect(agent.polls).toHaveLength(polls)
  })

  it('is streamed as soon as its session is opened, in another tab', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => working
    const list = await openTab()
    const chat = await openTab({ listed: false })
    chat.look('one')
    await pass(100)
    expect(agent.legs).toHaveLength(1)
    agent.leg().send(open(), text(2, ' and more'))
    await pass(60_000)
    expect(stateOf(list, 'a')).toBe('streaming')
    expect(agent.polls).toHaveLength(1)
    await chat.close()
    await pass(100)
    expect(agent.polls).toHaveLength(2)
  })

  it('is streamed soon after its session is opened in another tab, though this one did not hear of that', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => working
    await openTab()
    hub.loses = ({ type }) => type === 'open'
    const chat = await openTab({ listed: false })
    chat.look('one')
    await pass(100)
    expect(agent.legs).toEqual([])
    hub.loses = () => false
    await pass(10_000)
    expect(agent.legs).toHaveLength(1)
  })

  it('is read once where there are no locks', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => working
    const tab = await openTab({ tabs: soloTabs() })
    await pass(1_000)
    expect(agent.polls).toHaveLength(1)
    tab.look('one')
    await pass(100)
    agent.leg().send(open(), text(2, ' and more'))
    await pass(60_000)
    expect([agent.polls.length, agent.legs.length]).toEqual([1, 1])
  })

  it('is left to the tab that shows its session where there are no locks', async () => {
    agent.onPoll = async () => working
    const chat = await openTab({ tabs: hub.tab(false), listed: false })
    chat.look('one')
    await chat.send('one')
    agent.leg().send(open(), text(1, 'one '))
    await openTab({ tabs: hub.tab(false) })
    await pass(20_000)
    agent.leg().send(text(2, 'two '), text(3, 'three'), end(4))
    await pass(100)
    const [record] = await store.load('one')
    expect(record?.head.outcome).toEqual({ type: 'completed' })
    expect(agent.polls).toEqual([])
  })

  it('is asked for again when its session has left the page while it waits for the person', async () => {
    const page = stubWindow()
    const tab = await openTab()
    const close = tab.look('one')
    const id = await tab.send('one')
    agent.leg().send(open(), { type: 'pause', cursor: cursorOf(0, 1), reason: 'input', elapsedMs: 1 })
    await pass(100)
    expect(unread(tab)).toEqual([])
    close()
    await pass(100)
    agent.onPoll = async () => response({ type: 'completed' }, 'Answered elsewhere')
    page.hide()
    page.show()
    await pass(100)
    expect(stateOf(tab, id)).toBe('completed')
  })

  it('is not asked for more than so many at once', async () => {
    for (let n = 0; n < watched + 2; n += 1) await stored(`r${n}`, `s${n}`, { createdAt: Date.now() - n })
    const ends = new Set<string>()
    agent.onPoll = async ({ runId }) => (ends.has(runId) ? response({ type: 'completed' }, 'Done') : working)
    const tabs = [await openTab(), await openTab()]
    await pass(10_000)
    expect(new Set(agent.polls.map(({ runId }) => runId)).size).toBe(watched)
    for (let n = 0; n < watched + 2; n += 1) ends.add(`r${n}`)
    await pass(60_000)
    expect(tabs.map((tab) => tab.runs().map(({ state }) => state.type))).toEqual([Array(8).fill('completed'), Array(8).fill('completed')])
  })

  it('takes turns with the others where there are many, however long those take', async () => {
    for (let n = 0; n < 2 * watched + 1; n += 1) await stored(`r${n}`, `s${n}`, { createdAt: Date.now() - n })
    agent.onPoll = async () => working
    await Promise.all([openTab(), openTab()])
    await pass(10 * 60_000)
    const times = new Map<string, number>()
    for (const { runId } of agent.polls) times.set(runId, (times.get(runId) ?? 0) + 1)
    expect(times.size).toBe(2 * watched + 1)
    expect(Math.min(...times.values())).toBeGreaterThan(5)
    expect(agent.polls.length).toBeLessThan(20 * (watched + 2))
  })

  it('is never started by who only lists it', async () => {
    await store.begin(startOf('lost', 'one'))
    agent.onPoll = async () => Promise.reject(new RejoinError('not_found'))
    const tab = await openTab()
    await pass(60_000)
    expect(agent.legs).toEqual([])
    expect(agent.polls).toHaveLength(1)
    expect(stateOf(tab, 'lost')).toBe('reconnecting')
    tab.look('one')
    await pass(100)
    expect(agent.leg().messages).toHaveLength(1)
  })

  it('of which this agent knows nothing is left as it is: it may be another agent’s', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => Promise.reject(new RejoinError('not_found'))
    const tab = await openTab()
    await pass(120_000)
    expect(agent.polls).toHaveLength(1)
    expect(stateOf(tab, 'a')).toBe('reconnecting')
    expect((await store.list())[0]?.head.outcome).toBeNull()
  })

  it('is said to be as it was found once this agent knows nothing of it any more, and is not listed for more than a day', async () => {
    const page = stubWindow()
    await stored('a', 'one')
    agent.onPoll = async () => working
    const tab = await openTab()
    expect(stateOf(tab, 'a')).toBe('polling')
    agent.onPoll = async () => Promise.reject(new RejoinError('not_found'))
    await pass(10_000)
    expect(tab.runs()[0]?.state).toMatchObject({ type: 'reconnecting', reason: 'restored' })
    page.hide()
    await pass(day)
    page.show()
    await pass(100)
    expect(tab.runs()).toEqual([])
  })

  it('is asked for again when the agent lists it, and when another one has taken its place', async () => {
    await stored('a', 'one')
    agent.onPoll = async () => Promise.reject(new RejoinError('not_found'))
    const tab = await openTab()
    await pass(60_000)
    expect(agent.polls).toHaveLength(1)
    agent.list = async () => [{ id: 'a', session: 'one', state: 'running', startedAt: Date.now() }]
    await tab.engine.findRuns()
    await pass(100)
    expect(agent.polls).toHaveLength(2)
    for (let n = 0; n < 3; n += 1) {
      tab.engine.setAgent({ ...agent })
      await pass(100)
    }
    expect(agent.polls).toHaveLength(3)
    agent.onPoll = async () => working
    await pass(30_000)
    tab.engine.setAgent({ ...agent })
    await pass(100)
    expect(stateOf(tab, 'a')).toBe('polling')
  })

  it('and that asks something is found to do so', async () => {
    await stored('a', 'one')
    const question = { type: 'request', kind: 'input', id: 'q', prompt: 'Which one?' } as const
    agent.onPoll = async () => ({ ...response({ type: 'paused', reason: 'input' }), message: { id: 'a', role: 'assistant', parts: [question] } })
    const tab = await openTab()
    expect(stateOf(tab, 'a')).toBe('paused')
    expect(unread(tab)).toEqual(['a'])
    expect((await store.list())[0]?.head.paused).toBe('input')
    await tab.close()
    agent.onPoll = async () => Promise.reject(new RejoinError('unreachable'))
    const later = await openTab()
    expect(stateOf(later, 'a')).toBe('paused')
  })
})

describe('what has not been seen', () => {
  let page: StubWindow

  beforeEach(() => {
    page = stubWindow()
    agent.onPoll = async () => working
  })

  it('is an answer that ended while the page was hidden, until it is looked at (row 68)', async () => {
    const tab = await openTab()
    tab.look('main')
    const id = await tab.send('main')
    page.hide()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(100)
    expect(unread(tab)).toEqual([id])
    page.show()
    await pass(100)
    expect(unread(tab)).toEqual([])
  })

  it('is an answer whose session was not shown, until it is; in all tabs, and over reloads (row 68)', async () => {
    await stored('a', 'one', { ended: true })
    const first = await openTab()
    const second = await openTab()
    expect([first, second].map(unread)).toEqual([['a'], ['a']])
    second.look('one')
    await pass(100)
    expect([first, second].map(unread)).toEqual([[], []])
    await first.close()
    await second.close()
    expect(unread(await openTab())).toEqual([])
  })

  it('is not what another tab shows', async () => {
    const list = await openTab()
    const chat = await openTab({ listed: false })
    chat.look('main')
    await chat.send('main')
    const seen: string[][] = []
    const told: string[] = []
    list.index.subscribe(() => seen.push(unread(list)))
    list.index.onUnread(({ id }) => told.push(id))
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(5_000)
    expect(unread(list)).toEqual([])
    expect(told).toEqual([])
  })

  it('is not told of where another tab takes a moment to say that it has been seen', async () => {
    const list = await openTab()
    const told: string[] = []
    list.index.onUnread(({ id }) => told.push(id))
    list.look('main')
    const id = await list.send('main')
    page.hide()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(500)
    hub.inject({ type: 'read', run: id, claim: 'read:ended' })
    await pass(5_000)
    expect(told).toEqual([])
  })

  it('is not what the person has stopped', async () => {
    const tab = await openTab()
    tab.look('main')
    await tab.send('main')
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    page.hide()
    await tab.engine.session('main').stop()
    await pass(100)
    expect(tab.runs()[0]?.state.type).toBe('cancelled')
    expect(unread(tab)).toEqual([])
  })

  it('is only the latest of a session: whoever has asked something else has seen it', async () => {
    await stored('a', 'one', { ended: true, createdAt: Date.now() - 10 })
    await stored('b', 'one', { ended: true })
    expect(unread(await openTab())).toEqual(['b'])
  })

  it('is a session that left the page before its answer came', async () => {
    const tab = await openTab()
    const close = tab.look('main')
    const id = await tab.send('main')
    close()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(100)
    expect(unread(tab)).toEqual([id])
  })

  it('can be marked as seen, in all tabs and for good', async () => {
    await stored('a', 'one', { ended: true })
    const first = await openTab()
    const second = await openTab()
    first.index.markRead('a')
    await pass(100)
    expect([first, second].map(unread)).toEqual([[], []])
    await first.close()
    expect(unread(await openTab())).toEqual([])
  })

  it('is told once, whatever the tabs and reloads (rows 68, 69)', async () => {
    const told: string[] = []
    const tabs = [await openTab(), await openTab()]
    for (const tab of tabs) tab.index.onUnread(({ id, state }) => told.push(`${id} ${state.type}`))
    tabs[0]?.look('main')
    const id = await tabs[0]?.send('main')
    page.hide()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await pass(5_000)
    expect(told).toEqual([`${id} completed`])
    for (const tab of tabs) await tab.close()
    const later = await openTab()
    later.index.onUnread(() => told.push('again'))
    await pass(5_000)
    expect(unread(later)).toEqual([id])
    expect(told).toHaveLength(1)
  })

  it('is not told of what had ended before this page knew of it', async () => {
    await stored('a', 'one', { ended: true })
    const tab = await openTab()
    const told: string[] = []
    tab.index.onUnread(({ id }) => told.push(id))
    await pass(5_000)
    expect(unread(tab)).toEqual(['a'])
    expect(told).toEqual([])
  })
})

describe('what a run asks', () => {
  const city: RequestPart = { type: 'request', kind: 'input', id: 'city', prompt: 'Which city?' }
  const login: RequestPart = { type: 'request', kind: 'auth', id: 'login', prompt: 'Sign in there.' }
  let told: string[]

  beforeEach(() => {
    told = []
  })

  function ask(n: number, request: RequestPart): void {
    const cursor = cursorOf(0, n)
    agent.leg().send(open(), { type: 'part', cursor, part: request }, { type: 'pause', cursor: cursorOf(0, n + 1), reason: request.kind, elapsedMs: 1 })
    agent.leg().close()
  }

  /** A tab in which a run has asked, and the person has seen that and gone. */
  async function asked(request: RequestPart): Promise<Tab & { readonly id: string }> {
    const tab = await openTab()
    tab.index.onUnread(({ state }) => told.push('reason' in state ? `${state.type} ${state.reason}` : state.type))
    const leave = tab.look('main')
    const id = await tab.send('main')
    const message = { id, role: 'assistant', parts: [request] } as const
    agent.onPoll = async () => ({ ...response({ type: 'paused', reason: request.kind }), message })
    ask(1, request)
    await pass(100)
    leave()
    await pass(5_000)
    expect([unread(tab), told]).toEqual([[], []])
    return { ...tab, id }
  }

  it('is new each time it asks, and is told of each time', async () => {
    const { id, ...tab } = await asked(login)
    agent.onPoll = async () => working
    const session = tab.engine.session('main')
    session.subscribe(() => {})
    await pass(20_000)
    ask(3, city)
    await pass(5_000)
    expect([unread(tab), told]).toEqual([[id], ['paused input']])
    await tab.close()
    const later = await openTab()
    expect(unread(later)).toEqual([id])
    later.index.markRead(id)
    await pass(100)
    expect(unread(later)).toEqual([])
    await later.close()
    expect(unread(await openTab())).toEqual([])
  })

  it('is new also where nothing of what was between two questions has come', async () => {
    const { id, ...tab } = await asked(login)
    const parts = [login, city]
    agent.onPoll = async () => ({ ...response({ type: 'paused', reason: 'input' }), message: { id, role: 'assistant', parts } })
    await pass(40_000)
    expect([unread(tab), told]).toEqual([[id], ['paused input']])
  })

  it('is over with the end of what goes on after a sign-in, which is told', async () => {
    const { id, ...tab } = await asked(login)
    agent.onPoll = async () => response({ type: 'completed' }, 'The report')
    await pass(40_000)
    expect([unread(tab), told]).toEqual([[id], ['completed']])
  })

  it.each([city, login])('has been seen where it was answered on another device: $prompt', async (request) => {
    const { id, ...tab } = await asked(request)
    const message = { id, role: 'assistant', parts: [request] } as const
    agent.onPoll = async () => ({ ...response({ type: 'completed' }), message })
    agent.list = async () => []
    await tab.engine.findRuns()
    await pass(40_000)
    expect(stateOf(tab, id)).toBe('completed')
    expect([unread(tab), told]).toEqual([[], []])
    await tab.close()
    expect(unread(await openTab())).toEqual([])
  })

  it('is not new after a reload where no words are stored', async () => {
    const tab = await openTab({ persist: 'token' })
    const leave = tab.look('main')
    await tab.send('main')
    ask(1, city)
    await pass(100)
    leave()
    await tab.close()
    expect(unread(await openTab({ persist: 'token' }))).toEqual([])
  })
})

describe('runsOf', () => {
  it('refuses an engine that is not one of ours', () => {
    const engine = { ...createEngine({ agent, user: 'u', store, tabs: hub.tab() }) }
    expect(() => runsOf(engine)).toThrow(expect.objectContaining({ name: 'RejoinError', code: 'invalid_request' }))
  })
})
