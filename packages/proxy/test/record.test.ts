import { cursorOf, joinToken, RejoinError, startCursor, userMessage, type ChatMessage, type RunOutcome, type RunPause } from '@rejoin/core'
import { backgroundAgent, memoryRunRegistry, type AgentProxyOptions, type RecordedMessage, type RunRegistry } from '@rejoin/proxy'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { end, open, pause, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { collect, post, refusal, runId, serve, settle, sse, startBody, type Served } from './serve.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const run = { runId, session: 'support', background: true }
const hello = userMessage('Hello?', 'm1')
const ask = [hello]
const answer: ChatMessage = { id: runId, role: 'assistant', parts: [{ type: 'text', text: 'Yes.' }] }

/** An app's table of messages, as a proxy writes it. */
function recording(agent: Puppet | ReturnType<typeof backgroundAgent>, options: Partial<AgentProxyOptions> = {}) {
  const recorded: RecordedMessage[] = []
  const served = serve(agent, { record: (entry) => void recorded.push(entry), ...options })
  return { served, recorded, answers: () => recorded.filter(({ state }) => state !== null) }
}

/** The agent has this answer from now on. */
function has(agent: Puppet, state: RunOutcome | RunPause, message = answer): void {
  agent.onRun = async (options) => ({ ...response(options.runId, state, null), message })
}

/** A start whose client leaves when the agent has named the run. */
async function left(agent: Puppet, served: Served, start: Parameters<typeof startBody>[0] = {}): Promise<void> {
  const started = served.fetch('/runs', post(startBody({ message: hello, ...start }), sse))
  const leg = await agent.leg(agent.legs.length)
  leg.send('handle', open(), text(1, 'Y'))
  await (await started).body?.cancel()
  await vi.advanceTimersByTimeAsync(0)
}

const later = (ms = 60_000): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

describe('record', () => {
  test('is given what the person has sent once the agent has named the run, and the whole answer when it has ended (row 14)', async () => {
    const agent = puppetAgent()
    const { served, recorded } = recording(agent)
    const updates = collect(served.as('ada').runStreaming(ask, { ...run, replaces: `${runId}-0` }))
    const leg = await agent.leg()
    const whose = { user: 'ada', session: 'support', runId, replaces: `${runId}-0` }
    await later(0)
    expect(recorded).toEqual([])
    leg.send('handle', open())
    await later(0)
    expect(recorded).toEqual([{ ...whose, message: hello, state: null }])
    has(agent, { type: 'completed' })
    leg.send('handle', text(1, 'Yes.'), end(2))
    await updates
    await later(0)
    expect(recorded.slice(1)).toEqual([{ ...whose, message: answer, state: { type: 'completed' } }])
    await later()
    expect(recorded).toHaveLength(2)
  })

  test('hears nothing of a start that is refused, and nothing is replaced then; of one that is repeated, once', async () => {
    const agent = puppetAgent()
    const { served, recorded } = recording(agent)
    has(agent, { type: 'completed' })
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refused = refusal(served.fetch('/runs', post(startBody({ message: hello, replaces: 'the-one-before' }), sse)))
      ;(await agent.leg(attempt)).fail(new RejoinError('rate_limited'))
      expect(await refused).toMatchObject({ code: 'rate_limited' })
    }
    const lost = startBody({ message: hello, conversation: 'nobody knows it' })
    expect(await refusal(served.fetch('/runs', post(lost, sse)))).toMatchObject({ code: 'conversation_lost' })
    await later()
    expect(recorded).toEqual([])
    const updates = collect(served.as('ada').runStreaming(ask, { ...run, replaces: 'the-one-before' }))
    ;(await agent.leg(3)).send('handle', open(), end(1))
    await updates
    await later()
    expect(recorded).toMatchObject([
      { message: hello, state: null, replaces: 'the-one-before' },
      { message: answer, state: { type: 'completed' }, replaces: 'the-one-before' },
    ])
  })

  test('is given it once when nobody is connected: the run is watched, ever less often (rows 14, 17)', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    await left(agent, served)
    await later(20_000)
    const early = agent.runs.length
    expect(early).toBeGreaterThan(3)
    expect(agent.runs[0]).toMatchObject({ messages: [], options: { runId, session: 'support', user: 'ada', continuationToken: joinToken('handle', startCursor) } })
    await later(60_000)
    expect(agent.runs.length - early).toBeLessThanOrEqual(7)
    has(agent, { type: 'incomplete', reason: 'max_output_tokens' })
    await later(10_000)
    expect(answers()).toMatchObject([{ message: answer, state: { type: 'incomplete', reason: 'max_output_tokens' }, replaces: null }])
    await Promise.all(served.tasks)
    const asked = agent.runs.length
    await later()
    expect([answers().length, agent.runs.length]).toEqual([1, asked])
    expect((await (await served.fetch('/runs')).json()).runs).toEqual([])
  })

  test('asks no sooner than the agent wants', async () => {
    const agent = puppetAgent()
    agent.onRun = async () => ({ ...response(runId, { type: 'working' }, joinToken('handle', startCursor)), pollAfterMs: 45_000 })
    const { served, answers } = recording(agent)
    await left(agent, served)
    await later(1_000)
    expect(agent.runs).toHaveLength(1)
    await later(44_000)
    expect(agent.runs).toHaveLength(1)
    has(agent, { type: 'completed' })
    await later(1_000)
    expect(answers()).toHaveLength(1)
  })

  test('is given it once however often its run is joined, resumed, polled and stopped afterwards (row 14)', async () => {
    const agent = puppetAgent()
    const { served, recorded } = recording(agent)
    has(agent, { type: 'completed' })
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), end(1))
    const [first] = await updates
    for (const messages of [ask, []]) {
      const again = collect(served.as('ada').runStreaming(messages, run))
      ;(await agent.leg(agent.legs.length)).send('handle', open(), end(1))
      await again
      await served.as('ada').run(messages, run)
    }
    agent.onCancel = agent.onRun
    await served.as('ada').cancel({ ...run, continuationToken: first?.continuationToken ?? null })
    await later()
    expect(recorded.map(({ message }) => message.id)).toEqual(['m1', runId])
  })

  test('is given the answer of a run that its agent never named, which nobody can ask for', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send(null, open(), text(1, 'Ye'))
    leg.send(null, text(2, 's.'), { ...end(3), usage: { inputTokens: 1, outputTokens: 2 } })
    await updates
    agent.onRun = async (options) => ({ ...response(options.runId, { type: 'completed' }, null), message: { ...answer, id: options.runId } })
    await served.as('ada').run(ask, { ...run, runId: `${runId}-2` })
    await later()
    expect(answers()).toMatchObject([
      { runId, message: answer, state: { type: 'completed' }, usage: { inputTokens: 1, outputTokens: 2 } },
      { runId: `${runId}-2`, message: { parts: answer.parts } },
    ])
    expect(agent.runs).toHaveLength(1)
  })

  /** A question that is recorded, and passed over; the agent has `then` of it from then on. */
  async function passedOver(agent: Puppet, served: Served, then: () => void, start: Parameters<typeof startBody>[0] = {}): Promise<void> {
    has(agent, { type: 'paused', reason: 'input' }, asking)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), pause(1))
    await updates
    await later()
    then()
    void served.fetch('/runs', post(startBody({ id: `${runId}-2`, message: userMessage('May.', 'm2'), ...start }), sse))
    ;(await agent.leg(1)).send('second', open())
    await later()
  }
  const asking: ChatMessage = { ...answer, parts: [{ type: 'request', kind: 'input', id: 'q1', prompt: 'Which?' }] }

  test('is given a question of the agent while it waits, and again when it is answered or passed over (row 14)', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    await passedOver(agent, served, () => {})
    const told = (): RecordedMessage[] => answers().filter((entry) => entry.runId === runId)
    expect(told()).toMatchObject([
      { runId, message: asking, state: { type: 'paused', reason: 'input' } },
      { runId, message: asking, state: { type: 'completed' } },
    ])
    await later()
    expect(told()).toHaveLength(2)
  })

  test('is not given a question again that another run takes the place of', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    await passedOver(agent, served, () => {}, { replaces: runId })
    expect(answers().filter((entry) => entry.runId === runId)).toMatchObject([{ state: { type: 'paused' } }])
  })

  test.each(['works', 'fails'])('is not given a question again that is replaced while it is saved, which %s', async (saving) => {
    const agent = puppetAgent()
    const questions: RecordedMessage[] = []
    const { served } = recording(agent, {
      async record(entry) {
        if (entry.runId !== runId || entry.state === null) return
        questions.push(entry)
        await new Promise((resolve) => setTimeout(resolve, 500))
        if (saving === 'fails') throw new Error('the database is down')
      },
    })
    has(agent, { type: 'paused', reason: 'input' }, asking)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), pause(1))
    await updates
    await later(100)
    void served.fetch('/runs', post(startBody({ id: `${runId}-2`, message: userMessage('May.', 'm2'), replaces: runId }), sse))
    ;(await agent.leg(1)).send('second', open())
    await later()
    expect(questions).toMatchObject([{ state: { type: 'paused' } }])
  })

  test('is given the answer of a run that works for longer than the retention (row 14)', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent, { retentionMs: 600_000 })
    agent.onRun = async () => response(runId, { type: 'working' }, joinToken('handle', startCursor))
    await left(agent, served)
    await later(900_000)
    has(agent, { type: 'completed' })
    await later()
    expect(answers()).toMatchObject([{ message: answer, state: { type: 'completed' } }])
  })

  test('is given nothing in the place of a question that its agent has forgotten since', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    await passedOver(agent, served, () => {
      agent.onRun = async () => Promise.reject(new RejoinError('expired'))
    })
    expect(answers().filter((entry) => entry.runId === runId)).toMatchObject([{ message: asking, state: { type: 'paused' } }])
    const asked = agent.runs.filter(({ options }) => options.runId === runId).length
    await later()
    expect(agent.runs.filter(({ options }) => options.runId === runId)).toHaveLength(asked)
  })

  test('is given what a sign-in elsewhere has led to, in the place of the question', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    has(agent, { type: 'paused', reason: 'auth' })
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), pause(1, 'auth'))
    await updates
    await later()
    agent.onRun = async () => response(runId, { type: 'working' }, joinToken('handle', startCursor))
    await served.as('ada').run([], run)
    has(agent, { type: 'completed' })
    await later()
    expect(answers().map(({ state }) => state?.type)).toEqual(['paused', 'completed'])
  })

  test('is given a stopped run with what it had, one that failed without a word, and one that is gone', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    await left(agent, served)
    has(agent, { type: 'cancelled' })
    await served.as('ada').cancel({ ...run, continuationToken: null })
    await later()

    const failing = refusal(served.fetch('/runs', post(startBody({ id: `${runId}-2` }), sse)))
    ;(await agent.leg(1)).fail(new RejoinError('overloaded'))
    await failing
    await later()

    await left(agent, served, { id: `${runId}-3` })
    agent.onRun = async () => Promise.reject(new RejoinError('expired'))
    await later()
    const empty = { role: 'assistant', parts: [] }
    expect(answers()).toMatchObject([
      { message: answer, state: { type: 'cancelled' } },
      { message: empty, state: { type: 'failed', code: 'overloaded' } },
      { message: empty, state: { type: 'expired' } },
    ])
  })

  test('is given the answer of an agent that lives here, too', async () => {
    const released = Promise.withResolvers<void>()
    const agent = backgroundAgent(async function* () {
      yield 'Y'
      await released.promise
      yield 'es.'
    })
    const { served, answers } = recording(agent)
    for await (const { type } of served.as('ada').runStreaming(ask, run)) if (type === 'text') break
    released.resolve()
    await later()
    expect(answers()).toMatchObject([{ message: answer, state: { type: 'completed' } }])
  })

  test('is not given what came after a stop', async () => {
    const agent = puppetAgent()
    const { served, answers } = recording(agent)
    await left(agent, served)
    await served.as('ada').cancel({ ...run, continuationToken: null })
    has(agent, { type: 'completed' })
    await later()
    expect(answers()).toMatchObject([{ message: { parts: [] }, state: { type: 'cancelled' } }])
  })

  test('hears nothing of a stop whose run never came', async () => {
    const { served, recorded } = recording(puppetAgent())
    await served.as('ada').cancel({ ...run, continuationToken: null })
    await collect(served.as('ada').runStreaming(ask, run))
    await later()
    expect(recorded).toEqual([])
  })
})

