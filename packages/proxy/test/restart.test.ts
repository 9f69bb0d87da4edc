import { cursorOf, textOf, userMessage, type Agent, type AgentResponseUpdate, type AgentRunOptions } from '@rejoin/core'
import {
  backgroundAgent,
  memoryEventLog,
  type AfterRestart,
  type AgentGenerator,
  type CreateOptions,
  type GeneratorContext,
  type GeneratorItem,
} from '@rejoin/proxy'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mortal } from './mortalLog.ts'
import { collect, textIn } from './serve.ts'

const run: AgentRunOptions = { session: 'support', runId: 'run-1', user: 'ada' }
const ask = [userMessage('Count!')]
const words = ['one ', 'two ', 'three ', 'four ', 'five.']
const leaseMs = 30

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** Counts, and notes after each word how many there are. Stands still before word `until`, as long as its process lives. */
function counting(until = Infinity, seen: GeneratorContext[] = []): AgentGenerator {
  return async function* (context): AsyncGenerator<GeneratorItem> {
    seen.push(context)
    const from = typeof context.left?.checkpoint === 'number' ? context.left.checkpoint : 0
    for (const [at, word] of words.entries()) {
      if (at < from) continue
      if (at === until) await new Promise(() => {})
      yield word
      yield { type: 'checkpoint', state: at + 1 }
    }
  }
}

/** Has no checkpoints: it begins again each time. */
function repeatingAll(until: number): AgentGenerator {
  return async function* () {
    for (const [at, word] of words.entries()) {
      if (at === until) await new Promise(() => {})
      yield word
    }
  }
}

/** Reads the run of a process, kills that in the middle, and reads on from another one's. */
async function survive(
  first: AgentGenerator,
  second: AgentGenerator,
  afterRestart: AfterRestart | undefined,
  enough: (text: string) => boolean,
  limits: { readonly maxRunBytes?: number } = {},
) {
  const shared = memoryEventLog()
  const dying = mortal(shared)
  const seen: AgentResponseUpdate[] = []
  const errors: unknown[] = []
  const options = { ...limits, afterRestart, leaseMs, onError: (error: unknown) => void errors.push(error) }
  for await (const update of backgroundAgent(first, { ...options, log: dying.log }).runStreaming(ask, run)) {
    seen.push(update)
    if (enough(textIn(seen))) break
  }
  dying.die()
  const agent = backgroundAgent(second, { ...options, log: shared })
  const rest = await readOn(agent, seen.at(-1)?.continuationToken)
  return { seen, rest, errors, agent }
}

/** Of a process that has died; of one that lives it is soon renewed. */
function leaseRunsOut(): void {
  vi.setSystemTime(Date.now() + leaseMs + 1)
}

/** The dead process's lease has to run out first. */
async function readOn(agent: Agent, continuationToken: string | null | undefined): Promise<AgentResponseUpdate[]> {
  leaseRunsOut()
  return await collect(agent.runStreaming([], { ...run, continuationToken }))
}

