import { createEngine, isRejoinError, memoryRunStore, reduce, newRun, soloTabs, textOf, userMessage } from '@rejoin/core'
import { type AgentResponseUpdate, type ChatMessage } from '@rejoin/core'
import { scriptedAgent, type Script, type ScriptedAgent, type ScriptStep } from '@rejoin/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const run = { session: 's', runId: 'r' }
const question = [userMessage('why?')]
const done = { id: 'a', label: 'Search', state: 'done' } as const
const active = { id: 'a', label: 'Search', state: 'active' } as const

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})

afterEach(() => {
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left > 0) throw new Error(`${left} timers are left.`)
})

interface Leg {
  updates: AgentResponseUpdate[]
  /** How it ended; null while it is open. */
  end: { error: unknown } | null
}

/** Reads a leg in the background, to be looked at as time goes by. */
function open(agent: ScriptedAgent, messages: readonly ChatMessage[], options = {}): Leg {
  const leg: Leg = { updates: [], end: null }
  async function read(): Promise<void> {
    for await (const update of agent.runStreaming(messages, { ...run, ...options })) leg.updates.push(update)
  }
  read().then(
    () => (leg.end = { error: null }),
    (error: unknown) => (leg.end = { error }),
  )
  return leg
}

function textIn(updates: readonly AgentResponseUpdate[]): string {
  const start = { id: 'r', session: 's', message: userMessage('why?'), createdAt: 0 }
  return textOf(updates.reduce(reduce, newRun(start)))
}

function lastToken({ updates }: Leg): string {
  const token = updates.at(-1)?.continuationToken
  if (token == null) throw new Error('The leg has no token.')
  return token
}

function codeOf(error: unknown): string | null {
  return isRejoinError(error) ? error.code : null
}

async function failureOf(promise: Promise<unknown>): Promise<string | null> {
  return await promise.then(() => null, codeOf)
}

describe('a scripted stream', () => {
  it('opens, plays the steps in order and ends, with a token on every update but the last', async () => {
    const agent = scriptedAgent({
      steps: [{ type: 'status', status: 'queued' }, { type: 'progress', step: active }, 'Because ', 'of it.', { type: 'progress', step: done }],
    })
    const { updates, end } = open(agent, question)
    await vi.advanceTimersByTimeAsync(0)
    expect(end).toBeNull()
    expect(updates.map(({ type }) => type)).toEqual(['open', 'status', 'progress', 'text', 'text', 'progress', 'end'])
    expect(updates[0]).toMatchObject({ type: 'open', mode: 'tail', elapsedMs: 0 })
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'completed' }, continuationToken: null })
    for (const { continuationToken } of updates.slice(0, -1)) expect(continuationToken).toEqual(expect.any(String))
    const cursors = updates.map(({ cursor }) => cursor)
    expect(cursors).toEqual([...new Set(cursors)].sort())
  })

  it('keeps the time of its waits and of its pace', async () => {
    const leg = open(scriptedAgent({ steps: ['a', { wait: 100 }, 'b'] }, { paceMs: 10 }), question)
    await vi.advanceTimersByTimeAsync(9)
    expect(textIn(leg.updates)).toBe('')
    await vi.advanceTimersByTimeAsync(1)
    expect(textIn(leg.updates)).toBe('a')
    await vi.advanceTimersByTimeAsync(109)
    expect(textIn(leg.updates)).toBe('a')
    await vi.advanceTimersByTimeAsync(1)
    expect(textIn(leg.updates)).toBe('ab')
    expect(leg.updates.at(-1)).toMatchObject({ type: 'end', elapsedMs: 120 })
  })

  it('ends as the script says', async () => {
    const outcome = { type: 'failed', code: 'agent_failed' } as const
    const leg = open(scriptedAgent({ steps: ['a'], outcome }), question)
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.updates.at(-1)).toMatchObject({ type: 'end', outcome })
  })

  it('opens a new epoch with a snapshot', async () => {
    const snapshot = { type: 'snapshot', parts: [{ type: 'text', text: 'new' }], steps: [done] } as const
    const leg = open(scriptedAgent({ steps: ['old', snapshot, ' text'] }), question)
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.updates.map(({ cursor }) => cursor.slice(0, 4))).toEqual(['0000', '0000', '0001', '0001', '0001'])
    expect(textIn(leg.updates)).toBe('new text')
  })

  it('depends on the question where the script is a function', async () => {
    const agent = scriptedAgent((asked) => ({ steps: [asked.toUpperCase()] }))
    const leg = open(agent, question)
    await vi.advanceTimersByTimeAsync(0)
    expect(textIn(leg.updates)).toBe('WHY?')
  })

  it('waits for ever', async () => {
    const stop = new AbortController()
    const leg = open(scriptedAgent({ steps: ['a', { wait: Infinity }, 'b'] }), question, { signal: stop.signal })
    await vi.advanceTimersByTimeAsync(30 * 24 * 3_600_000)
    expect(textIn(leg.updates)).toBe('a')
    stop.abort('enough')
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.end).toEqual({ error: 'enough' })
  })

  it('waits longer than a timer can', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const leg = open(scriptedAgent({ steps: [{ wait: 2 ** 31 + 5 }, 'late'] }), question)
    await vi.advanceTimersByTimeAsync(2 ** 31 + 4)
    expect(textIn(leg.updates)).toBe('')
    await vi.advanceTimersByTimeAsync(1)
    expect(textIn(leg.updates)).toBe('late')
    expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1, 6])
    timers.mockRestore()
  })

  it('is closed by its signal at once, and the run goes on', async () => {
    const agent = scriptedAgent({ steps: ['a', { wait: 100 }, 'b'] })
    const stop = new AbortController()
    const leg = open(agent, question, { signal: stop.signal })
    await vi.advanceTimersByTimeAsync(50)
    stop.abort('enough')
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.end).toEqual({ error: 'enough' })
    expect(vi.getTimerCount()).toBe(0)
    vi.setSystemTime(Date.now() + 50)
    expect(await agent.run([], { ...run, continuationToken: lastToken(leg) })).toMatchObject({
      state: { type: 'completed' },
      message: { parts: [{ text: 'ab' }] },
    })
  })
})

