import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, cursorOf, joinToken, memoryRunStore, RejoinError, soloTabs, splitToken, startCursor, textOf } from '@rejoin/core'
import type { Agent, Engine, EngineOptions, RunStore, Session } from '@rejoin/core'
import { pass, settle } from './page.ts'
import { end, open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
import { createTabHub, type TabHub } from './tabHub.ts'

interface Limited extends Puppet {
  maxStreams: NonNullable<Agent['maxStreams']>
}

let agent: Limited
let store: RunStore
let hub: TabHub

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = { ...puppetAgent(), maxStreams: () => 3 }
  // Its own methods have to see what is put into this one.
  agent.run = async (_messages, options) => {
    agent.polls.push(options)
    return await agent.onPoll(options)
  }
  agent.onPoll = async () => ({ ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) })
  store = memoryRunStore()
  hub = createTabHub()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Tab {
  readonly engine: Engine
  ask(session: string, background?: boolean): Promise<Session>
  leave(): void
}

function tab(options: Partial<EngineOptions> = {}): Tab {
  const engine = createEngine({ agent, user: 'u', store, tabs: hub.tab(), backoff: { random: () => 1 }, ...options })
  const leave = engine.mount()
  return {
    engine,
    leave,
    async ask(id, background) {
      const session = engine.session(id)
      session.subscribe(() => {})
      await session.send('A question', { background })
      await settle()
      return session
    },
  }
}

async function askAll(page: Tab, count: number): Promise<Session[]> {
  const sessions: Session[] = []
  for (let n = 0; n < count; n += 1) sessions.push(await page.ask(`s${n}`))
  return sessions
}

const streams = (): Puppet['legs'] => agent.legs.filter(({ options }) => !options.signal?.aborted)
const streamed = (): string[] => streams().map(({ options }) => options.session)
const polled = (): Set<string> => new Set(agent.polls.map(({ session }) => session))
const states = (sessions: Session[]): (string | undefined)[] => sessions.map((session) => session.getSnapshot().run?.state.type)
const said = (session: Session): string => session.getSnapshot().messages.map(textOf).at(-1) ?? ''