describe('the next turn of a session', () => {
  /** A turn that has ended, and one that follows at once; the app takes `ms` for each answer. */
  async function followed(ms: number, session = 'support') {
    const agent = puppetAgent()
    has(agent, { type: 'completed' })
    const said: ChatMessage[] = []
    const served = serve(agent, {
      history: () => said,
      async record({ message, state }) {
        if (state !== null) await new Promise((resolve) => setTimeout(resolve, ms))
        said.push(message)
      },
    })
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), end(1))
    await updates
    void served.fetch('/runs', post(startBody({ id: `${runId}-2`, session, message: userMessage('And?', 'm2') }), sse))
    return async (later: number) => {
      await vi.advanceTimersByTimeAsync(later)
      return agent.legs[1]?.messages.map(({ id }) => id)
    }
  }

  test('waits until the answer it follows is recorded, so that the history holds it', async () => {
    const told = await followed(3_000)
    expect(await told(2_900)).toBeUndefined()
    expect(await told(200)).toEqual(['m1', runId, 'm2'])
  })

  test('does not wait for ever', async () => {
    const told = await followed(60_000)
    expect(await told(4_900)).toBeUndefined()
    expect(await told(200)).toEqual(['m1', 'm2'])
  })

  test('is not kept waiting by another session', async () => {
    const told = await followed(60_000, 'another')
    expect(await told(10)).toEqual(['m1', 'm2'])
  })
})