describe('breaks', () => {
  it('cut the leg once, and the resumed leg goes on behind them', async () => {
    const agent = scriptedAgent({ steps: ['a', { cut: true }, 'b', { endOfStream: true }, 'c'] })
    const first = open(agent, question)
    await vi.advanceTimersByTimeAsync(0)
    expect(codeOf(first.end?.error)).toBe('unreachable')
    const second = open(agent, [], { continuationToken: lastToken(first) })
    await vi.advanceTimersByTimeAsync(0)
    expect(second.end).toEqual({ error: null })
    const third = open(agent, [], { continuationToken: lastToken(second) })
    await vi.advanceTimersByTimeAsync(0)
    expect([first, second, third].map(({ updates }) => textIn(updates))).toEqual(['a', 'b', 'c'])
    expect(third.updates.at(-1)).toMatchObject({ type: 'end' })
    expect(agent.legs).toBe(3)
  })

  it('may come before the first update', async () => {
    const agent = scriptedAgent({ steps: [{ cut: true }, 'a'] })
    const first = open(agent, question)
    await vi.advanceTimersByTimeAsync(0)
    expect(first.updates.map(({ type }) => type)).toEqual(['open'])
    expect(codeOf(first.end?.error)).toBe('unreachable')
    const second = open(agent, [], { continuationToken: lastToken(first) })
    await vi.advanceTimersByTimeAsync(0)
    expect(textIn(second.updates)).toBe('a')
  })

  it('are over for an agent made anew, where their time has passed', async () => {
    const script: Script = { steps: ['a', { wait: 10 }, { cut: true }, 'b', { wait: 10 }, { cut: true }, 'c'] }
    const first = open(scriptedAgent(script), question)
    await vi.advanceTimersByTimeAsync(15)
    const second = open(scriptedAgent(script), [], { continuationToken: lastToken(first) })
    await vi.advanceTimersByTimeAsync(5)
    expect(textIn(second.updates)).toBe('b')
    expect(codeOf(second.end?.error)).toBe('unreachable')
  })
})

const delta = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
const anyStep: fc.Arbitrary<ScriptStep> = fc.oneof(
  { weight: 4, arbitrary: delta },
  { weight: 1, arbitrary: fc.constantFrom<ScriptStep>({ type: 'progress', step: active }, { type: 'status', status: 'working' }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 50 }) }) },
)

