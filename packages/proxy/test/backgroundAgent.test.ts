import { batchesOf, RejoinError, splitToken, textOf, userMessage, type ProgressStep } from '@rejoin/core'
import { backgroundAgent, memoryEventLog, type AgentGenerator, type BackgroundAgentOptions, type EventLog } from '@rejoin/proxy'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { collect, runId, textIn } from './serve.ts'

afterEach(() => void vi.useRealTimers())

const run = { runId, session: 'support' }
const ask = [userMessage('Hello?')]

/** An agent whose errors the test sees. */
function observed(generator: AgentGenerator, options: BackgroundAgentOptions = {}) {
  const errors: unknown[] = []
  return { agent: backgroundAgent(generator, { onError: (error) => errors.push(error), ...options }), errors }
}

describe('a generator agent', () => {
  test('streams what its generator yields, and says when it has ended (row 8)', async () => {
    const step: ProgressStep = { id: 'look', label: 'Looking', state: 'active', value: 1, total: 3 }
    const agent = backgroundAgent(async function* () {
      yield { type: 'status', status: 'queued' }
      yield { type: 'progress', step }
      yield 'Hello, '
      yield ''
      yield { type: 'text', delta: 'world' }
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates).toMatchObject([
      { type: 'open', mode: 'tail', cursor: '0000.0000000000' },
      { type: 'status', status: 'queued', cursor: '0000.0000000001' },
      { type: 'progress', step, cursor: '0000.0000000002' },
      { type: 'text', delta: 'Hello, ', cursor: '0000.0000000003' },
      { type: 'text', delta: 'world', cursor: '0000.0000000004' },
      { type: 'end', outcome: { type: 'completed' }, cursor: '0000.0000000005' },
    ])
    expect(updates.map(({ continuationToken }) => continuationToken !== null)).toEqual([true, true, true, true, true, false])
  })

  test('gets the conversation, whose it is, and a signal', async () => {
    const seen = vi.fn<AgentGenerator>(async function* () {})
    await collect(backgroundAgent(seen).runStreaming(ask, { ...run, user: 'ada' }))
    expect(seen.mock.calls).toMatchObject([[{ messages: ask, session: 'support', runId, user: 'ada', signal: { aborted: false } }]])
  })

  test('that starts twice is one run', async () => {
    let started = 0
    const agent = backgroundAgent(async function* () {
      started += 1
      yield 'once'
    })
    const all = await Promise.all([1, 2, 3].map(() => collect(agent.runStreaming(ask, { ...run, user: 'ada' }))))
    for (const updates of all) expect(textIn(updates)).toBe('once')
    expect(started).toBe(1)
    await collect(agent.runStreaming(ask, { ...run, user: 'bob' }))
    expect(started).toBe(2)
  })

  test('goes on while nobody reads (row 17)', async () => {
    let goOn = (): void => {}
    const agent = backgroundAgent(async function* () {
      yield 'a'
      await new Promise<void>((resolve) => (goOn = resolve))
      yield 'b'
    })
    const leaving = new AbortController()
    for await (const { type } of agent.runStreaming(ask, { ...run, signal: leaving.signal })) if (type === 'text') break
    leaving.abort()
    goOn()
    expect(textOf((await agent.run(ask, run)).message)).toBe('ab')
  })

  test('measures its time where it runs, and stops the clock at the end', async () => {
    vi.useFakeTimers()
    const agent = backgroundAgent(async function* () {
      yield 'a'
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    })
    const first = agent.runStreaming(ask, run)[Symbol.asyncIterator]()
    await first.next()
    await vi.advanceTimersByTimeAsync(10_000)
    const [late] = await firstOf(agent.runStreaming([], run))
    expect(late).toMatchObject({ type: 'open', elapsedMs: 10_000 })
    await vi.advanceTimersByTimeAsync(80_000)
    expect((await agent.run([], run)).elapsedMs).toBe(60_000)
    const [ended] = await firstOf(agent.runStreaming([], run))
    expect(ended).toMatchObject({ type: 'open', elapsedMs: 60_000 })
  })

  test('brings a flood to its readers in few batches, and lets others have a turn meanwhile', async () => {
    let turns = 0
    const agent = backgroundAgent(async function* () {
      for (let n = 0; n < 20_000; n += 1) yield `${n} `
    })
    const ticking = setInterval(() => (turns += 1), 0)
    let batches = 0
    let text = ''
    for await (const { updates } of batchesOf(agent.runStreaming(ask, run))) {
      batches += 1
      text += textIn(updates)
    }
    clearInterval(ticking)
    expect(text).toBe(Array.from({ length: 20_000 }, (_, n) => `${n} `).join(''))
    expect(batches).toBeLessThan(20)
    expect(turns).toBeGreaterThan(2)
  })
})

describe('a log that takes its time', () => {
  /** Each append takes a few milliseconds. */
  function slowLog() {
    const log = memoryEventLog()
    const appends: number[] = []
    let inFlight = 0
    const slow: EventLog = {
      ...log,
      async append(key, entries) {
        inFlight += 1
        expect(inFlight).toBe(1)
        appends.push(entries.length)
        await new Promise((resolve) => setTimeout(resolve, 3))
        const appended = await log.append(key, entries)
        inFlight -= 1
        return appended
      },
    }
    return { log: slow, appends }
  }

  test('gets one append at a time, with all that came meanwhile; the first update does not wait', async () => {
    const { log, appends } = slowLog()
    const agent = backgroundAgent(
      async function* () {
        for (let n = 0; n < 100; n += 1) {
          yield `${n} `
          if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1))
        }
      },
      { log },
    )
    const updates = await collect(agent.runStreaming(ask, run))
    expect(textIn(updates)).toBe(Array.from({ length: 100 }, (_, n) => `${n} `).join(''))
    expect(appends[0]).toBe(1)
    expect(appends.length).toBeLessThan(20)
  })

  test('whoever reads sees nothing that is not in it', async () => {
    const { log } = slowLog()
    const agent = backgroundAgent(
      async function* () {
        yield* ['a', 'b', 'c']
      },
      { log },
    )
    const ahead: string[] = []
    for await (const { cursor, continuationToken } of agent.runStreaming(ask, run)) {
      if (continuationToken === null) continue
      const head = await log.peek(splitToken(continuationToken).handle)
      if (head === null || head.cursor < cursor) ahead.push(cursor)
    }
    expect(ahead).toEqual([])
  })
})

