import { userMessage, type Agent, type AgentResponseUpdate, type AgentRunOptions } from '@rejoin/core'
import { backgroundAgent, memoryEventLog, type AfterRestart, type AgentGenerator, type BackgroundAgentOptions, type EventLog, type GeneratorContext, type GeneratorItem } from '@rejoin/proxy'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answering, answerTo, askedIn, shownBy } from './asking.ts'
import { mortal } from './mortalLog.ts'
import { collect, textIn } from './serve.ts'

const run: AgentRunOptions = { session: 'support', runId: 'run-1', user: 'ada' }
const second: AgentRunOptions = { ...run, runId: 'run-2' }
const third: AgentRunOptions = { ...run, runId: 'run-3' }
const ask = [userMessage('Book a trip!')]
const leaseMs = 30

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** Of a process that has died; of one that lives it is soon renewed. */
function leaseRunsOut(): void {
  vi.setSystemTime(Date.now() + leaseMs + 1)
}

/** Processes on one log; each can die. */
function processes(options: BackgroundAgentOptions) {
  const log = memoryEventLog()
  const errors: unknown[] = []
  function start(generator: AgentGenerator) {
    const dying = mortal(log)
    const agent = backgroundAgent(generator, { leaseMs, onError: (error) => errors.push(error), ...options, log: dying.log })
    return {
      agent,
      die() {
        dying.die()
        leaseRunsOut()
      },
    }
  }
  return { log, errors, start }
}

/** Reads until there is so much text. */
async function readUntil(agent: Agent, messages: Parameters<Agent['run']>[0], options: AgentRunOptions, text: string): Promise<AgentResponseUpdate[]> {
  const seen: AgentResponseUpdate[] = []
  for await (const update of agent.runStreaming(messages, options)) {
    seen.push(update)
    if (textIn(seen) === text) break
  }
  return seen
}

/** Asks twice, and stands still where it is told to. Notes what it has got between. */
function trip({ until = '', note = false, calls = [] }: { until?: string; note?: boolean; calls?: GeneratorContext[] } = {}): AgentGenerator {
  return async function* (context): AsyncGenerator<GeneratorItem> {
    const { ask, left } = context
    calls.push(context)
    const noted = typeof left?.checkpoint === 'string' ? left.checkpoint : null
    let city = noted
    if (city === null) {
      yield 'Where? '
      yield { type: 'part', part: { type: 'data', id: 'cities', name: 'cities', data: ['Rome'] } }
      city = await ask({ kind: 'input', prompt: 'Which city?' })
      yield `To ${city}. `
      yield { type: 'progress', step: { id: 'look', label: 'Looking', state: 'active' } }
      if (note) yield { type: 'checkpoint', state: city }
    }
    if (until === 'city') await new Promise(() => {})
    const { approved } = await ask({ kind: 'approval', prompt: `Book ${city}?` })
    yield approved ? 'Booked' : 'Not booked'
    if (until === 'booked') await new Promise(() => {})
    yield '.'
  }
}