describe('record that throws', () => {
  test('for what the person has sent is tried again, and the answer waits for that', async () => {
    const agent = puppetAgent()
    let broken = true
    const saved: RecordedMessage[] = []
    const failing = serve(agent, {
      record(entry) {
        if (broken) throw new Error('the database is down')
        saved.push(entry)
      },
    })
    has(agent, { type: 'completed' })
    const updates = collect(failing.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), end(1))
    expect((await updates).at(-1)).toMatchObject({ type: 'end' })
    await later(10_000)
    expect(failing.errors.length).toBeGreaterThanOrEqual(3)
    expect(new Set(failing.errors.map(({ where }) => where))).toEqual(new Set(['record']))
    broken = false
    await later()
    expect(saved.map(({ message }) => message)).toEqual([hello, answer])
  })

  test('for an answer is tried again, ever less often and not for ever; then with a later request of the caller', async () => {
    const agent = puppetAgent()
    let broken = true
    let tries = 0
    const { served } = recording(agent, {
      async record({ state }) {
        if (state === null) return
        tries += 1
        if (broken) throw new Error('the database is down')
      },
    })
    has(agent, { type: 'completed' })
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), end(1))
    await updates
    await later(10_000)
    expect(tries).toBeGreaterThanOrEqual(4)
    expect(served.errors.map(({ where }) => where)).toEqual(Array.from({ length: tries }, () => 'record'))
    await later(2 * 3_600_000)
    expect(tries).toBe(16)
    await later(2 * 3_600_000)
    expect(tries).toBe(16)
    broken = false
    await served.fetch('/runs')
    await later()
    await served.fetch('/runs')
    await later()
    expect(tries).toBe(17)
  })
})

