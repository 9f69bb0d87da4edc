import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, joinToken, memoryRunStore, pollDelay, RejoinError, startCursor, textOf } from '@rejoin/core'
import type { AgentResponse, EngineOptions, ProgressStep, RunStore, SendOptions } from '@rejoin/core'
import { beginPage, frame, pass, settle, shown, state, type Page } from './page.ts'
import { open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
import { stubWindow } from './stubWindow.ts'
import { createTabHub } from './tabHub.ts'

let agent: Puppet
let store: RunStore
/** When each request came. */
let times: number[]

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  store = memoryRunStore()
  times = []
  answers(async () => working())
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function working(more: Partial<AgentResponse> = {}): AgentResponse {
  return { ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor), ...more }
}

function answers(answer: (count: number) => Promise<AgentResponse>): void {
  agent.onPoll = (options) => {
    times.push(Date.now())
    options.signal?.throwIfAborted()
    return answer(times.length)
  }
}

/** A page in poll mode. */
async function polling(options: Partial<EngineOptions> = {}): Promise<Page> {
  const page = beginPage({ agent, store, ...options })
  page.session.setMode('poll')
  await page.session.restored()
  await settle()
  return page
}

/** One that has asked. */
async function asked(options: Partial<EngineOptions> = {}, sent?: SendOptions): Promise<Page> {
  const page = await polling(options)
  await page.session.send('A question', sent)
  await frame()
  return page
}

/** Between the requests so far, in milliseconds. */
const waits = (): number[] => times.slice(1).map((time, at) => time - (times[at] ?? 0))
const starts = (): number => agent.polls.filter(({ continuationToken }) => continuationToken == null).length

describe('the wait between two polls', () => {
  it('grows by half up to a cap, and is never below what the agent asks for (row 4)', () => {
    expect([1, 2, 3, 4].map((count) => pollDelay(count, 0))).toEqual([1_000, 1_500, 2_250, 3_375])
    expect([7, 100, 5_000].map((count) => pollDelay(count, 0))).toEqual([10_000, 10_000, 10_000])
    expect([1, 2, 3].map((count) => pollDelay(count, 0, { intervalMs: 100, capMs: 180 }))).toEqual([100, 150, 180])
    expect(pollDelay(1, 60_000)).toBe(60_000)
    expect(pollDelay(3, 1_200)).toBe(2_250)
  })
})

