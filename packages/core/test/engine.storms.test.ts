import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, cursorOf, joinToken, memoryRunStore, RejoinError, soloTabs, startCursor } from '@rejoin/core'
import type { RunStore } from '@rejoin/core'
import { askedPage, beginPage, pass, settle, shown, state, type Page } from './page.ts'
import { open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
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

const asked = (): Promise<Page> => askedPage({ agent, store })

/** Fifty events of every kind in a second, and two seconds more. */
async function storm(each: () => void = () => {}): Promise<void> {
  const kinds = [window.online, window.show, () => window.pageshow(false), window.offline, window.online]
  for (let event = 0; event < 50; event += 1) {
    kinds[event % kinds.length]?.()
    await pass(20)
    each()
  }
  await pass(2_000)
}

const living = (): number => agent.legs.filter(({ options }) => !options.signal?.aborted).length
const working = { ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) }

describe('fifty events in a second make a handful of requests', () => {
  it('where each fails at once', async () => {
    await asked()
    const failed = new Set()
    await storm(() => {
      if (!failed.has(agent.leg())) agent.leg().fail(unreachable())
      failed.add(agent.leg())
    })
    expect(agent.legs.length).toBeLessThanOrEqual(8)
    expect(living()).toBeLessThanOrEqual(1)
  })

  it('where none is answered', async () => {
    await asked()
    await storm()
    expect(agent.legs.length).toBeLessThanOrEqual(5)
    expect(living()).toBe(1)
  })

  it('where a stream is open, of which nothing is lost', async () => {
    const page = await asked()
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    const seen = new Set([agent.leg()])
    await storm(() => {
      if (!seen.has(agent.leg())) agent.leg().send(open())
      seen.add(agent.leg())
    })
    expect(agent.legs.length).toBeLessThanOrEqual(5)
    agent.leg().send(text(2, 'b'))
    await pass(100)
    expect([shown(page), living(), agent.leg().from]).toEqual(['ab', 1, cursorOf(0, 1)])
  })

  it('in poll mode', async () => {
    agent.onPoll = async () => working
    const page = beginPage({ agent, store })
    page.session.setMode('poll')
    await page.session.send('A question')
    await pass(5_000)
    const before = agent.polls.length
    await storm()
    expect(agent.polls.length - before).toBeLessThanOrEqual(6)
    await page.leave()
  })

  it('of a stop that does not get through', async () => {
    agent.onCancel = () => Promise.reject(unreachable())
    const page = await asked()
    void page.session.stop()
    await pass(20_000)
    const before = agent.cancels.length
    await storm()
    expect(agent.cancels.length - before).toBeLessThanOrEqual(6)
    await page.leave()
  })

  it('and none at all sooner than the server has asked for', async () => {
    await asked()
    agent.leg().fail(new RejoinError('unavailable', { retryAfterMs: 10_000 }))
    await settle()
    await storm()
    await pass(6_900)
    expect(agent.legs).toHaveLength(1)
    await pass(1_100)
    expect(agent.legs).toHaveLength(2)
  })
})

describe('a try that was under way when the network changed', () => {
  it('is kept where it brings something soon', async () => {
    await asked()
    await pass(100)
    window.online()
    await pass(100)
    agent.leg().send(open(), text(1, 'a'))
    await pass(2_000)
    expect([agent.legs.length, living()]).toEqual([1, 1])
  })

  it('gives way to another within half a second where it brings nothing (row 63)', async () => {
    await asked()
    await pass(100)
    window.online()
    await pass(500)
    expect([agent.legs.length, living()]).toEqual([2, 1])
  })

  it('gives way at once where it was an open stream (row 63)', async () => {
    await asked()
    agent.leg().send(open(), text(1, 'a'))
    await pass(100)
    window.online()
    await settle()
    expect([agent.legs.length, living()]).toEqual([2, 1])
  })
})

/** It writes a word each 50 ms for a second. */
async function writes(leg: ReturnType<Puppet['leg']>): Promise<void> {
  for (let n = 2; n < 22; n += 1) {
    leg.send(text(n, 'b'))
    await pass(50)
  }
}

