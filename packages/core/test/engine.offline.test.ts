import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, joinToken, memoryRunStore, RejoinError, startCursor } from '@rejoin/core'
import type { EngineOptions, RunStore, Tabs } from '@rejoin/core'
import { askedPage, beginPage, frame, openPage, pass, settle, shown, state, type Page } from './page.ts'
import { end, open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
import { stubWindow, type StubWindow } from './stubWindow.ts'
import { createTabHub } from './tabHub.ts'

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
const requests = (): number => agent.legs.length + agent.polls.length + agent.cancels.length
const offline = (attempt: number): object => ({ type: 'reconnecting', reason: 'offline', attempt, retryAt: null })

async function streaming(): Promise<Page> {
  const page = await asked()
  agent.leg().send(open(), text(1, 'a'))
  await settle()
  return page
}

/** What is asked, and the one try that is made for whoever has asked it has failed. */
async function askedInVain(options: Partial<EngineOptions> = {}): Promise<Page> {
  const page = await asked(options)
  agent.leg().fail(unreachable())
  await frame()
  return page
}

/** While all that a page does of itself happens. */
async function longAway(): Promise<void> {
  for (let minute = 0; minute < 10; minute += 1) {
    window.hide()
    window.show()
    await pass(60_000)
  }
}

describe('while the browser says that it is offline', () => {
  it('a question is tried once, for whoever has asked it, kept, and sent when the network is back (row 63)', async () => {
    window.offline()
    const page = await askedInVain()
    await longAway()
    expect(requests()).toBe(1)
    expect(state(page)).toEqual(offline(1))
    window.online()
    await settle()
    await frame()
    expect(agent.leg().messages).toHaveLength(1)
    expect(state(page)).toEqual({ type: 'starting' })
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect([shown(page), requests()]).toEqual(['a', 2])
  })

  it('a run is not asked for that was about to be when the network went', async () => {
    await (await streaming()).leave()
    const tab = createTabHub().tab()
    const take = vi.fn<Tabs['take']>((name) => tab.take(name)).mockImplementationOnce(async (name) => (window.offline(), await tab.take(name)))
    const tabs = { ...tab, take }
    const page = await openPage({ agent: { ...agent, maxStreams: () => 1 }, store, tabs })
    await longAway()
    expect([shown(page), requests(), state(page)]).toEqual(['a', 1, offline(0)])
    window.online()
    await settle()
    expect(requests()).toBe(2)
  })

  it('a run that a reload finds is not asked for, and goes on from where it was when the network is back (row 63)', async () => {
    await (await streaming()).leave()
    window.offline()
    const page = await openPage({ agent, store })
    await longAway()
    expect([shown(page), requests(), state(page)]).toEqual(['a', 1, offline(0)])
    window.online()
    await settle()
    await frame()
    expect([agent.legs.length, agent.leg().from]).toEqual([2, cursorOf(0, 1)])
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'restored' })
  })

  it('a stream that is open stays open', async () => {
    const page = await streaming()
    window.offline()
    await pass(1_000)
    agent.leg().send(text(2, 'b'))
    await pass(100)
    expect([shown(page), state(page)?.type, requests()]).toEqual(['ab', 'streaming', 1])
  })

  it('a stream that breaks is waited for without a try (row 63)', async () => {
    const page = await streaming()
    window.offline()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toEqual(offline(1))
    await longAway()
    expect([requests(), state(page)]).toEqual([1, offline(1)])
    window.online()
    await settle()
    expect(requests()).toBe(2)
  })

  it('a clock that is set back keeps nobody waiting once the network is back', async () => {
    const page = await streaming()
    window.offline()
    agent.leg().fail(unreachable())
    await settle()
    window.online()
    await settle()
    window.offline()
    agent.leg().fail(unreachable())
    await settle()
    vi.setSystemTime(Date.now() - 3_600_000)
    window.online()
    await pass(1_000)
    expect([requests(), state(page)]).toEqual([3, expect.objectContaining({ reason: 'restored' })])
  })

  it('a wait for the next try becomes one for the network', async () => {
    const page = await streaming()
    agent.leg().fail(unreachable())
    const retryAt = Date.now() + 250
    await frame()
    expect(state(page)).toMatchObject({ reason: 'network', retryAt })
    window.offline()
    await frame()
    expect(state(page)).toEqual(offline(1))
    await longAway()
    expect(requests()).toBe(1)
  })

  it('no poll is made', async () => {
    agent.onPoll = async () => ({ ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) })
    const page = beginPage({ agent, store })
    page.session.setMode('poll')
    await page.session.send('A question')
    await pass(100)
    window.offline()
    await longAway()
    expect([agent.polls.length, state(page)]).toEqual([1, offline(0)])
    window.online()
    await pass(300)
    expect(agent.polls).toHaveLength(2)
    await page.leave()
  })

  it('a stop is tried once, stands and is stored, over a reload too, and is sent when the network is back', async () => {
    const first = await streaming()
    window.offline()
    agent.onCancel = () => Promise.reject(unreachable())
    void first.session.stop()
    await longAway()
    expect([state(first), agent.cancels.length]).toEqual([{ type: 'stopping' }, 1])
    await first.leave()
    const page = await openPage({ agent, store })
    await longAway()
    expect([state(page), agent.cancels.length, agent.legs.length]).toEqual([{ type: 'stopping' }, 1, 1])
    agent.onCancel = async () => response({ type: 'cancelled' })
    window.online()
    await settle()
    expect([state(page), agent.cancels.length, shown(page)]).toEqual([{ type: 'cancelled' }, 2, 'a'])
  })

  it('a question that was stopped before it was sent is never sent', async () => {
    window.offline()
    const page = await askedInVain()
    agent.onCancel = () => Promise.reject(unreachable())
    void page.session.stop()
    await pass(1_000)
    agent.onCancel = async () => response({ type: 'cancelled' })
    window.online()
    await pass(60_000)
    expect([state(page), agent.cancels.length, agent.legs.length]).toEqual([{ type: 'cancelled' }, 2, 1])
  })

  it('a person who wants a try gets one, and one only: browsers err', async () => {
    window.offline()
    const page = await askedInVain()
    page.session.reconnect()
    await frame()
    expect(agent.legs).toHaveLength(2)
    expect(state(page)).toEqual({ type: 'reconnecting', reason: 'network', attempt: 1, retryAt: null })
    agent.leg().fail(unreachable())
    await longAway()
    expect([agent.legs.length, state(page)]).toEqual([2, offline(2)])
    page.session.reconnect()
    await settle()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect([shown(page), state(page)]).toEqual(['a', { type: 'completed' }])
  })

  it('a person who wants a try gets it also where the server has asked to wait', async () => {
    const page = await asked()
    window.offline()
    agent.leg().fail(new RejoinError('unavailable', { retryAfterMs: 60_000 }))
    await pass(1_000)
    expect(requests()).toBe(1)
    page.session.reconnect()
    await settle()
    expect(requests()).toBe(2)
  })

  it('a person who wants a try gets it also where a stop waits', async () => {
    const page = await streaming()
    window.offline()
    agent.onCancel = () => Promise.reject(unreachable())
    void page.session.stop()
    await pass(1_000)
    agent.onCancel = async () => response({ type: 'cancelled' })
    page.session.reconnect()
    await settle()
    expect([state(page), agent.cancels.length]).toEqual([{ type: 'cancelled' }, 2])
  })

  it('a person who wants a try gets it also in poll mode', async () => {
    agent.onPoll = () => Promise.reject(unreachable())
    const page = beginPage({ agent, store })
    page.session.setMode('poll')
    window.offline()
    await page.session.send('A question')
    await pass(60_000)
    expect(agent.polls).toHaveLength(1)
    page.session.reconnect()
    await settle()
    expect(agent.polls).toHaveLength(2)
    await page.leave()
  })

  it('a person who wants a try gets it also where there is no place for a stream', async () => {
    const limited = { ...agent, maxStreams: () => 0, run: (...args: Parameters<Puppet['run']>) => agent.run(...args) }
    agent.onPoll = () => Promise.reject(unreachable())
    window.offline()
    const page = await asked({ agent: limited })
    await pass(60_000)
    expect(agent.polls).toHaveLength(1)
    page.session.reconnect()
    await settle()
    expect(agent.polls).toHaveLength(2)
  })

  it('a person who wants a try gets it also for a run that a reload has found', async () => {
    await (await streaming()).leave()
    window.offline()
    const page = await openPage({ agent, store })
    await settle()
    page.session.reconnect()
    await settle()
    expect(agent.legs).toHaveLength(2)
  })

  it('a try that somebody wanted while nothing was to be tried is not made later', async () => {
    const page = await streaming()
    await pass(1_000)
    page.session.reconnect()
    await settle()
    agent.leg().send(open(), text(2, 'b'))
    await pass(1_000)
    window.offline()
    agent.leg().fail(unreachable())
    await longAway()
    expect([requests(), state(page)]).toEqual([2, offline(1)])
  })

  it('what the agent asks stays on the screen, and is not asked after', async () => {
    const page = await asked()
    const request = { type: 'request', id: 'q', kind: 'input', prompt: 'Which?' } as const
    agent.leg().send(open(), { type: 'part', cursor: cursorOf(0, 1), part: request }, { type: 'pause', cursor: cursorOf(0, 2), reason: 'input', elapsedMs: 1 })
    await settle()
    window.offline()
    await longAway()
    expect([state(page), requests()]).toEqual([{ type: 'paused', reason: 'input' }, 1])
  })

  it('nobody is asked for the runs of other devices', async () => {
    const list = vi.fn<() => Promise<[]>>(async () => [])
    const page = await openPage({ agent: { ...agent, list }, store })
    window.offline()
    expect(await page.engine.findRuns()).toEqual([])
    expect(list).not.toHaveBeenCalled()
    window.online()
    await page.engine.findRuns()
    expect(list).toHaveBeenCalledOnce()
  })

  it('each tab says so, and only one tries when the network is back (row 66)', async () => {
    const hub = createTabHub()
    const other = await openPage({ agent, store, tabs: hub.tab() })
    window.offline()
    const page = await askedInVain({ tabs: hub.tab() })
    await longAway()
    expect([state(page), state(other)]).toEqual([offline(1), offline(1)])
    window.online()
    await pass(1_000)
    expect(requests()).toBe(2)
  })
})