describe('resuming', () => {
  it('at every update gives the same text, in the same agent and in one made anew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), fc.integer({ min: 0, max: 20 }), async (steps, paceMs) => {
        const agent = scriptedAgent({ steps }, { paceMs })
        const whole = open(agent, question)
        await vi.advanceTimersByTimeAsync(5_000)
        expect(whole.updates.at(-1)).toMatchObject({ type: 'end' })
        for (const [at, { continuationToken }] of whole.updates.entries()) {
          if (continuationToken === null) continue
          for (const other of [agent, scriptedAgent({ steps }, { paceMs })]) {
            const rest = open(other, [], { continuationToken })
            await vi.advanceTimersByTimeAsync(0)
            const joined = [...whole.updates.slice(0, at + 1), ...rest.updates.slice(1)]
            expect(joined).toEqual(whole.updates)
            expect(rest.updates[0]).toMatchObject({ type: 'open', mode: 'tail', continuationToken })
          }
        }
        expect(agent.started).toBe(1)
      }),
      { numRuns: 60 },
    )
  })

  it('finds an agent made anew where the clock says the run is, as if it had been working', async () => {
    const script: Script = { steps: ['a', { wait: 100 }, 'b', { wait: 100 }, 'c', { wait: 100 }, 'd'] }
    const stop = new AbortController()
    const before = open(scriptedAgent(script), question, { signal: stop.signal })
    await vi.advanceTimersByTimeAsync(50)
    stop.abort()
    await vi.advanceTimersByTimeAsync(200)
    const agent = scriptedAgent(script)
    const after = open(agent, [], { continuationToken: lastToken(before) })
    await vi.advanceTimersByTimeAsync(0)
    expect(after.updates[0]).toMatchObject({ type: 'open', elapsedMs: 250 })
    expect(textIn(after.updates)).toBe('bc')
    expect(await agent.run([], { ...run, continuationToken: lastToken(before) })).toMatchObject({
      state: { type: 'working' },
      message: { parts: [{ text: 'abc' }] },
      elapsedMs: 250,
    })
    await vi.advanceTimersByTimeAsync(50)
    expect(textIn(after.updates)).toBe('bcd')
    expect(agent.started).toBe(0)
  })

  it('knows the question from the token alone', async () => {
    const script = (asked: string): Script => ({ steps: [`${asked}: `, { wait: 10 }, '42 🚀'] })
    const before = open(scriptedAgent(script), [userMessage('Größe? 日本.0000')])
    await vi.advanceTimersByTimeAsync(5)
    const continuationToken = lastToken(before)
    const after = open(scriptedAgent(script), [], { continuationToken })
    await vi.advanceTimersByTimeAsync(5)
    expect(textIn(before.updates)).toBe('Größe? 日本.0000: 42 🚀')
    expect(textIn(after.updates)).toBe('42 🚀')
    // Fit for a header.
    expect(continuationToken).toMatch(/^[\x21-\x7e]+$/)
  })

  it('delivers the end again to who has seen everything', async () => {
    const agent = scriptedAgent({ steps: ['a'] })
    const first = open(agent, question)
    await vi.advanceTimersByTimeAsync(0)
    const token = first.updates.at(-2)?.continuationToken ?? ''
    for (const continuationToken of [token, token.replace(/\d$/, '9')]) {
      const again = open(agent, [], { continuationToken })
      await vi.advanceTimersByTimeAsync(0)
      expect(again.updates.map(({ type }) => type)).toEqual(['open', 'end'])
    }
  })

  it('refuses what does not say where to go on', async () => {
    const agent = scriptedAgent({ steps: ['a', { wait: 10 }, 'b'] })
    const stop = new AbortController()
    const leg = open(agent, question, { signal: stop.signal })
    await vi.advanceTimersByTimeAsync(0)
    const continuationToken = lastToken(leg)
    stop.abort()
    expect(await failureOf(agent.run([], { session: 's', runId: 'unknown' }))).toBe('expired')
    expect(await failureOf(agent.run([], { ...run, continuationToken: 'x' }))).toBe('token_invalid')
    expect(await failureOf(agent.run([], { ...run, continuationToken: `[1].${continuationToken.slice(-15)}` }))).toBe('token_invalid')
    expect(await failureOf(agent.run([], { session: 's', runId: 'other', continuationToken }))).toBe('token_invalid')
    expect(await failureOf(scriptedAgent({ steps: ['edited'] }).run([], { ...run, continuationToken }))).toBe('expired')
    expect(await failureOf(agent.run(question, { ...run, continuationToken }))).toBe('messages_with_token')
    expect(() => agent.runStreaming(question, { ...run, continuationToken })).toThrow('together with a continuation token')
    expect(await failureOf(agent.run([userMessage(' ')], run))).toBe('empty_message')
  })
})

describe('starting', () => {
  it('twice under one id joins the run', async () => {
    const agent = scriptedAgent({ steps: ['a', { wait: 100 }, 'b'] })
    const first = open(agent, question)
    await vi.advanceTimersByTimeAsync(50)
    const second = open(agent, question)
    await vi.advanceTimersByTimeAsync(50)
    expect(second.updates[0]).toMatchObject({ elapsedMs: 50 })
    expect(second.updates.slice(1)).toEqual(first.updates.slice(1))
    expect(agent.started).toBe(1)
    expect(agent.legs).toBe(2)
  })

  it('without a stream gives the whole answer', async () => {
    const agent = scriptedAgent({ steps: ['a', { wait: 100 }, 'b'] })
    const answer = agent.run(question, run)
    await vi.advanceTimersByTimeAsync(100)
    expect(await answer).toEqual({
      runId: 'r',
      state: { type: 'completed' },
      steps: [],
      message: { id: 'r', role: 'assistant', parts: [{ type: 'text', text: 'ab' }] },
      continuationToken: null,
      elapsedMs: 100,
    })
  })

  it('in the background gives a token to poll with until it is null (row 3)', async () => {
    const agent = scriptedAgent({ steps: [{ type: 'status', status: 'queued' }, { wait: 100 }, 'b'] })
    const { state, continuationToken } = await agent.run(question, { ...run, background: true })
    expect(state).toEqual({ type: 'queued' })
    vi.setSystemTime(Date.now() + 100)
    expect(await agent.run([], { ...run, continuationToken })).toMatchObject({
      state: { type: 'completed' },
      continuationToken: null,
    })
  })
})