describe('in poll mode a run', () => {
  it('is started by asking for its answer, and asked for with its token from then on, until it is whole (row 4)', async () => {
    const asking = vi.spyOn(agent, 'run')
    const page = await asked()
    expect(state(page)).toEqual({ type: 'polling' })
    expect(page.session.getSnapshot().status).toBe('submitted')
    answers(async () => response({ type: 'completed' }, 'The whole answer'))
    await pass(1_000)
    expect(asking.mock.calls.map(([messages, options]) => [messages.map(textOf), options.continuationToken])).toEqual([
      [['A question'], undefined],
      [[], joinToken('handle', startCursor)],
    ])
    expect(new Set(agent.polls.map(({ runId }) => runId)).size).toBe(1)
    expect([shown(page), state(page)]).toEqual(['The whole answer', { type: 'completed' }])
    expect(agent.legs).toEqual([])
    await pass(60_000)
    expect(agent.polls).toHaveLength(2)
  })

  it('that is answered at once needs no token (row 2)', async () => {
    answers(async () => response({ type: 'completed' }, 'Yes.'))
    const page = await asked()
    expect([shown(page), state(page), agent.polls.length]).toEqual(['Yes.', { type: 'completed' }, 1])
  })

  it('is asked for with growing waits (row 4)', async () => {
    await asked()
    await pass(60_000)
    expect(waits().slice(0, 8).map(Math.floor)).toEqual([1_000, 1_500, 2_250, 3_375, 5_062, 7_593, 10_000, 10_000])
  })

  it('is asked for as often as the engine is told (row 4)', async () => {
    await asked({ poll: { intervalMs: 400, capMs: 600 } })
    await pass(3_000)
    expect(waits().slice(0, 4)).toEqual([400, 600, 600, 600])
  })

  it('is asked for no sooner than the agent asks (row 4)', async () => {
    answers(async (count) => working(count === 1 ? { pollAfterMs: 7_000 } : {}))
    await asked()
    await pass(10_000)
    expect(waits()).toEqual([7_700, 1_500])
  })

  it('is asked for sooner again once something has changed (row 4)', async () => {
    answers(async (count) => working(count <= 3 ? { state: { type: 'queued' } } : {}))
    await asked()
    await pass(6_500)
    // The first answer already says something new, then twice nothing, then that it has begun.
    expect(waits()).toEqual([1_000, 1_500, 2_250, 1_000])
  })

  it('says whether it waits or works, for how long, and what it does', async () => {
    const step: ProgressStep = { id: 's', label: 'Reading', state: 'active' }
    answers(async (count) => (count === 1 ? working({ state: { type: 'queued' } }) : working({ steps: [step], elapsedMs: 5_000 })))
    const page = await asked()
    expect(state(page)).toEqual({ type: 'queued' })
    await pass(1_000)
    await frame()
    expect(state(page)).toEqual({ type: 'polling' })
    expect(page.session.getSnapshot().run?.progress).toEqual([step])
    expect(page.session.getSnapshot().run?.elapsedMs).toBe(5_000 + 16)
    answers(async () => working())
    await pass(5_000)
    expect(page.session.getSnapshot().run?.progress).toEqual([step])
  })

  it('shows nothing of its answer before its end', async () => {
    const draft = { id: 'run', role: 'assistant' as const, parts: [{ type: 'text' as const, text: 'A dra' }] }
    answers(async (count) => (count < 3 ? working({ message: draft }) : response({ type: 'completed' }, 'A draft, finished')))
    const page = await asked()
    await pass(1_100)
    expect([shown(page), state(page)]).toEqual(['', { type: 'polling' }])
    await pass(1_500)
    expect(shown(page)).toBe('A draft, finished')
  })

  it('that was streamed before keeps what is shown, whatever a poll says of it while it goes on', async () => {
    const page = beginPage({ agent, store })
    await page.session.send('A question')
    await settle()
    agent.leg().send(open(), text(1, 'abc'))
    await frame()
    page.session.setMode('poll')
    for (const written of ['', 'ab', 'abcdef']) {
      answers(async () => working({ message: { id: 'run', role: 'assistant', parts: [{ type: 'text', text: written }] } }))
      agent.leg().fail(unreachable())
      await pass(20_000)
      expect([shown(page), state(page)]).toEqual(['abc', { type: 'polling' }])
    }
    expect(agent.polls[0]?.continuationToken).toBe(joinToken('handle', cursorOf(0, 1)))
    expect(agent.legs).toHaveLength(1)
    answers(async () => response({ type: 'completed' }, 'abcdefg'))
    await pass(20_000)
    expect(shown(page)).toBe('abcdefg')
    await page.leave()
  })

  it('leaves its stream at once when the mode becomes this one', async () => {
    const page = beginPage({ agent, store })
    await page.session.send('A question')
    await settle()
    agent.leg().send(open(), text(1, 'abc'))
    await settle()
    answers(async () => working())
    page.session.setMode('poll')
    await settle()
    expect(agent.leg().options.signal?.aborted).toBe(true)
    expect(agent.polls).toMatchObject([{ continuationToken: joinToken('handle', cursorOf(0, 1)) }])
    await frame()
    expect([shown(page), state(page)]).toEqual(['abc', { type: 'polling' }])
    await page.leave()
  })

  it('goes back to a stream, from where it is, when the mode does', async () => {
    const page = await asked()
    page.session.setMode('stream')
    await settle()
    expect(agent.leg()).toMatchObject({ from: startCursor, messages: [] })
    agent.leg().send(open(), text(1, 'a'))
    await frame()
    expect([shown(page), state(page)]).toEqual(['a', { type: 'streaming' }])
    await page.leave()
  })

  it.each([
    [response({ type: 'failed', code: 'agent_failed' }, 'Half'), { type: 'failed', code: 'agent_failed' }, 'Half'],
    [response({ type: 'incomplete', reason: 'max_output_tokens' }, 'Half'), { type: 'incomplete', reason: 'max_output_tokens' }, 'Half'],
    [new RejoinError('expired'), { type: 'expired' }, ''],
    [new RejoinError('not_found'), { type: 'expired' }, ''],
  ])('ends as the agent says: %j', async (last, outcome, answer) => {
    const page = await asked()
    answers(() => (last instanceof Error ? Promise.reject(last) : Promise.resolve(last)))
    await pass(1_000)
    expect([state(page), shown(page)]).toEqual([outcome, answer])
    await pass(60_000)
    expect(agent.polls).toHaveLength(2)
  })
})

