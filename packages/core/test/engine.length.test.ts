import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, joinToken, memoryRunStore, newRun, reduce, RejoinError, textOf } from '@rejoin/core'
import type { AgentResponse, EndUpdate, EngineOptions, RunStore } from '@rejoin/core'
import { askedPage, frame, openPage, pass, settle, shown, state, type Page } from './page.ts'
import { end, open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
import { stubWindow } from './stubWindow.ts'
import { createTabHub } from './tabHub.ts'

let agent: Puppet
let store: RunStore

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  agent.onPoll = async () => response({ type: 'completed' }, 'The whole answer')
  store = memoryRunStore()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const whole = 'The whole answer'.length
const endAt = (n: number, more: Partial<EndUpdate> = {}): EndUpdate => ({
  type: 'end',
  cursor: cursorOf(0, n),
  outcome: { type: 'completed' },
  elapsedMs: 1,
  length: whole,
  ...more,
})

/** A run of which a piece in the middle was lost, and then its end has come. */
async function lossy(options: Partial<EngineOptions> = {}): Promise<Page> {
  const page = await askedPage({ agent, store, ...options })
  agent.leg().send(open(), text(1, 'The '), text(3, 'answer'))
  await frame()
  agent.leg().send(endAt(4))
  await settle()
  return page
}

async function stored(): Promise<string> {
  const [record] = await store.load('main')
  if (!record) throw new Error('Nothing is stored.')
  return `${textOf(record.updates.reduce(reduce, newRun(record.start)))} ${record.head.outcome?.type} ${record.handle}`
}

describe('an end that says how much there is', () => {
  it('is believed where all of it has come', async () => {
    const page = await askedPage({ agent, store })
    agent.leg().send(open(), text(1, 'The whole '), text(2, 'answer'), endAt(3))
    await settle()
    expect([shown(page), state(page), agent.polls.length]).toEqual(['The whole answer', { type: 'completed' }, 0])
  })

  it('counts one for a part that is no text', async () => {
    const page = await askedPage({ agent, store })
    const source = { type: 'source-url', id: 's', url: 'https://example.com/a-long-address' } as const
    agent.leg().send(open(), text(1, 'ab'), { type: 'part', cursor: cursorOf(0, 2), part: source }, endAt(3, { length: 3 }))
    await settle()
    expect([state(page), agent.polls.length]).toEqual([{ type: 'completed' }, 0])
  })

  it('makes the engine ask for the answer where some of it is missing, before the run ends', async () => {
    const waiting = Promise.withResolvers<AgentResponse>()
    agent.onPoll = () => waiting.promise
    const page = await lossy()
    expect([shown(page), state(page)?.type]).toEqual(['The answer', 'streaming'])
    expect(agent.polls.map(({ continuationToken }) => continuationToken)).toEqual([joinToken('handle', cursorOf(0, 3))])
    waiting.resolve(response({ type: 'completed' }, 'The whole answer'))
    await settle()
    expect([shown(page), state(page)]).toEqual(['The whole answer', { type: 'completed' }])
    await pass(60_000)
    expect([agent.legs.length, agent.polls.length]).toEqual([1, 1])
  })

  it('is doubted where more has come than there is', async () => {
    const page = await askedPage({ agent, store })
    agent.leg().send(open(), text(1, 'The whole whole answer'), endAt(2))
    await settle()
    expect(shown(page)).toBe('The whole answer')
  })

  it('is believed where it brings the answer itself', async () => {
    const page = await askedPage({ agent, store })
    agent.leg().send(open(), text(1, 'The'), endAt(2, { parts: [{ type: 'text', text: 'All of it' }] }))
    await settle()
    expect([shown(page), agent.polls.length]).toEqual(['All of it', 0])
  })

  it('keeps how the agent says that it ended', async () => {
    agent.onPoll = async () => response({ type: 'incomplete', reason: 'content_filter' }, 'The whole answer')
    const page = await lossy()
    expect(state(page)).toEqual({ type: 'incomplete', reason: 'content_filter' })
  })

  it('is left open while the answer can not be had, and closed by it when it can', async () => {
    agent.onPoll = () => Promise.reject(unreachable())
    const page = await lossy()
    await frame()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'ended', attempt: 1 })
    for (let tried = 1; tried <= 3; tried += 1) {
      await pass(5_000)
      expect(agent.legs).toHaveLength(tried + 1)
      expect(agent.leg().from).toBe(cursorOf(0, 3))
      agent.leg().send(open(), endAt(4))
      await settle()
      await frame()
      expect(state(page)).toMatchObject({ type: 'reconnecting', attempt: tried + 1 })
      expect(shown(page)).toBe('The answer')
    }
    agent.onPoll = async () => response({ type: 'completed' }, 'The whole answer')
    await pass(5_000)
    agent.leg().send(open(), endAt(4))
    await settle()
    expect([shown(page), state(page)]).toEqual(['The whole answer', { type: 'completed' }])
  })

  it('goes on with the stream where that brings what was missing', async () => {
    agent.onPoll = () => Promise.reject(unreachable())
    const page = await lossy()
    await pass(250)
    agent.leg().send(open(), text(4, ', whole'), endAt(5, { length: 'The answer, whole'.length }))
    await settle()
    expect([shown(page), state(page), agent.polls.length]).toEqual(['The answer, whole', { type: 'completed' }, 1])
  })

  it('waits for a sign-in where the answer needs one', async () => {
    agent.onPoll = () => Promise.reject(new RejoinError('unauthorized'))
    const page = await lossy()
    await pass(250)
    agent.leg().fail(new RejoinError('unauthorized'))
    await pass(60_000)
    expect([shown(page), state(page)]).toEqual(['The answer', { type: 'paused', reason: 'unauthorized' }])
  })

  it.each<[string, () => Promise<AgentResponse>]>([
    ['is no longer kept', () => Promise.reject(new RejoinError('expired'))],
    ['is unknown', () => Promise.reject(new RejoinError('not_found'))],
    ['has no token, as its agent says', async () => response({ type: 'working' }, 'The whole')],
  ])('counts as it came where the answer %s', async (_what, onPoll) => {
    agent.onPoll = onPoll
    const page = await lossy()
    expect([shown(page), state(page)]).toEqual(['The answer', { type: 'completed' }])
    expect(await stored()).toBe('The answer completed null')
    await pass(60_000)
    expect([agent.legs.length, agent.polls.length]).toEqual([1, 1])
  })

  describe('where its agent says that the answer goes on', () => {
    const running = async (): Promise<AgentResponse> => ({
      ...response({ type: 'working' }, 'The whole'),
      continuationToken: joinToken('handle', cursorOf(0, 9)),
    })

    it('is not believed while that may be old news', async () => {
      agent.onPoll = running
      const page = await lossy()
      agent.onPoll = async () => response({ type: 'completed' }, 'The whole answer')
      await pass(250)
      agent.leg().send(open(), endAt(4))
      await settle()
      expect([shown(page), state(page)]).toEqual(['The whole answer', { type: 'completed' }])
      expect([agent.legs.length, agent.polls.length]).toEqual([2, 2])
    })

    it('counts as it came after a few more tries', async () => {
      agent.onPoll = running
      const page = await lossy()
      for (let tried = 1; tried <= 6; tried += 1) {
        expect(state(page)).not.toEqual({ type: 'completed' })
        await pass(5_000)
        agent.leg().send(open(), endAt(4))
        await settle()
      }
      expect([shown(page), state(page)]).toEqual(['The answer', { type: 'completed' }])
      await pass(60_000)
      expect([agent.legs.length, agent.polls.length]).toEqual([7, 7])
    })
  })

  it('counts as it came where there is no token to ask with', async () => {
    agent.handle = null
    const page = await lossy()
    expect([shown(page), state(page), agent.polls.length]).toEqual(['The answer', { type: 'completed' }, 0])
  })

  it('is not taken for the whole because the network changed while it was asked for', async () => {
    const window = stubWindow()
    agent.onPoll = () => new Promise(() => {})
    const page = await lossy()
    agent.onPoll = async () => response({ type: 'completed' }, 'The whole answer')
    window.online()
    await pass(500)
    expect([shown(page), state(page), agent.polls.length]).toEqual(['The whole answer', { type: 'completed' }, 2])
  })

  it('is stored with the answer that was asked for, and shown with it after a reload', async () => {
    await (await lossy()).leave()
    expect(await stored()).toBe('The whole answer completed null')
    expect(shown(await openPage({ agent, store }))).toBe('The whole answer')
    expect(agent.legs).toHaveLength(1)
  })

  it('reaches the tabs that follow with the answer that was asked for', async () => {
    const hub = createTabHub()
    const follower = await openPage({ agent, store, tabs: hub.tab() })
    await lossy({ tabs: hub.tab() })
    await frame()
    expect([shown(follower), state(follower)]).toEqual(['The whole answer', { type: 'completed' }])
    expect([agent.legs.length, agent.polls.length]).toEqual([1, 1])
  })

  it('that was lost with the page is asked for by the next one', async () => {
    agent.onPoll = () => new Promise(() => {})
    await (await lossy()).leave()
    agent.onPoll = async () => response({ type: 'completed' }, 'The whole answer')
    const page = await openPage({ agent, store })
    await settle()
    expect(agent.leg().from).toBe(cursorOf(0, 3))
    agent.leg().send(open(), endAt(4))
    await settle()
    expect(shown(page)).toBe('The whole answer')
  })
})

describe('an end', () => {
  it('that does not say how much there is is believed', async () => {
    const page = await askedPage({ agent, store })
    agent.leg().send(open(), text(1, 'The'), end(3))
    await settle()
    expect([shown(page), agent.polls.length]).toEqual(['The', 0])
  })

  it('is the last thing that counts of what came with it', async () => {
    const page = await askedPage({ agent, store })
    agent.leg().send(open(), text(1, 'The'), end(2), text(3, ' late'))
    await settle()
    expect(shown(page)).toBe('The')
    expect(await stored()).toBe('The completed null')
  })
})