describe('a run that waits, whose process dies, of a generator that can be called again,', () => {
  test.each<[AfterRestart, boolean]>([
    ['repeats', false],
    ['repeats', true],
  ])('goes on with the answer in another process: it %s (with a checkpoint: %s) what it said, and nobody sees it twice (row 84)', async (afterRestart, note) => {
    const { start, errors } = processes({ afterRestart })
    const first = start(trip({ note }))
    const asked = await collect(first.agent.runStreaming(ask, run))
    first.die()
    const calls: GeneratorContext[] = []
    const next = start(trip({ note, calls }))
    expect((await next.agent.run([], { ...run })).state).toEqual({ type: 'paused', reason: 'input' })
    expect(calls).toHaveLength(0)
    const answered = await collect(next.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
    expect(calls).toMatchObject([{ messages: ask, runId: 'run-1', session: 'support', user: 'ada', left: { checkpoint: null, text: 'Where? ' } }])
    expect(shownBy(answered).parts).toMatchObject([{ type: 'text', text: 'To Rome. ' }, { type: 'request', kind: 'approval', prompt: 'Book Rome?' }])
    const last = await collect(next.agent.runStreaming([answering(answerTo(askedIn(answered)[0], true))], third))
    expect(textIn(last)).toBe('Booked.')
    expect(last.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
    expect(errors).toEqual([])
  })

  test.each([false, true])('dies with its answers too, again and again, and each was asked for once (with a checkpoint: %s)', async (note) => {
    const { start, errors } = processes({ afterRestart: 'repeats' })
    const first = start(trip({ note }))
    const asked = await collect(first.agent.runStreaming(ask, run))
    first.die()
    const stuck = start(trip({ note, until: 'city' }))
    await readUntil(stuck.agent, [answering(answerTo(askedIn(asked)[0], 'Rome'))], second, 'To Rome. ')
    await vi.waitFor(async () => expect((await stuck.agent.run([], second)).steps).toHaveLength(1))
    stuck.die()
    const calls: GeneratorContext[] = []
    const again = start(trip({ note, until: 'booked', calls }))
    const confirmed = await collect(again.agent.runStreaming([], second))
    expect(textIn(confirmed)).toBe('To Rome. ')
    expect(shownBy(confirmed).parts).toHaveLength(2)
    expect(calls[0]?.left).toEqual({ checkpoint: note ? 'Rome' : null, text: 'Where? To Rome. ' })
    await readUntil(again.agent, [answering(answerTo(askedIn(confirmed)[0], true))], third, 'Booked')
    again.die()
    const last = start(trip({ note }))
    expect(textIn(await collect(last.agent.runStreaming([], third)))).toBe('Booked.')
    expect(errors).toEqual([])
  })

  test('continues after the text of all its runs, and its questions resolve at once', async () => {
    const { start } = processes({ afterRestart: 'continues' })
    const first = start(trip())
    const asked = await collect(first.agent.runStreaming(ask, run))
    first.die()
    const texts: (string | undefined)[] = []
    const next = start(async function* ({ left, ask }) {
      texts.push(left?.text)
      yield `${await ask({ kind: 'input', prompt: 'Which city?' })}!`
    })
    const answered = await collect(next.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
    expect(texts).toEqual(['Where? '])
    expect(textIn(answered)).toBe('Rome!')
    expect(answered.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
  })

  test('goes on with what it asked while something else waited', async () => {
    const { start, errors } = processes({ afterRestart: 'repeats' })
    let later = (): void => {}
    const told = new Promise<void>((resolve) => (later = resolve))
    const helpers: AgentGenerator = async function* ({ ask }) {
      const hotel = told.then(() => ask({ kind: 'input', prompt: 'Which hotel?' }))
      const [city, room] = await Promise.all([ask({ kind: 'input', prompt: 'Which city?' }), hotel])
      yield `${city}, ${room}`
      await ask({ kind: 'approval', prompt: 'Book it?' })
    }
    const first = start(helpers)
    const asked = await collect(first.agent.runStreaming(ask, run))
    later()
    const then = await collect(first.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
    expect(askedIn(then)).toMatchObject([{ prompt: 'Which hotel?', id: 'run-2.1' }])
    first.die()
    const next = start(helpers)
    const last = await collect(next.agent.runStreaming([answering(answerTo(askedIn(then)[0], 'Ritz'))], third))
    expect(textIn(last)).toBe('Rome, Ritz')
    expect(askedIn(last)).toMatchObject([{ prompt: 'Book it?', id: 'run-3.2' }])
    expect(errors).toEqual([])
  })

  test('ends as interrupted where it asks something else than before: an answer is of no use to another question', async () => {
    const { start, errors } = processes({ afterRestart: 'repeats' })
    const first = start(trip())
    const asked = await collect(first.agent.runStreaming(ask, run))
    first.die()
    const next = start(async function* ({ ask }) {
      yield 'Where? '
      const { approved } = await ask({ kind: 'approval', prompt: 'Delete everything?' })
      yield String(approved)
    })
    const answered = await collect(next.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'yes'))], second))
    expect(answered.at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'interrupted' } })
    expect(errors).toMatchObject([{ code: 'interrupted', cause: { message: expect.stringContaining('asked something else') } }])
  })

  test('expires when it has waited too long, though nobody is left to end it', async () => {
    const { start } = processes({ afterRestart: 'repeats', maxPauseMs: 60_000 })
    const first = start(trip())
    const asked = await collect(first.agent.runStreaming(ask, run))
    first.die()
    vi.setSystemTime(Date.now() + 60_000)
    const next = start(trip())
    const answer = collect(next.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
    await expect(answer).rejects.toMatchObject({ code: 'not_found' })
    expect(await next.agent.run([], run)).toMatchObject({ state: { type: 'expired' }, continuationToken: null })
  })

  test('can be stopped in another process', async () => {
    const { start } = processes({ afterRestart: 'repeats' })
    const first = start(trip())
    await collect(first.agent.runStreaming(ask, run))
    first.die()
    const next = start(trip())
    expect(await next.agent.cancel({ ...run, continuationToken: null })).toMatchObject({ state: { type: 'cancelled' } })
  })
})