describe('a generator that fails', () => {
  test('ends the run in our own words and keeps the text; what it threw goes to the hook', async () => {
    const thrown = new Error('upstream said: sk-live-1234')
    const { agent, errors } = observed(async function* () {
      yield 'partial'
      throw thrown
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(textIn(updates)).toBe('partial')
    expect(updates.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'failed', code: 'agent_failed' } })
    expect(errors).toEqual([thrown])
  })

  test('with an error of ours keeps its code', async () => {
    const { agent } = observed(async function* () {
      yield ''
      throw new RejoinError('rate_limited')
    })
    expect((await collect(agent.runStreaming(ask, run))).at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'rate_limited' } })
  })

  test.each([
    [
      'throws',
      (): void => {
        throw new Error('second')
      },
    ],
    // Were it nobody's, it would end a process, and this run of tests with it.
    ['rejects', async () => await Promise.reject(new Error('second'))],
  ])('ends the run even when the hook %s too', async (_how, onError) => {
    const generator: AgentGenerator = async function* () {
      yield ''
      throw new Error('first')
    }
    const updates = await collect(backgroundAgent(generator, { onError }).runStreaming(ask, run))
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'failed' } })
  })

  test('without a hook says so on the console, and not what it was', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const agent = backgroundAgent(async function* () {
      yield ''
      throw new Error('sk-live-1234')
    })
    await collect(agent.runStreaming(ask, run))
    expect(String(logged.mock.calls)).toMatch(/onError/)
    expect(String(logged.mock.calls)).not.toContain('sk-live')
    logged.mockRestore()
  })

  test.each([undefined, 7, {}, { type: 'text' }, { type: 'progress', step: { id: 'a' } }, { type: 'status', status: 'done' }])(
    'because it yields what is no item is told how to: %j',
    async (item) => {
      // @ts-expect-error what a generator without types could do
      const { agent, errors } = observed(async function* () {
        yield item
      })
      const updates = await collect(agent.runStreaming(ask, run))
      expect(updates.map(({ type }) => type)).toEqual(['open', 'end'])
      expect(String(errors)).toMatch(/Yield a string/)
    },
  )

  test('because it is not even called is a failed run', async () => {
    const { agent } = observed(() => {
      throw new Error('no')
    })
    expect((await agent.run(ask, run)).state).toEqual({ type: 'failed', code: 'agent_failed' })
  })
})