describe('a run whose process dies, of a generator that can be called again,', () => {
  test.each([0, 1, 2, 3, 4])('before word %i is gone on with from its checkpoint (row 84)', async (at) => {
    const calls: GeneratorContext[] = []
    const before = words.slice(0, at).join('')
    const { seen, rest, errors } = await survive(counting(at), counting(Infinity, calls), 'repeats', (text) => text === before)
    expect(textIn([...seen, ...rest])).toBe(words.join(''))
    expect(rest.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'completed' } })
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatchObject({ messages: ask, session: 'support', runId: 'run-1', user: 'ada' })
    expect(calls[0]?.left?.text).toBe(before)
    expect(errors).toEqual([])
  })

  test('says again what came after its checkpoint, however cut, and nobody sees it twice', async () => {
    const { seen, rest } = await survive(
      async function* () {
        yield 'noted, '
        yield { type: 'checkpoint', state: { section: 1 } }
        yield 'half of '
        await new Promise(() => {})
      },
      async function* ({ left }) {
        expect(left).toEqual({ checkpoint: { section: 1 }, text: 'noted, half of ' })
        yield 'ha'
        yield { type: 'progress', step: { id: 'write', label: 'Writing', state: 'active' } }
        yield 'lf of the'
        yield { type: 'checkpoint', state: { section: 2 } }
        yield ' other.'
      },
      'repeats',
      (text) => text.endsWith('half of '),
    )
    expect(textIn([...seen, ...rest])).toBe('noted, half of the other.')
    expect(rest.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
  })

  test.each([
    ['says something else', ['half a ', 'loaf']],
    ['says less', ['half']],
  ])('ends as interrupted where it %s than before, and keeps the text', async (_, words) => {
    const { seen, rest, errors } = await survive(
      async function* () {
        yield 'half of '
        await new Promise(() => {})
      },
      async function* () {
        yield* words
      },
      'repeats',
      (text) => text === 'half of ',
    )
    expect(textIn([...seen, ...rest])).toBe('half of ')
    expect(rest.at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'interrupted' } })
    expect(errors).toMatchObject([{ code: 'interrupted', cause: { message: expect.stringContaining('did not repeat') } }])
  })

  test('dies twice, the second time while it repeats, and still says everything once', async () => {
    const shared = memoryEventLog()
    const text: string[] = []
    let token: string | null = null
    for (const until of [2, 3, Infinity]) {
      const dying = mortal(shared)
      const agent = backgroundAgent(repeatingAll(until), { afterRestart: 'repeats', leaseMs, log: dying.log })
      leaseRunsOut()
      for await (const update of agent.runStreaming(token === null ? ask : [], { ...run, continuationToken: token })) {
        if (update.type === 'text') text.push(update.delta)
        token = update.continuationToken
        if (text.length === until) break
      }
      dying.die()
    }
    expect(text.join('')).toBe(words.join(''))
  })

  test('is told the whole text where it continues, and what it yields comes after that', async () => {
    const texts: (string | undefined)[] = []
    const { seen, rest } = await survive(
      async function* () {
        yield 'noted, '
        yield { type: 'checkpoint', state: { section: 1 } }
        yield 'half of '
        await new Promise(() => {})
      },
      async function* ({ left }) {
        texts.push(left?.text)
        yield 'it.'
      },
      'continues',
      (text) => text.endsWith('half of '),
    )
    expect(texts).toEqual(['noted, half of '])
    expect(textIn([...seen, ...rest])).toBe('noted, half of it.')
  })

  test('is gone on with by a process whose readers only wait', async () => {
    const shared = memoryEventLog()
    const dying = mortal(shared)
    const first = backgroundAgent(counting(2), { afterRestart: 'repeats', leaseMs, log: dying.log })
    for await (const update of first.runStreaming(ask, run)) if (update.type === 'text' && update.delta === 'two ') break
    const second = backgroundAgent(counting(), { afterRestart: 'repeats', leaseMs, log: shared })
    const reading = second.runStreaming(ask, run)[Symbol.asyncIterator]()
    const seen: AgentResponseUpdate[] = []
    while (textIn(seen) !== 'one two ') {
      const { value } = await reading.next()
      if (value) seen.push(value)
    }
    dying.die()
    leaseRunsOut()
    for (let next = await reading.next(); !next.done; next = await reading.next()) seen.push(next.value)
    expect(textIn(seen)).toBe(words.join(''))
    expect(seen.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'completed' } })
  })

  test('is told also what was written while it was being taken over', async () => {
    const shared = memoryEventLog()
    const dying = mortal(shared)
    let goOn = (): void => {}
    const more = new Promise<void>((resolve) => (goOn = resolve))
    const first = backgroundAgent(
      async function* () {
        yield 'one '
        await more
        yield 'two '
        await new Promise(() => {})
      },
      { afterRestart: 'continues', leaseMs, log: dying.log },
    )
    const { continuationToken } = await first.run(ask, { ...run, background: true })
    const texts: (string | undefined)[] = []
    const second = backgroundAgent(
      async function* ({ left }) {
        texts.push(left?.text)
        yield 'three'
      },
      {
        afterRestart: 'continues',
        leaseMs,
        log: {
          ...shared,
          async hold(key, lease) {
            goOn()
            await vi.waitUntil(async () => (await shared.peek(key))?.cursor === cursorOf(0, 2))
            dying.die()
            leaseRunsOut()
            return await shared.hold(key, lease)
          },
        },
      },
    )
    const updates = await collect(second.runStreaming([], { ...run, continuationToken }))
    expect(texts).toEqual(['one two '])
    expect(textIn(updates)).toBe('one two three')
  })

  test('ends as interrupted where what it was asked is not kept', async () => {
    const shared = memoryEventLog()
    const dying = mortal(shared)
    const forgetful = { ...dying.log, create: async (key: string, { lease }: CreateOptions = {}) => await dying.log.create(key, lease && { lease }) }
    const first = backgroundAgent(counting(0), { afterRestart: 'repeats', leaseMs, log: forgetful })
    const { continuationToken } = await first.run(ask, { ...run, background: true })
    dying.die()
    const calls: GeneratorContext[] = []
    const second = backgroundAgent(counting(Infinity, calls), { afterRestart: 'repeats', leaseMs, log: shared })
    expect((await readOn(second, continuationToken)).at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'interrupted' } })
    expect(calls).toHaveLength(0)
  })

  test('can be taken over also in the process that has lost it to one that died, though its generator does not listen', async () => {
    const shared = memoryEventLog()
    let calls = 0
    const deaf = backgroundAgent(
      async function* () {
        calls += 1
        yield 'one '
        if (calls === 1) await new Promise(() => {})
        yield 'two.'
      },
      { afterRestart: 'repeats', leaseMs, log: shared },
    )
    const hold = vi.spyOn(shared, 'hold').mockResolvedValue(false)
    const { continuationToken } = await deaf.run(ask, { ...run, background: true })
    await vi.waitUntil(() => hold.mock.calls.length > 0)
    hold.mockRestore()
    expect(textIn(await readOn(deaf, continuationToken))).toBe('one two.')
    expect(calls).toBe(2)
  })

  test('is called once, however many ask for the run at once', async () => {
    const calls: GeneratorContext[] = []
    const { agent } = await survive(counting(2), counting(Infinity, calls), 'repeats', (text) => text === 'one two ')
    const answers = await Promise.all([1, 2, 3].map(() => agent.run(ask, run)))
    for (const { message } of answers) expect(textOf(message)).toBe(words.join(''))
    expect(calls).toHaveLength(1)
  })

  test('is gone on with by whoever polls', async () => {
    const shared = memoryEventLog()
    const dying = mortal(shared)
    const first = await backgroundAgent(counting(1), { afterRestart: 'repeats', leaseMs, log: dying.log }).run(ask, { ...run, background: true })
    dying.die()
    const second = backgroundAgent(counting(), { afterRestart: 'repeats', leaseMs, log: shared })
    await readOn(second, first.continuationToken)
    const polled = await second.run([], { ...run, continuationToken: first.continuationToken })
    expect(polled).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
    expect(textOf(polled.message)).toBe(words.join(''))
  })

  test('may not become larger than one that did not die', async () => {
    const { seen, rest } = await survive(counting(2), counting(), 'repeats', (text) => text === 'one two ', { maxRunBytes: 200 })
    expect(rest.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'incomplete', reason: 'max_bytes' } })
    expect(textIn([...seen, ...rest])).toBe('one two three ')
  })

  test('fails where the generator can not go on either, and keeps its text', async () => {
    const { seen, rest, errors } = await survive(
      counting(2),
      async function* () {
        yield* []
        throw new Error('The file is gone.')
      },
      'repeats',
      (text) => text === 'one two ',
    )
    expect(rest.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'failed', code: 'agent_failed' } })
    expect(textIn([...seen, ...rest])).toBe('one two ')
    expect(errors).toHaveLength(1)
  })
})