test('a run that waits, whose process dies, of any other generator: the answer ends as interrupted (row 84)', async () => {
  const { start } = processes({})
  const first = start(trip())
  const asked = await collect(first.agent.runStreaming(ask, run))
  first.die()
  const calls: GeneratorContext[] = []
  const next = start(trip({ calls }))
  const answered = await collect(next.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
  expect(answered.at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'interrupted' } })
  expect(calls).toHaveLength(0)
})

test('and whoever asks for it before hears that, and writes no answer for nothing', async () => {
  const { start } = processes({})
  const first = start(trip())
  const asked = await collect(first.agent.runStreaming(ask, run))
  const here = start(trip())
  expect(await here.agent.run([], run)).toMatchObject({ state: { type: 'paused' } })
  first.die()
  const resumed = await collect(here.agent.runStreaming([], run))
  expect(resumed.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'failed', code: 'interrupted' } })
  const { state, message } = await here.agent.run([], run)
  expect(state).toEqual({ type: 'failed', code: 'interrupted' })
  expect(textIn(asked)).toBe('Where? ')
  expect(message.parts).toEqual(shownBy(asked).parts)
  const answer = collect(here.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
  await expect(answer).rejects.toMatchObject({ code: 'not_found' })
})

describe('a generator that waits in another process', () => {
  test('goes on with an answer that arrives here, also where nobody can call it again', async () => {
    const { start } = processes({})
    const calls: GeneratorContext[] = []
    const waiting = start(trip({ calls }))
    const here = start(trip({ calls }))
    const asked = await collect(waiting.agent.runStreaming(ask, run))
    const answered = await collect(here.agent.runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
    expect(textIn(answered)).toBe('To Rome. ')
    const last = await collect(here.agent.runStreaming([answering(answerTo(askedIn(answered)[0], true))], third))
    expect(textIn(last)).toBe('Booked.')
    expect(calls).toHaveLength(1)
  })

  test('aborts where it is stopped here', async () => {
    const { start } = processes({})
    const aborted = vi.fn<() => void>()
    const waiting = start(async function* ({ ask, signal }) {
      signal.addEventListener('abort', aborted)
      yield await ask({ kind: 'input', prompt: 'Which city?' })
    })
    await collect(waiting.agent.runStreaming(ask, run))
    await start(trip()).agent.cancel({ ...run, continuationToken: null })
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce())
  })

  /** A log whose readers hear of an end only when it is told. */
  function slow(log: EventLog): { log: EventLog; tell(): void } {
    let tell = (): void => {}
    const told = new Promise<void>((resolve) => (tell = resolve))
    return {
      tell,
      log: {
        ...log,
        async *read(...args) {
          for await (const slice of log.read(...args)) {
            if (slice.some(({ type }) => type === 'end')) await told
            yield slice
          }
        },
      },
    }
  }

  test('goes on also where it hears late of the answer', async () => {
    const shared = memoryEventLog()
    const { log, tell } = slow(shared)
    let refused = (): void => {}
    const refusal = new Promise<void>((resolve) => (refused = resolve))
    const hold: EventLog['hold'] = async (...args) => {
      const held = await shared.hold(...args)
      // Once what waits has heard of it, too.
      if (!held) setTimeout(refused, 0)
      return held
    }
    const waiting = backgroundAgent(trip(), { leaseMs, log: { ...log, hold } })
    const asked = await collect(waiting.runStreaming(ask, run))
    const answered = collect(backgroundAgent(trip(), { leaseMs, log: shared }).runStreaming([answering(answerTo(askedIn(asked)[0], 'Rome'))], second))
    // That it can not be held any more says nothing yet.
    await refusal
    tell()
    expect(textIn(await answered)).toBe('To Rome. ')
  })

  test('aborts where it stood still for so long that the answer goes on here', async () => {
    const shared = memoryEventLog()
    const { log, tell } = slow(shared)
    let frozen = true
    const hold: EventLog['hold'] = async (...args) => frozen || (await shared.hold(...args))
    let hear = (_what: string): void => {}
    const first = new Promise<string>((resolve) => (hear = resolve))
    const waiting = backgroundAgent(
      async function* ({ ask, signal }) {
        signal.addEventListener('abort', () => hear('aborted'))
        hear(await ask({ kind: 'input', prompt: 'Which city?' }))
        yield 'never'
      },
      { log: { ...log, hold }, leaseMs, afterRestart: 'repeats' },
    )
    const asked = await collect(waiting.runStreaming(ask, run))
    leaseRunsOut()
    const here = backgroundAgent(
      async function* ({ ask }) {
        yield await ask({ kind: 'input', prompt: 'Which city?' })
        await new Promise(() => {})
      },
      { log: shared, leaseMs, afterRestart: 'repeats' },
    )
    await readUntil(here, [answering(answerTo(askedIn(asked)[0], 'Rome'))], second, 'Rome')
    frozen = false
    tell()
    expect(await first).toBe('aborted')
  })
})