describe('a browser that says wrongly that it is offline', () => {
  it('keeps no question from being sent, and answered', async () => {
    window.offline()
    const page = await asked()
    agent.leg().send(open(), text(1, 'a'), end(2))
    await settle()
    expect([shown(page), state(page)]).toEqual(['a', { type: 'completed' }])
  })

  it('keeps no answer from the person, and nothing from being asked again', async () => {
    window.offline()
    const page = await asked()
    const request = { type: 'request', id: 'q', kind: 'input', prompt: 'Which?' } as const
    agent.leg().send(open(), { type: 'part', cursor: cursorOf(0, 1), part: request }, { type: 'pause', cursor: cursorOf(0, 2), reason: 'input', elapsedMs: 1 })
    await settle()
    await page.session.answer('q', 'This one')
    await settle()
    expect(agent.legs).toHaveLength(2)
    agent.leg().send(open(), end(1))
    await settle()
    await page.session.send('Another')
    await settle()
    agent.leg().send(open(), end(1))
    await settle()
    await page.session.regenerate()
    await settle()
    expect(agent.legs).toHaveLength(4)
  })

  it('keeps no stop from being made', async () => {
    const page = await streaming()
    window.offline()
    await page.session.stop()
    expect([state(page), agent.cancels.length]).toEqual([{ type: 'cancelled' }, 1])
  })

  it.each([
    ['a stream', () => agent.leg().send(open())],
    ['a refusal', () => agent.leg().fail(new RejoinError('unavailable'))],
    ['what is no answer of an agent', () => agent.leg().fail(new RejoinError('bad_response'))],
  ])('is not believed any more once something has answered, until it says that it is back: %s', async (_what, answer) => {
    window.offline()
    const page = await asked()
    answer()
    await pass(2_000)
    expect(agent.leg().options.signal?.aborted).toBe(false)
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'network' })
    const before = agent.legs.length
    await pass(20_000)
    expect(agent.legs.length).toBeGreaterThan(before)
    window.online()
    await pass(1_000)
    window.offline()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'offline' })
    const tries = requests()
    await longAway()
    expect(requests()).toBe(tries)
  })

  it('is not believed for as long as it does not say that it is back, also when it says so once more', async () => {
    window.offline()
    const page = await asked()
    agent.leg().send(open())
    await settle()
    window.offline()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'network' })
  })

  it('is not believed any more once something has answered, each time anew', async () => {
    window.offline()
    const page = await asked()
    agent.leg().send(open())
    await settle()
    window.online()
    await pass(1_000)
    window.offline()
    agent.leg().fail(unreachable())
    await frame()
    page.session.reconnect()
    await settle()
    agent.leg().send(open())
    await settle()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'network' })
  })

  it('is not believed any more once a poll is answered', async () => {
    agent.onPoll = async () => ({ ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) })
    window.offline()
    const page = beginPage({ agent, store })
    page.session.setMode('poll')
    await page.session.send('A question')
    await pass(60_000)
    expect(agent.polls.length).toBeGreaterThan(5)
    await page.leave()
  })

  it('is believed still where the network was back by the time of the answer', async () => {
    window.offline()
    const page = await asked()
    window.online()
    agent.leg().send(open(), text(1, 'a'))
    await pass(1_000)
    window.offline()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toMatchObject({ reason: 'offline' })
  })

  it('is believed still where what arrives was on its way before', async () => {
    const page = await streaming()
    window.offline()
    agent.leg().send(text(2, 'b'))
    await settle()
    agent.leg().fail(unreachable())
    await frame()
    expect(state(page)).toEqual(offline(1))
  })

  it('and does not tell when it is back, is asked again every five seconds', async () => {
    window.offline()
    await askedInVain()
    vi.stubGlobal('navigator', { onLine: true })
    await pass(5_500)
    expect(agent.legs).toHaveLength(2)
  })
})

describe('a platform that says nothing of its network', () => {
  it('is taken to be online', async () => {
    vi.stubGlobal('navigator', {})
    await asked()
    expect(requests()).toBe(1)
  })

  it('is taken to be online where nothing would tell that the network is back', async () => {
    vi.stubGlobal('window', undefined)
    vi.stubGlobal('navigator', { onLine: false })
    await asked()
    expect(requests()).toBe(1)
  })
})