describe('where an agent allows three streams', () => {
  it('twelve sessions of a page have three, and nine are begun at once and polled', async () => {
    const sessions = await askAll(tab(), 12)
    await pass(20)
    expect(streamed()).toEqual(['s0', 's1', 's2'])
    expect(polled().size).toBe(9)
    expect(agent.polls.slice(0, 9).map(({ continuationToken }) => continuationToken)).toEqual(Array(9).fill(undefined))
    for (const { send } of streams()) send(open())
    await pass(20)
    expect(states(sessions)).toEqual([...Array(3).fill('streaming'), ...Array(9).fill('polling')])
    await pass(60_000)
    expect(agent.legs).toHaveLength(3)
  })

  it('all twelve answers are right in the end', async () => {
    const sessions = await askAll(tab(), 12)
    const whole = (session: string): string => `The answer of ${session}`
    const written = new Map<string, number>()
    agent.onPoll = async ({ session }) => ({ ...response({ type: 'working' }), continuationToken: joinToken(`handle of ${session}`, startCursor) })
    // Each stream writes two characters, then it is closed, and now and then it writes the end.
    for (let round = 0; round < 400; round += 1) {
      expect(streams().length).toBeLessThanOrEqual(3)
      for (const { options, send, close, from } of streams()) {
        const { session } = options
        const at = from === null || from === startCursor ? 0 : Number(splitToken(`h.${from}`).cursor.split('.')[1])
        written.set(session, at)
        send(open(), ...[...whole(session)].slice(at, at + 2).map((letter, n) => text(at + n + 1, letter)))
        if (at + 2 >= whole(session).length) send(end(whole(session).length + 1))
        else close()
      }
      await pass(500)
    }
    expect(sessions.map(said)).toEqual(sessions.map(({ id }) => whole(id)))
    expect(new Set(states(sessions))).toEqual(new Set(['completed']))
  })

  it('a polled run streams in the moment in which a place is free, from where it is', async () => {
    await askAll(tab(), 4)
    agent.legs[1]?.send(open(), text(1, 'all of it'), end(2))
    await settle()
    expect(streamed()).toEqual(['s0', 's2', 's3'])
    expect(agent.leg()).toMatchObject({ messages: [], from: startCursor })
  })

  it('a place that is free goes to one run, the one that has waited longest, however often it was polled meanwhile', async () => {
    const page = tab()
    await askAll(page, 4)
    await pass(30_000)
    for (const session of ['later', 'last']) await page.ask(session)
    // Just after it was polled: had it given its place in the queue up for that, it would be the last.
    await pass(1_000)
    while (agent.polls.at(-1)?.session !== 's3') await pass(100)
    const polls = agent.polls.length
    for (const next of ['s3', 'later', 'last']) {
      streams()[0]?.send(open(), end(1))
      await settle()
      expect(agent.leg().options.session).toBe(next)
    }
    expect(agent.legs).toHaveLength(6)
    expect(agent.polls).toHaveLength(polls)
  })

  it('a place that gets free while a run is polled is its own', async () => {
    await askAll(tab(), 4)
    const poll = Promise.withResolvers<Awaited<ReturnType<Puppet['onPoll']>>>()
    const before = agent.polls.length
    agent.onPoll = () => poll.promise
    while (agent.polls.length === before) await pass(100)
    agent.legs[0]?.send(open(), end(1))
    await settle()
    poll.resolve({ ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) })
    await settle()
    expect(streamed()).toEqual(['s1', 's2', 's3'])
  })

  it('a run that queues for a place and can not use it leaves it to the others', async () => {
    const sessions = await askAll(tab(), 5)
    await pass(5_000)
    agent.onPoll = async ({ session }) => {
      if (session === 's3') throw new RejoinError('unavailable', { retryAfterMs: 60_000 })
      return { ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) }
    }
    await pass(10_000)
    expect(states(sessions)[3]).toBe('reconnecting')
    agent.legs[0]?.send(open(), end(1))
    await settle()
    expect(streamed()).toEqual(['s1', 's2', 's4'])
  })

  it('a stream that breaks gives its place to another, and is polled until there is one', async () => {
    const sessions = await askAll(tab(), 4)
    agent.legs[0]?.send(open(), text(1, 'a'))
    await settle()
    agent.legs[0]?.fail(unreachable())
    await pass(1_000)
    expect(streamed()).toEqual(['s1', 's2', 's3'])
    expect(agent.polls.at(-1)).toMatchObject({ session: 's0', continuationToken: joinToken('handle', cursorOf(0, 1)) })
    expect([states(sessions)[0], said(sessions[0] as Session)]).toEqual(['polling', 'a'])
  })

  it('the tabs and the users of a browser share them, and those of a tab that goes pass on (row 66)', async () => {
    const first = tab()
    await askAll(first, 2)
    const second = tab({ user: 'somebody else', store: memoryRunStore() })
    for (const session of ['a', 'b', 'c']) await second.ask(session)
    expect(streamed()).toEqual(['s0', 's1', 'a'])
    first.leave()
    await pass(20)
    expect(streamed()).toEqual(['a', 'b', 'c'])
  })

  it.each([4, Infinity])('a run that is given one because there are more of them now, %d, has no other as well', async (limit) => {
    const page = tab()
    await askAll(page, 4)
    await pass(3_000)
    agent.maxStreams = () => limit
    await pass(10_000)
    expect(streamed()).toEqual(['s0', 's1', 's2', 's3'])
    // It would be its turn now, had it not stopped to queue.
    agent.legs[0]?.send(open(), end(1))
    await settle()
    agent.maxStreams = () => 3
    await page.ask('next')
    expect(streamed()).toEqual(['s1', 's2', 's3', 'next'])
    for (const { send } of streams()) send(open(), end(1))
    await settle()
    agent.maxStreams = () => 4
    for (const session of ['a', 'b', 'c', 'd']) await page.ask(session)
    expect(streamed()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('a run that waits for the person holds no place', async () => {
    const page = tab()
    await askAll(page, 3)
    agent.legs[0]?.send(open(), { type: 'pause', cursor: cursorOf(0, 1), reason: 'input', elapsedMs: 1 })
    await settle()
    await page.ask('another')
    expect(streamed()).toEqual(['s1', 's2', 'another'])
  })

  it('poll mode takes none, and gives its place up when it is chosen', async () => {
    const [first] = await askAll(tab(), 4)
    first?.setMode('poll')
    await settle()
    expect(streamed()).toEqual(['s1', 's2', 's3'])
    await pass(60_000)
    expect(streamed()).toEqual(['s1', 's2', 's3'])
  })

  it('an answer that would end with its connection is streamed all the same', async () => {
    const page = tab()
    await askAll(page, 3)
    await page.ask('held', false)
    expect(streamed()).toEqual(['s0', 's1', 's2', 'held'])
  })

  it('a tab without locks has three of its own', async () => {
    await askAll(tab({ tabs: soloTabs() }), 5)
    expect(streamed()).toEqual(['s0', 's1', 's2'])
    agent.legs[0]?.send(open(), end(1))
    await pass(10_000)
    expect(streamed().slice(0, 2)).toEqual(['s1', 's2'])
    expect(streamed()).toHaveLength(3)
  })

  it.each(['poll mode', 'a page that goes'])('%s gives back what it was about to get', async (way) => {
    for (let steps = 0; steps < 60; steps += 1) {
      const other = tab()
      const session = other.engine.session(`at ${steps}`)
      session.subscribe(() => {})
      void session.send('A question')
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      if (way === 'poll mode') session.setMode('poll')
      other.leave()
      await settle()
    }
    await askAll(tab(), 4)
    expect(streamed()).toEqual(['s0', 's1', 's2'])
  })

  it('a stop of a polled run reaches the agent', async () => {
    const sessions = await askAll(tab(), 4)
    await sessions[3]?.stop()
    expect([states(sessions)[3], agent.cancels.length]).toEqual(['cancelled', 1])
  })
})

it('an agent that names no limit has none', async () => {
  const { run, runStreaming, cancel } = agent
  await askAll(tab({ agent: { run, runStreaming, cancel } }), 12)
  expect(streams()).toHaveLength(12)
  expect(agent.polls).toEqual([])
})

it.each([1e7, Number.MAX_SAFE_INTEGER])('a limit of %d costs nothing', async (limit) => {
  agent.maxStreams = () => limit
  await askAll(tab(), 4)
  expect(streams()).toHaveLength(4)
})

it('an agent that fails to say how many it allows is taken to allow all', async () => {
  agent.maxStreams = () => {
    throw new Error('No such thing here')
  }
  const sessions = await askAll(tab(), 4)
  for (const { send } of streams()) send(open(), text(1, 'a'), end(2))
  await pass(20)
  expect(states(sessions)).toEqual(Array(4).fill('completed'))
})