describe('cancelling', () => {
  it('ends the run for who listens and for who comes later, and keeps what was written', async () => {
    const agent = scriptedAgent({ steps: ['a', { wait: 100 }, 'b'] })
    const leg = open(agent, question)
    await vi.advanceTimersByTimeAsync(50)
    const token = lastToken(leg)
    const response = await agent.cancel({ ...run, continuationToken: token })
    expect(response).toMatchObject({ state: { type: 'cancelled' }, message: { parts: [{ text: 'a' }] }, continuationToken: null })
    expect(await agent.cancel({ ...run, continuationToken: token })).toEqual(response)
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.updates.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'cancelled' }, elapsedMs: 50 })
    await vi.advanceTimersByTimeAsync(1_000)
    const later = open(agent, [], { continuationToken: token })
    await vi.advanceTimersByTimeAsync(0)
    expect(later.updates.map(({ type }) => type)).toEqual(['open', 'end'])
  })

  it('by a token alone works in an agent made anew', async () => {
    const script: Script = { steps: ['a', { wait: 100 }, 'b'] }
    const stop = new AbortController()
    const leg = open(scriptedAgent(script), question, { signal: stop.signal })
    await vi.advanceTimersByTimeAsync(50)
    stop.abort()
    const response = await scriptedAgent(script).cancel({ ...run, continuationToken: lastToken(leg) })
    expect(response).toMatchObject({ state: { type: 'cancelled' }, message: { parts: [{ text: 'a' }] } })
  })

  it('leaves a run alone that has ended', async () => {
    const agent = scriptedAgent({ steps: ['a'] })
    await agent.run(question, run)
    expect(await agent.cancel({ ...run, continuationToken: null })).toMatchObject({
      state: { type: 'completed' },
      message: { parts: [{ text: 'a' }] },
    })
  })

  it('before the start leaves a mark: a later start is cancelled', async () => {
    const agent = scriptedAgent({ steps: ['a'] })
    expect(await agent.cancel({ ...run, continuationToken: null })).toMatchObject({ state: { type: 'cancelled' } })
    const leg = open(agent, question)
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.updates.map(({ type }) => type)).toEqual(['open', 'end'])
    expect(leg.updates.at(-1)).toMatchObject({ outcome: { type: 'cancelled' } })
    expect(agent.started).toBe(0)
  })
})

describe('what the agent tells of itself', () => {
  it('is what it was asked to do', async () => {
    const agent = scriptedAgent({ steps: ['a', { wait: 1 }] })
    const first = await agent.run(question, { ...run, background: true })
    const { continuationToken } = first
    await agent.cancel({ ...run, continuationToken })
    expect(agent.calls).toEqual([
      { method: 'run', runId: 'r', question: 'why?', continuationToken: null },
      { method: 'cancel', runId: 'r', question: null, continuationToken },
    ])
  })
})

describe('under the real engine', () => {
  it('answers, through a cut and a reload, with no server', async () => {
    const script: Script = { steps: ['One', { wait: 100 }, { cut: true }, ' two', { wait: 1_000 }, ' three'] }
    const store = memoryRunStore()
    const page = (agent: ScriptedAgent) => {
      const engine = createEngine({ agent, user: null, store, tabs: soloTabs() })
      const session = engine.session('s')
      const unsubscribe = session.subscribe(() => {})
      const unmount = engine.mount()
      return { session, text: () => session.getSnapshot().messages.map(textOf).join('|'), close: () => (unsubscribe(), unmount()) }
    }
    const first = scriptedAgent(script)
    const before = page(first)
    expect(await before.session.send('count')).toMatchObject({ accepted: true })
    await vi.advanceTimersByTimeAsync(700)
    expect(before.text()).toBe('count|One two')
    expect(first).toMatchObject({ started: 1, legs: 2 })
    before.close()
    await vi.advanceTimersByTimeAsync(10)
    const second = scriptedAgent(script)
    const after = page(second)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(after.text()).toBe('count|One two three')
    expect(after.session.getSnapshot().run?.state).toEqual({ type: 'completed' })
    expect(second).toMatchObject({ started: 0, legs: 1 })
    after.close()
    await vi.advanceTimersByTimeAsync(10_000)
  })
})