describe('several processes that share a registry', () => {
  /** Each has its own memory; `died`: it does and hears nothing any more. */
  function process(agent: Puppet, registry: RunRegistry, recorded: RecordedMessage[]) {
    let isDead = false
    const gone = new Promise<never>(() => {})
    const mortal: RunRegistry = { ...registry, get: (key) => (isDead ? gone : registry.get(key)), claim: (key, claim) => (isDead ? gone : registry.claim(key, claim)) }
    const served = serve(agent, { registry: mortal, record: (entry) => void recorded.push(entry) })
    return { served, die: () => void (isDead = true) }
  }

  test('record an answer once, whichever of them hears of it (row 14)', async () => {
    const agent = puppetAgent()
    const registry = memoryRunRegistry()
    const recorded: RecordedMessage[] = []
    const [one, two, three] = [process(agent, registry, recorded), process(agent, registry, recorded), process(agent, registry, recorded)]
    await left(agent, one.served)
    await two.served.fetch('/runs')
    await three.served.as('ada').run([], run)
    const asked = agent.runs.length
    await later(10_000)
    // One of them watches.
    expect(agent.runs.length - asked).toBeLessThanOrEqual(5)
    has(agent, { type: 'completed' })
    await Promise.all([two.served.as('ada').run([], run), three.served.as('ada').run([], run)])
    await later(300_000)
    expect(recorded.map(({ message }) => message.id)).toEqual(['m1', runId])
  })

  test('take over from one that has died: any request of the caller finds what is not recorded (rows 14, 84)', async () => {
    const agent = puppetAgent()
    const registry = memoryRunRegistry()
    const recorded: RecordedMessage[] = []
    const [one, two] = [process(agent, registry, recorded), process(agent, registry, recorded)]
    await left(agent, one.served)
    one.die()
    has(agent, { type: 'completed' })
    await two.served.fetch('/runs', { user: 'bob' })
    await later(300_000)
    expect(recorded).toHaveLength(1)
    await two.served.fetch('/runs')
    await later(120_000)
    expect(recorded).toMatchObject([{ message: hello }, { message: answer, state: { type: 'completed' } }])
  })

  test('keep the next turn waiting no longer than the answer before takes, whichever of them records it (row 14)', async () => {
    const agent = puppetAgent()
    const registry = memoryRunRegistry()
    const said: ChatMessage[] = []
    const options = { registry, history: () => said, record: (entry: RecordedMessage) => void said.push(entry.message) }
    const [one, two] = [serve(agent, options), serve(agent, options)]
    await left(agent, one)
    // From here on this one watches it, and the other hears of its end.
    await two.fetch('/runs')
    await later(20_000)
    const resumed = collect(one.as('ada').runStreaming([], run))
    has(agent, { type: 'completed' })
    ;(await agent.leg(1)).send('handle', open(), end(1))
    await resumed
    void one.fetch('/runs', post(startBody({ id: `${runId}-2`, message: userMessage('And?', 'm2') }), sse))
    await later(1_100)
    expect(agent.legs[2]?.messages.map(({ id }) => id)).toEqual(['m1', runId, 'm2'])
    agent.legs[2]?.send('second', open(), end(1))
    await later(10_000)
    // Whoever has only looked does not take it for unrecorded.
    for (const [at, { fetch }] of [two, one].entries()) {
      void fetch('/runs', post(startBody({ id: `${runId}-${at + 3}`, message: userMessage('And?', `m${at + 3}`) }), sse))
      await later(0)
      agent.legs[at + 3]?.send(`handle ${at}`, open(), end(1))
      expect(agent.legs).toHaveLength(at + 4)
      await later(10_000)
    }
  })

  test('on a public page find it with a request for the run itself', async () => {
    const agent = puppetAgent()
    const registry = memoryRunRegistry()
    const recorded: RecordedMessage[] = []
    const options = { registry, authorize: () => null, record: (entry: RecordedMessage) => void recorded.push(entry) }
    await registry.begin({ user: null, ...run }, { maxRunsPerCaller: 1, again: false })
    await registry.running({ user: null, runId }, 'handle')
    has(agent, { type: 'completed' })
    const served = serve(agent, options)
    await served.fetch('/runs')
    await later()
    expect(recorded).toEqual([])
    void served.fetch(`/runs/${runId}`, { headers: sse })
    await later()
    expect(recorded).toMatchObject([{ user: null, message: answer }])
  })
})

test('nothing is watched where nothing is recorded', async () => {
  const agent = puppetAgent()
  const served = serve(agent)
  await left(agent, served)
  await served.fetch('/runs')
  await later()
  expect(agent.runs).toEqual([])
  expect(cursorOf(0, 0)).toBe(startCursor)
})

test('what is waited for keeps no process alive', async () => {
  vi.useRealTimers()
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  const agent = puppetAgent()
  const { served, recorded } = recording(agent, { firstBatchMs: 2_000 })
  const started = served.fetch('/runs', post(startBody({ message: hello }), sse))
  ;(await agent.leg()).send('handle', open())
  const { body } = await started
  await settle()
  expect(recorded).toHaveLength(1)
  const waiting = timers.mock.calls.flatMap(([, ms], at) => (ms === 1_000 ? [timers.mock.results[at]?.value] : []))
  await body?.cancel()
  await settle()
  expect(waiting.map((timer) => timer?.hasRef())).toContain(false)
  expect(waiting.map((timer) => timer?.hasRef())).not.toContain(true)
})