test('a run of any other generator whose process dies ends as interrupted, with what it wrote (row 84)', async () => {
  const again: GeneratorContext[] = []
  const silent: AgentGenerator = async function* () {
    yield 'one '
    await new Promise(() => {})
  }
  const { seen, rest } = await survive(silent, counting(Infinity, again), undefined, (text) => text === 'one ')
  expect(rest.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'failed', code: 'interrupted' } })
  expect(textIn([...seen, ...rest])).toBe('one ')
  expect(again).toHaveLength(0)
})

test('a run that its log has dropped expires for those who wait for more of it', async () => {
  const log = memoryEventLog()
  const dying = mortal(log)
  await backgroundAgent(counting(1), { afterRestart: 'repeats', leaseMs, log: dying.log }).run(ask, { ...run, background: true })
  let dropped = false
  const fading = { ...log, hold: async () => false, peek: async (key: string) => (dropped ? null : await log.peek(key)) }
  const reading = backgroundAgent(counting(), { afterRestart: 'repeats', leaseMs, log: fading }).runStreaming(ask, run)[Symbol.asyncIterator]()
  const seen: AgentResponseUpdate[] = []
  while (textIn(seen) !== 'one ') {
    const { value } = await reading.next()
    if (value) seen.push(value)
  }
  dropped = true
  await expect(reading.next()).rejects.toMatchObject({ code: 'expired' })
})

test('only what can be called again says that it may be started again; the messages of all are kept, for the turns after', async () => {
  const log = memoryEventLog()
  const kept = async (afterRestart: AfterRestart | undefined, runId: string): Promise<number> => {
    const agent = backgroundAgent(counting(0), { afterRestart, log })
    expect(agent.startsOnce).toBe(afterRestart !== undefined)
    const { continuationToken } = await agent.run(ask, { ...run, runId, background: true })
    const [handle = ''] = continuationToken?.split('.') ?? []
    return (await log.asked(handle))?.messages.length ?? 0
  }
  expect(await kept('continues', 'run-1')).toBe(1)
  expect(await kept(undefined, 'run-2')).toBe(1)
})

describe('a checkpoint', () => {
  async function failureOf(generator: AgentGenerator, afterRestart?: AfterRestart): Promise<unknown> {
    const errors: unknown[] = []
    const agent = backgroundAgent(generator, { afterRestart, onError: (error) => errors.push(error) })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'agent_failed' } })
    return errors[0]
  }

  test('that nobody would go on from is refused, and the message says what to do', async () => {
    expect(await failureOf(counting())).toMatchObject({ message: expect.stringContaining('`afterRestart`') })
  })

  test('that is no JSON is refused', async () => {
    const error = await failureOf(async function* () {
      yield { type: 'checkpoint', state: undefined }
    }, 'continues')
    expect(error).toMatchObject({ message: expect.stringContaining('plain data') })
  })

  test('is what it was when it was yielded', async () => {
    const state = { at: 1 }
    const { rest } = await survive(
      async function* () {
        yield { type: 'checkpoint', state }
        state.at = 2
        yield 'x'
        await new Promise(() => {})
      },
      async function* ({ left }) {
        yield JSON.stringify(left?.checkpoint)
      },
      'continues',
      (text) => text === 'x',
    )
    expect(textIn(rest)).toBe('{"at":1}')
  })
})