describe('a cancelled generator', () => {
  /** Yields once, then waits for `finish` whatever its signal says. */
  function stubborn() {
    let finish = (): void => {}
    let signal: AbortSignal | undefined
    const made = observed(async function* (context) {
      signal = context.signal
      yield 'partial'
      await new Promise<void>((resolve) => (finish = resolve))
      yield 'late'
    })
    return { ...made, signal: () => signal, finish: () => finish() }
  }

  test('is over at once, even if it does not listen, and stays cancelled when it finishes late (row 23)', async () => {
    const { agent, signal, finish, errors } = stubborn()
    const stream = agent.runStreaming(ask, run)[Symbol.asyncIterator]()
    const seen = [await stream.next(), await stream.next()]
    const token = seen[1]?.value?.continuationToken ?? null
    const stopped = await agent.cancel({ ...run, continuationToken: token })
    expect(stopped).toMatchObject({ state: { type: 'cancelled' }, continuationToken: null })
    expect(textOf(stopped.message)).toBe('partial')
    expect(signal()?.aborted).toBe(true)
    expect((await stream.next()).value).toMatchObject({ type: 'end', outcome: { type: 'cancelled' } })
    finish()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const again = await agent.cancel({ ...run, continuationToken: token })
    expect(again.state).toEqual({ type: 'cancelled' })
    expect(textIn(await collect(agent.runStreaming([], run)))).toBe('partial')
    expect(errors).toEqual([])
  })

  test('that throws because of it is cancelled, not failed', async () => {
    const { agent, errors } = observed(async function* ({ signal }) {
      yield 'a'
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    for await (const { type } of agent.runStreaming(ask, run)) if (type === 'text') break
    await agent.cancel({ ...run, continuationToken: null })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await agent.run([], run)).state).toEqual({ type: 'cancelled' })
    expect(errors).toEqual([])
  })

  test('is not started when the stop came while its log was being made', async () => {
    const log = memoryEventLog()
    let made = (): void => {}
    let started = false
    const slow: EventLog = {
      ...log,
      async create(key) {
        const created = await log.create(key)
        if (created) await new Promise<void>((resolve) => (made = resolve))
        return created
      },
    }
    const generator: AgentGenerator = async function* () {
      started = true
      yield 'a'
    }
    const agent = backgroundAgent(generator, { log: slow })
    const updates = collect(agent.runStreaming(ask, run))
    expect((await agent.cancel({ ...run, continuationToken: null })).state).toEqual({ type: 'cancelled' })
    made()
    expect((await updates).at(-1)).toMatchObject({ outcome: { type: 'cancelled' } })
    expect(started).toBe(false)
  })

  test('is not started when the stop came first', async () => {
    let started = false
    const agent = backgroundAgent(async function* () {
      started = true
      yield 'a'
    })
    await agent.cancel({ ...run, continuationToken: null })
    expect((await agent.run(ask, run)).state).toEqual({ type: 'cancelled' })
    expect(started).toBe(false)
  })
})

describe('without a stream', () => {
  test('the whole answer comes by default', async () => {
    vi.useFakeTimers()
    const agent = backgroundAgent(async function* () {
      yield 'a'
      await new Promise((resolve) => setTimeout(resolve, 60_000))
      yield 'b'
    })
    const answer = agent.run(ask, run)
    await vi.advanceTimersByTimeAsync(61_000)
    expect(await answer).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
    expect(textOf((await answer).message)).toBe('ab')
  })

  test('a poll tells the steps so far, and no text', async () => {
    const agent = backgroundAgent(async function* () {
      yield 'Hello'
      yield { type: 'progress', step: { id: 'read', label: 'Reading', state: 'active' } }
      await new Promise(() => {})
    })
    const { continuationToken } = await agent.run(ask, { ...run, background: true })
    expect(await agent.run([], { ...run, continuationToken })).toMatchObject({
      state: { type: 'working' },
      message: { parts: [] },
      steps: [{ id: 'read', label: 'Reading', state: 'active' }],
      continuationToken,
    })
  })

  test('in the background a token comes, to poll with until it is null (rows 3, 11)', async () => {
    let goOn = (): void => {}
    const agent = backgroundAgent(async function* () {
      yield 'a'
      await new Promise<void>((resolve) => (goOn = resolve))
      yield { type: 'status', status: 'queued' }
      await new Promise<void>((resolve) => (goOn = resolve))
      yield 'b'
    })
    let answer = await agent.run(ask, { ...run, background: true })
    const states: string[] = []
    while (answer.continuationToken !== null) {
      states.push(answer.state.type)
      goOn()
      await new Promise((resolve) => setTimeout(resolve, 5))
      answer = await agent.run([], { ...run, continuationToken: answer.continuationToken })
    }
    expect(states).toEqual(['working', 'queued'])
    expect(answer.state).toEqual({ type: 'completed' })
    expect(textOf(answer.message)).toBe('ab')
  })

  test('in the background, what ends at once is answered at once, without a token (row 2)', async () => {
    const agent = backgroundAgent(async function* () {
      yield 'quick'
    })
    expect(await agent.run(ask, { ...run, background: true })).toMatchObject({
      state: { type: 'completed' },
      continuationToken: null,
      message: { parts: [{ type: 'text', text: 'quick' }] },
    })
  })

  test('a caller that stops waiting leaves the run alone', async () => {
    let goOn = (): void => {}
    const agent = backgroundAgent(async function* () {
      await new Promise<void>((resolve) => (goOn = resolve))
      yield 'a'
    })
    const leaving = new AbortController()
    const waiting = agent.run(ask, { ...run, signal: leaving.signal })
    await new Promise((resolve) => setTimeout(resolve, 5))
    leaving.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    goOn()
    expect(textOf((await agent.run(ask, run)).message)).toBe('a')
  })
})