describe('a generator that repeats', () => {
  const items: GeneratorItem[] = [
    { type: 'status', status: 'working' },
    { type: 'reasoning', delta: 'Hm, ' },
    { type: 'reasoning', delta: 'so.' },
    { type: 'part', part: { type: 'tool', id: 'a', name: 'look', state: 'input-available', input: {} } },
    { type: 'progress', step: { id: 'a', label: 'Looking', state: 'active' } },
    'one ',
    { type: 'text', id: 'box', delta: 'boxed' },
    { type: 'part', part: { type: 'tool', id: 'a', name: 'look', state: 'output-available', input: {}, output: 1 } },
    { type: 'progress', step: { id: 'a', label: 'Looking', state: 'done' } },
    'two',
    { type: 'text', id: 'box', delta: ' in' },
    { type: 'refusal', delta: 'No.' },
  ]

  /** Yields them all, stands still before one, and notes where it is after another. */
  function all(until = Infinity, noted = -1): AgentGenerator {
    return async function* ({ left }) {
      const from = typeof left?.checkpoint === 'number' ? left.checkpoint : 0
      for (const [at, item] of items.entries()) {
        if (at < from) continue
        if (at === until) await new Promise(() => {})
        yield item
        if (at === noted) yield { type: 'checkpoint', state: at + 1 }
      }
    }
  }

  test.each(items.map((_, at) => at))('all kinds of items again, having died before number %i: people see each once (row 84)', async (at) => {
    for (const noted of [-1, 2, 5, 7]) {
      const { start, log, errors } = processes({ afterRestart: 'repeats' })
      const first = start(all(at, noted))
      void collect(first.agent.runStreaming(ask, run)).catch(() => {})
      const handle = Buffer.from(JSON.stringify(['ada', 'run-1'])).toString('base64url')
      await vi.waitFor(async () => expect(Number((await log.peek(handle))?.cursor.slice(5))).toBe(at))
      first.die()
      const rest = await collect(start(all()).agent.runStreaming([], run))
      expect(rest.map(({ type }) => type)).toEqual(['open', ...items.map((item) => (typeof item === 'string' ? 'text' : item.type)), 'end'])
      expect(shownBy(rest).parts).toEqual(shownBy(await collect(backgroundAgent(all()).runStreaming(ask, run))).parts)
      expect(errors).toEqual([])
    }
  })

  test('reasoning that is not what it was ends the run as interrupted', async () => {
    const { start } = processes({ afterRestart: 'repeats' })
    const first = start(async function* () {
      yield { type: 'reasoning', delta: 'so' }
      yield 'a'
      await new Promise(() => {})
    })
    await readUntil(first.agent, ask, run, 'a')
    first.die()
    const next = start(async function* () {
      yield { type: 'reasoning', delta: 'otherwise' }
    })
    expect((await collect(next.agent.runStreaming([], run))).at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'interrupted' } })
  })

  test('a part that has become another shows that one in its place', async () => {
    const { start, errors } = processes({ afterRestart: 'repeats' })
    const part = (data: unknown): GeneratorItem => ({ type: 'part', part: { type: 'data', id: 'at', name: 'time', data } })
    const first = start(async function* () {
      yield part(1)
      yield 'a'
      await new Promise(() => {})
    })
    await readUntil(first.agent, ask, run, 'a')
    first.die()
    const next = start(async function* () {
      yield part(2)
      yield 'ab'
    })
    const rest = await collect(next.agent.runStreaming([], run))
    expect(shownBy(rest).parts).toMatchObject([{ type: 'data', data: 2 }, { type: 'text', text: 'ab' }])
    expect(errors).toEqual([])
  })
})