describe('the token of a poll', () => {
  it('is stored before the next one (row 4)', async () => {
    const stored: (string | null | undefined)[] = []
    answers(async () => {
      stored.push((await store.load('main'))[0]?.handle)
      return working()
    })
    await asked()
    await pass(1_000)
    expect(stored).toEqual([null, 'handle'])
  })

  it('that is a new one takes the place of the last (row 3)', async () => {
    answers(async (count) => working({ continuationToken: joinToken(`handle-${count}`, startCursor) }))
    await asked()
    await pass(2_500)
    expect(agent.polls.map(({ continuationToken }) => continuationToken)).toEqual([
      undefined,
      joinToken('handle-1', startCursor),
      joinToken('handle-2', startCursor),
    ])
    expect((await store.load('main'))[0]?.handle).toBe('handle-3')
  })

  it('leads a page that is reloaded back to the run, which is never started twice (row 4)', async () => {
    const first = await asked()
    await first.leave()
    const before = agent.polls.length
    const page = await polling()
    expect(agent.polls).toHaveLength(before + 1)
    expect(agent.polls.at(-1)?.continuationToken).toBe(joinToken('handle', startCursor))
    answers(async () => response({ type: 'completed' }, 'Done'))
    await pass(1_000)
    expect([shown(page), starts(), agent.legs.length]).toEqual(['Done', 1, 0])
  })

  it('that never came makes the start be repeated under the same id', async () => {
    answers(() => new Promise(() => {}))
    const first = await asked()
    await first.leave()
    answers(async () => response({ type: 'completed' }, 'Done'))
    const page = await polling()
    expect(agent.polls.map(({ runId }) => runId)).toEqual(Array(2).fill(agent.polls[0]?.runId))
    expect(shown(page)).toBe('Done')
  })
})

describe('a poll that fails', () => {
  it('is tried again with growing waits, says so, and starts nothing anew (row 4)', async () => {
    const page = await asked()
    answers(() => Promise.reject(unreachable()))
    await pass(1_000)
    await frame()
    expect(state(page)).toMatchObject({ type: 'reconnecting', reason: 'network', attempt: 1 })
    await pass(250 + 500 + 1_000)
    expect(waits()).toEqual([1_000, 250, 500, 1_000])
    answers(async () => working())
    await pass(2_000)
    expect(state(page)).toEqual({ type: 'polling' })
    answers(() => Promise.reject(unreachable()))
    await pass(1_600)
    expect(page.session.getSnapshot().run?.attempt).toBe(1)
    expect(starts()).toBe(1)
    await page.leave()
  })

  it('waits as long as the server asks (row 4)', async () => {
    answers((count) => (count === 2 ? Promise.reject(new RejoinError('rate_limited', { retryAfterMs: 30_000 })) : Promise.resolve(working())))
    await asked()
    await pass(35_000)
    expect(waits()).toEqual([1_000, 33_000])
  })

  it('for want of a sign-in waits for it, and goes on after it', async () => {
    const page = await asked()
    answers(() => Promise.reject(new RejoinError('unauthorized')))
    await pass(60_000)
    expect(state(page)).toEqual({ type: 'paused', reason: 'unauthorized' })
    expect(agent.polls).toHaveLength(2)
    answers(async () => response({ type: 'completed' }, 'Done'))
    page.session.reconnect()
    await settle()
    expect(shown(page)).toBe('Done')
  })
})

describe('stopping in poll mode', () => {
  it('cancels with the token and asks no more', async () => {
    const page = await asked()
    agent.onCancel = async () => response({ type: 'cancelled' })
    await page.session.stop()
    expect(agent.cancels.map(({ continuationToken }) => continuationToken)).toEqual([joinToken('handle', startCursor)])
    expect(state(page)).toEqual({ type: 'cancelled' })
    const before = agent.polls.length
    await pass(60_000)
    expect(agent.polls).toHaveLength(before)
  })

  it('is not hidden by a poll that still finds it at work', async () => {
    const page = await asked()
    agent.onCancel = () => new Promise(() => {})
    void page.session.stop()
    await pass(5_000)
    expect(agent.polls.length).toBeGreaterThan(1)
    expect(state(page)).toEqual({ type: 'stopping' })
    answers(async () => response({ type: 'cancelled' }))
    await pass(10_000)
    expect(state(page)).toEqual({ type: 'cancelled' })
  })

  it('works after a reload, and before the first token', async () => {
    answers(() => new Promise(() => {}))
    const first = await asked()
    await first.leave()
    agent.onCancel = async () => response({ type: 'cancelled' })
    const page = await polling()
    await page.session.stop()
    expect(agent.cancels.map(({ continuationToken }) => continuationToken)).toEqual([null])
    expect(state(page)).toEqual({ type: 'cancelled' })
  })
})