describe('limits', () => {
  test('a run larger than maxRunBytes ends as incomplete, and its generator is let go', async () => {
    let closed = false
    const agent = backgroundAgent(
      async function* ({ signal }) {
        try {
          while (true) yield signal.aborted ? 'aborted' : 'x'.repeat(1_000)
        } finally {
          closed = true
        }
      },
      { maxRunBytes: 10_000 },
    )
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'incomplete', reason: 'max_bytes' } })
    expect(textIn(updates)).toBe('x'.repeat(9_000))
    expect(closed).toBe(true)
  })

  test('text counts as the bytes it has on the wire', async () => {
    const lengthWith = async (character: string): Promise<number> => {
      const agent = backgroundAgent(
        async function* () {
          while (true) yield character.repeat(100)
        },
        { maxRunBytes: 10_000 },
      )
      return textIn(await collect(agent.runStreaming(ask, run))).length
    }
    expect(await lengthWith('a')).toBe(6_500)
    expect(await lengthWith('ä')).toBe(3_900)
    expect(await lengthWith('漢')).toBe(2_800)
    expect(await lengthWith('🙂')).toBe(4_400)
  })

  test('an ended run is kept for the retention, and expired after it (row 86)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const agent = backgroundAgent(
      async function* () {
        yield 'a'
      },
      { retentionMs: 1_000 },
    )
    const [first] = await collect(agent.runStreaming(ask, run))
    const continuationToken = first?.continuationToken ?? ''
    expect((await agent.run([], { ...run, continuationToken })).state).toEqual({ type: 'completed' })
    vi.setSystemTime(Date.now() + 1_000)
    await expect(agent.run([], { ...run, continuationToken })).rejects.toMatchObject({ code: 'expired' })
    await expect(collect(agent.runStreaming([], { ...run, continuationToken }))).rejects.toMatchObject({ code: 'expired' })
    await expect(agent.cancel({ ...run, continuationToken })).rejects.toMatchObject({ code: 'expired' })
  })
})

test('messages together with a token, and tokens that are none or of another run, are refused (row 13)', async () => {
  const agent = backgroundAgent(async function* () {
    yield 'a'
  })
  const [first] = await collect(agent.runStreaming(ask, run))
  const continuationToken = first?.continuationToken ?? ''
  expect(() => agent.runStreaming(ask, { ...run, continuationToken })).toThrow(expect.objectContaining({ code: 'messages_with_token' }))
  await expect(agent.run(ask, { ...run, continuationToken })).rejects.toMatchObject({ code: 'messages_with_token' })
  await expect(agent.run([], { ...run, continuationToken: '' })).rejects.toMatchObject({ code: 'token_invalid' })
  await expect(agent.run([], { ...run, continuationToken: 'nonsense' })).rejects.toMatchObject({ code: 'token_invalid' })
  await expect(agent.run([], { ...run, user: 'bob', continuationToken })).rejects.toMatchObject({ code: 'expired' })
})

async function firstOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  for await (const item of items) return [item]
  return []
}
