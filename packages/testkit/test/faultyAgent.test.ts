import { createEngine, isRejoinError, memoryRunStore, soloTabs, textOf, userMessage, type Agent, type Session } from '@rejoin/core'
import { faultyAgent, scriptedAgent, type FaultyAgent, type Script } from '@rejoin/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const run = { session: 's', runId: 'r' }
const question = [userMessage('why?')]
/** A word each 100 ms. */
const script: Script = { steps: ['One', ' two', ' three', ' four'].flatMap((word) => [{ wait: 100 }, word]) }

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})

afterEach(() => {
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left > 0) throw new Error(`${left} timers are left.`)
})

interface Leg {
  text: string
  /** The code it broke with, `end` for a clean end; null while it is open. */
  end: string | null
}

/** Reads a stream in the background, to be looked at as time goes by. */
function open(agent: Agent, signal?: AbortSignal): Leg {
  const leg: Leg = { text: '', end: null }
  async function read(): Promise<void> {
    for await (const update of agent.runStreaming(question, { ...run, signal })) if (update.type === 'text') leg.text += update.delta
  }
  read().then(
    () => (leg.end = 'end'),
    (error: unknown) => (leg.end = codeOf(error)),
  )
  return leg
}

function codeOf(error: unknown): string {
  return isRejoinError(error) ? error.code : String(error)
}

async function failureOf(promise: Promise<unknown>): Promise<string | null> {
  return await promise.then(() => null, codeOf)
}

describe('with no faults', () => {
  it('hands everything on, and counts what is open', async () => {
    const agent = faultyAgent(scriptedAgent(script))
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(250)
    expect(leg).toEqual({ text: 'One two', end: null })
    expect(agent.connections).toBe(1)
    await vi.advanceTimersByTimeAsync(150)
    expect(leg).toEqual({ text: 'One two three four', end: 'end' })
    expect(agent.connections).toBe(0)
  })

  it('closes the leg for the agent too, whose signal aborts with the one that was given', async () => {
    let inner: AbortSignal | undefined
    const scripted = scriptedAgent(script)
    const agent = faultyAgent({
      ...scripted,
      runStreaming(messages, options) {
        inner = options.signal
        return scripted.runStreaming(messages, options)
      },
    })
    const stop = new AbortController()
    const leg = open(agent, stop.signal)
    await vi.advanceTimersByTimeAsync(150)
    stop.abort('enough')
    await vi.advanceTimersByTimeAsync(0)
    expect(leg).toEqual({ text: 'One', end: 'enough' })
    expect(inner?.aborted).toBe(true)
    expect(agent.connections).toBe(0)
  })
})

describe('a cut', () => {
  it('breaks what is open and nothing after it', async () => {
    const scripted = scriptedAgent(script)
    const agent = faultyAgent(scripted)
    const [first, second] = [open(agent), open(agent)]
    await vi.advanceTimersByTimeAsync(150)
    expect(agent.cut()).toBe(2)
    await vi.advanceTimersByTimeAsync(0)
    expect([first.end, second.end]).toEqual(['unreachable', 'unreachable'])
    expect(agent.connections).toBe(0)
    expect(agent.cut()).toBe(0)
    const third = open(agent)
    await vi.advanceTimersByTimeAsync(250)
    expect(third).toEqual({ text: 'One two three four', end: 'end' })
    expect(scripted.started).toBe(1)
  })

  it('breaks a poll that waits for its answer', async () => {
    const agent = faultyAgent(scriptedAgent(script))
    const answer = failureOf(agent.run(question, run))
    await vi.advanceTimersByTimeAsync(10)
    agent.cut()
    expect(await answer).toBe('unreachable')
  })
})

describe('offline', () => {
  it('breaks what is open and lets nothing new through, until it is over', async () => {
    const scripted = scriptedAgent(script)
    const agent = faultyAgent(scripted)
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(150)
    agent.setFaults({ offline: true })
    await vi.advanceTimersByTimeAsync(0)
    expect(leg).toEqual({ text: 'One', end: 'unreachable' })
    expect(await failureOf(agent.run(question, { ...run, background: true }))).toBe('unreachable')
    expect(await failureOf(agent.cancel({ ...run, continuationToken: null }))).toBe('unreachable')
    const refused = open(agent)
    await vi.advanceTimersByTimeAsync(0)
    expect(refused.end).toBe('unreachable')
    expect(scripted.calls).toHaveLength(1)
    agent.setFaults({ offline: false })
    expect(await failureOf(agent.run(question, { ...run, background: true }))).toBeNull()
  })

  it('is told to the window, and its end as well', () => {
    const told: string[] = []
    const events = new EventTarget()
    for (const type of ['offline', 'online']) events.addEventListener(type, () => told.push(`${type}, ${agent.faults.offline}`))
    vi.stubGlobal('window', events)
    const agent = faultyAgent(scriptedAgent(script))
    agent.setFaults({ offline: true })
    agent.setFaults({ offline: true })
    agent.setFaults({ offline: false })
    agent.setFaults({ offline: false })
    vi.unstubAllGlobals()
    expect(told).toEqual(['offline, true', 'online, false'])
  })
})