describe('a stream that brings something is kept', () => {
  it('where somebody looks at the page twice in half a second', async () => {
    await asked()
    agent.leg().send(open(), text(1, 'a'))
    await pass(1_000)
    window.show()
    await pass(200)
    window.show()
    await writes(agent.leg())
    expect([agent.legs.length, living()]).toEqual([1, 1])
  })

  it('where somebody looks at it just after the network has changed', async () => {
    await asked()
    agent.leg().send(open(), text(1, 'a'))
    await pass(60_000)
    window.online()
    await pass(50)
    window.show()
    await pass(50)
    agent.leg().send(open())
    await writes(agent.leg())
    expect([agent.legs.length, living()]).toEqual([2, 1])
  })
})

it('a try that was begun after the network has changed is not thrown away for that', async () => {
  await asked()
  agent.leg().send(open(), text(1, 'a'))
  await pass(60_000)
  window.online()
  await pass(100)
  window.online()
  agent.leg().fail(unreachable())
  await pass(250)
  expect(agent.legs).toHaveLength(3)
  await pass(3_000)
  expect([agent.legs.length, living()]).toEqual([3, 1])
})

describe('a network that flickers without end', () => {
  /** `online` each 400 ms; each try is answered after `firstByteMs`, unless it is broken off before. */
  async function flicker(firstByteMs: number, times: number): Promise<number> {
    let answered = 0
    const begun = new Map<Puppet['legs'][number], number>([[agent.leg(), Infinity]])
    for (let step = 0; step < times * 4; step += 1) {
      if (step % 4 === 0) window.online()
      await pass(100)
      const leg = agent.leg()
      const since = begun.get(leg) ?? Date.now()
      begun.set(leg, since)
      if (Date.now() - since < firstByteMs) continue
      begun.set(leg, Infinity)
      answered += 1
      leg.send(open())
    }
    return answered
  }

  it.each([700, 5_000])('does not keep a server away whose first byte takes %d ms', async (firstByteMs) => {
    await asked()
    agent.leg().send(open(), text(1, 'a'))
    await pass(1_000)
    expect(await flicker(firstByteMs, 100)).toBeGreaterThan(0)
  })

  it('has a new try each eight seconds at least, and after an answer one as soon as ever', async () => {
    await asked()
    const times: number[] = []
    let known = agent.legs.length
    const watch = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 100) {
        window.online()
        await pass(100)
        if (agent.legs.length > known) times.push(Date.now())
        known = agent.legs.length
      }
    }
    await watch(60_000)
    expect(Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? 0)))).toBeLessThanOrEqual(8_100)
    expect(times.length).toBeLessThan(15)
    agent.leg().send(open(), text(1, 'a'))
    await settle()
    times.length = 0
    await watch(2_000)
    expect(times.length).toBeGreaterThan(1)
  })

  it('keeps nobody waiting once the try that was given more time has failed', async () => {
    await asked()
    for (let event = 0; event < 300; event += 1) {
      window.online()
      await pass(100)
    }
    agent.leg().fail(unreachable())
    await settle()
    const before = agent.legs.length
    window.online()
    await settle()
    expect(agent.legs.length).toBe(before + 1)
  })
})

describe('the waits of many pages', () => {
  it.each([0, 1])('are spread, in poll mode too (%d)', async (share) => {
    agent.onPoll = async () => working
    const page = beginPage({ agent, store, backoff: { random: () => share } })
    page.session.setMode('poll')
    await page.session.send('A question')
    await pass(0)
    await pass(share === 0 ? 499 : 999)
    expect(agent.polls).toHaveLength(1)
    await pass(1)
    expect(agent.polls).toHaveLength(2)
    await page.leave()
  })

  it('that the network wakes together are over one after the other', async () => {
    const times: number[] = []
    agent.onPoll = async () => {
      times.push(Date.now())
      return working
    }
    let share = 0
    const random = (): number => (share += 0.07) % 1
    const engine = createEngine({ agent, user: 'u', store, tabs: soloTabs(), backoff: { random }, poll: { intervalMs: 60_000, capMs: 60_000 } })
    const leave = engine.mount()
    for (let n = 0; n < 12; n += 1) {
      const session = engine.session(`s${n}`)
      session.subscribe(() => {})
      session.setMode('poll')
      await session.send('A question')
    }
    await pass(1_000)
    times.length = 0
    window.online()
    await pass(300)
    expect(times).toHaveLength(12)
    expect(new Set(times).size).toBeGreaterThan(8)
    leave()
    await pass(0)
  })
})

describe('a flickering network', () => {
  it('does not make the page say that it is offline when it is not', async () => {
    const page = await asked()
    agent.leg().fail(unreachable())
    await settle()
    await storm()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'network' })
  })
})