describe('a page in poll mode that comes back', () => {
  it.each(['online', 'show'] as const)('asks soon (%s) (row 63)', async (event) => {
    const window = stubWindow()
    await asked()
    await pass(30_000)
    const before = agent.polls.length
    await pass(200)
    expect(agent.polls).toHaveLength(before)
    window[event]()
    await pass(300)
    expect(agent.polls).toHaveLength(before + 1)
  })

  it('asks no sooner than the agent wants it, unless the person does (row 4)', async () => {
    const window = stubWindow()
    answers(async () => working({ pollAfterMs: 60_000 }))
    const page = await asked()
    await pass(2_000)
    window.show()
    window.online()
    await settle()
    expect(agent.polls).toHaveLength(1)
    page.session.reconnect()
    await settle()
    expect(agent.polls).toHaveLength(2)
  })

  it('never has more than one request in flight', async () => {
    const window = stubWindow()
    let flying = 0
    let most = 0
    agent.onPoll = async ({ signal }) => {
      flying += 1
      most = Math.max(most, flying)
      try {
        await new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason))
          setTimeout(resolve, 300)
        })
      } finally {
        flying -= 1
      }
      return working()
    }
    const page = await asked()
    for (let visit = 0; visit < 40; visit += 1) {
      window.online()
      await pass(130 * (visit % 4))
      window.show()
      page.session.reconnect()
      await pass(90)
    }
    expect(agent.polls.length).toBeGreaterThan(10)
    expect(most).toBe(1)
    expect(starts()).toBeLessThan(agent.polls.length)
    expect(new Set(agent.polls.map(({ runId }) => runId)).size).toBe(1)
    await page.leave()
  })
})

describe('several tabs in poll mode', () => {
  it('ask once for all, and show the same (row 66)', async () => {
    const hub = createTabHub()
    const step: ProgressStep = { id: 's', label: 'Reading', state: 'active' }
    answers(async () => working({ steps: [step] }))
    const follower = await polling({ tabs: hub.tab() })
    const reader = await asked({ tabs: hub.tab() })
    await pass(1_000)
    await frame()
    expect(times).toHaveLength(2)
    expect([state(follower), follower.session.getSnapshot().run?.progress]).toEqual([{ type: 'polling' }, [step]])
    answers(async () => response({ type: 'completed' }, 'Done'))
    await pass(1_500)
    await frame()
    expect([shown(reader), shown(follower)]).toEqual(['Done', 'Done'])
    expect(times).toHaveLength(3)
  })

  it('hand the run over, with its token, when the one that asks is closed (row 66)', async () => {
    const hub = createTabHub()
    const follower = await polling({ tabs: hub.tab() })
    const reader = await asked({ tabs: hub.tab() })
    await reader.leave()
    await frame()
    answers(async () => response({ type: 'completed' }, 'Done'))
    await pass(2_000)
    expect([shown(follower), starts()]).toEqual(['Done', 1])
  })
})

describe('whether the agent may go to the background', () => {
  it.each(['stream', 'poll'] as const)('is the default, and a send can say no, by %s (row 1)', async (mode) => {
    answers(async () => response({ type: 'completed' }, 'Done'))
    for (const [sent, background] of [[undefined, true], [{}, true], [{ background: true }, true], [{ background: false }, false]] as const) {
      const page = beginPage({ agent, store: memoryRunStore() })
      page.session.setMode(mode)
      await page.session.send('A question', sent)
      await settle()
      const options = mode === 'poll' ? agent.polls.at(-1) : agent.leg().options
      expect(options?.background).toBe(background)
      await page.leave()
    }
  })

  it.each(['stream', 'poll'] as const)('is stored, and repeated with a start that is, by %s (row 1)', async (mode) => {
    const begun = (): (boolean | undefined)[] => (mode === 'poll' ? agent.polls : agent.legs.map(({ options }) => options)).map(({ background }) => background)
    answers(() => Promise.reject(unreachable()))
    const page = beginPage({ agent, store })
    page.session.setMode(mode)
    await page.session.send('A question', { background: false })
    await settle()
    if (mode === 'stream') agent.leg().fail(unreachable())
    await pass(250)
    expect((await store.load('main'))[0]?.start.background).toBe(false)
    await page.leave()
    const after = beginPage({ agent, store })
    after.session.setMode(mode)
    await after.session.restored()
    await settle()
    expect(begun().length).toBeGreaterThan(2)
    expect(new Set(begun())).toEqual(new Set([false]))
    await after.leave()
  })

  it('is what it was for a question that is asked again (row 1)', async () => {
    answers(async () => response({ type: 'completed' }, 'Done'))
    const page = await asked({}, { background: false })
    await page.session.regenerate()
    await settle()
    expect(agent.polls.map(({ background }) => background)).toEqual([false, false])
  })
})