describe('a stall', () => {
  it('holds back what comes, and lets all of it through when it is over', async () => {
    const agent = faultyAgent(scriptedAgent(script))
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(150)
    agent.setFaults({ stalled: true })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(leg).toEqual({ text: 'One', end: null })
    agent.setFaults({ stalled: false })
    await vi.advanceTimersByTimeAsync(0)
    expect(leg).toEqual({ text: 'One two three four', end: 'end' })
  })

  it('holds back a request too, which the agent does not get', async () => {
    const scripted = scriptedAgent(script)
    const agent = faultyAgent(scripted, { faults: { stalled: true } })
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(scripted.calls).toEqual([])
    agent.setFaults({ stalled: false })
    await vi.advanceTimersByTimeAsync(400)
    expect(leg).toEqual({ text: 'One two three four', end: 'end' })
  })

  it('breaks a connection that is silent for too long, and none that was silent before it', async () => {
    const agent = faultyAgent(scriptedAgent({ steps: ['One', { wait: 10_000 }, ' two', { wait: 10_000 }, ' three'] }), { stallMs: 3_000 })
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(15_000)
    expect(leg).toEqual({ text: 'One two', end: null })
    agent.setFaults({ stalled: true })
    await vi.advanceTimersByTimeAsync(2_999)
    expect(leg.end).toBeNull()
    await vi.advanceTimersByTimeAsync(1)
    expect(leg).toEqual({ text: 'One two', end: 'stalled' })
  })

  it('does not keep a caller who goes', async () => {
    const agent = faultyAgent(scriptedAgent(script), { faults: { stalled: true } })
    const stop = new AbortController()
    const leg = open(agent, stop.signal)
    await vi.advanceTimersByTimeAsync(10)
    stop.abort('enough')
    await vi.advanceTimersByTimeAsync(0)
    expect(leg.end).toBe('enough')
  })
})

describe('a slow network', () => {
  it('takes its time for each batch, and loses nothing', async () => {
    const agent = faultyAgent(scriptedAgent(script), { faults: { delayMs: 1_000 } })
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(leg.text).toBe('')
    await vi.advanceTimersByTimeAsync(1)
    expect(leg.text).toBe('One two three four')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(leg.end).toBe('end')
  })

  it('takes its time for an answer', async () => {
    const agent = faultyAgent(scriptedAgent(script), { faults: { delayMs: 1_000 } })
    const answered = vi.fn<() => void>()
    const answer = agent.run(question, { ...run, background: true }).then(answered)
    await vi.advanceTimersByTimeAsync(999)
    expect(answered).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await answer
    expect(answered).toHaveBeenCalledOnce()
  })
})

describe('a refusal', () => {
  it('is what new requests hear, while open streams go on', async () => {
    const agent = faultyAgent(scriptedAgent(script))
    const leg = open(agent)
    await vi.advanceTimersByTimeAsync(150)
    agent.setFaults({ refusal: 'unauthorized' })
    expect(await failureOf(agent.run(question, run))).toBe('unauthorized')
    await vi.advanceTimersByTimeAsync(300)
    expect(leg).toEqual({ text: 'One two three four', end: 'end' })
  })
})

describe('whoever looks on', () => {
  it('hears of each change of the faults and of what is open, until they leave', async () => {
    const agent = faultyAgent(scriptedAgent(script))
    const seen: string[] = []
    const leave = agent.subscribe(() => seen.push(`${agent.connections} open, stalled ${agent.faults.stalled}`))
    open(agent)
    await vi.advanceTimersByTimeAsync(50)
    agent.setFaults({ stalled: true })
    agent.cut()
    await vi.advanceTimersByTimeAsync(0)
    expect(seen).toEqual(['1 open, stalled false', '1 open, stalled true', '0 open, stalled true'])
    leave()
    agent.setFaults({ stalled: false })
    expect(seen).toHaveLength(3)
  })
})

describe('under the real engine', () => {
  function chatOn(agent: FaultyAgent): { session: Session; text(): string; close(): void } {
    const engine = createEngine({ agent, user: null, store: memoryRunStore(), tabs: soloTabs() })
    const session = engine.session('s')
    const unsubscribe = session.subscribe(() => {})
    const unmount = engine.mount()
    return {
      session,
      text: () => session.getSnapshot().messages.map(textOf).join('|'),
      close: () => (unsubscribe(), unmount()),
    }
  }

  it('an answer comes through a cut, a stall and a time offline as it was written, from one run', async () => {
    const steps = Array.from({ length: 60 }, (_, at) => ` word ${at}`)
    const scripted = scriptedAgent({ steps }, { paceMs: 500 })
    const agent = faultyAgent(scripted, { stallMs: 2_000 })
    const { session, text, close } = chatOn(agent)
    await session.send('count')
    await vi.advanceTimersByTimeAsync(2_000)
    agent.cut()
    await vi.advanceTimersByTimeAsync(4_000)
    agent.setFaults({ stalled: true })
    await vi.advanceTimersByTimeAsync(4_000)
    expect(session.getSnapshot().run?.state).toMatchObject({ type: 'reconnecting', reason: 'stalled' })
    agent.setFaults({ stalled: false })
    await vi.advanceTimersByTimeAsync(6_000)
    agent.setFaults({ offline: true })
    await vi.advanceTimersByTimeAsync(4_000)
    expect(session.getSnapshot().run?.state).toMatchObject({ type: 'reconnecting', reason: 'network' })
    agent.setFaults({ offline: false, delayMs: 300 })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(text()).toBe(`count|${steps.join('')}`)
    expect(session.getSnapshot().run?.state).toEqual({ type: 'completed' })
    expect(scripted.started).toBe(1)
    close()
    await vi.advanceTimersByTimeAsync(10_000)
  })
})
