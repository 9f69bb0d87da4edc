import { cursorOf, isClosing, textOf, userMessage, type AgentRunOptions, type AnswerPart, type RequestPart } from '@rejoin/core'
import { backgroundAgent, memoryEventLog, type AgentGenerator, type BackgroundAgentOptions, type Decision } from '@rejoin/proxy'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { answering, answerTo, askedIn } from './asking.ts'
import { collect, runId, textIn } from './serve.ts'

afterEach(() => void vi.useRealTimers())

const run = { runId, session: 'support', user: 'ada' } satisfies AgentRunOptions
const next = { ...run, runId: 'run-2' }
const ask = [userMessage('Book a trip!')]

const booking: AgentGenerator = async function* ({ ask }) {
  yield 'Where to? '
  const city = await ask({ kind: 'input', prompt: 'Which city?', options: ['Rome', 'Oslo'] })
  yield `${city} it is.`
}

/** An agent that has asked, what it has told, and its first question. */
async function asked(generator: AgentGenerator = booking, options: BackgroundAgentOptions = {}) {
  const log = options.log ?? memoryEventLog()
  const errors: unknown[] = []
  const agent = backgroundAgent(generator, { onError: (error) => errors.push(error), ...options, log })
  const updates = await collect(agent.runStreaming(ask, run))
  const requests = askedIn(updates)
  return { agent, log, errors, updates, requests, request: requests[0], conversation: updates.at(-1) }
}

function tokenAt(n: number, handle = Buffer.from(JSON.stringify(['ada', runId])).toString('base64url')): string {
  return `${handle}.${cursorOf(0, n)}`
}

describe('a generator that asks', () => {
  test('waits: its leg closes behind the question, and a token is of no use any more (rows 7, 25)', async () => {
    const { updates, agent, request } = await asked()
    expect(updates).toMatchObject([
      { type: 'open' },
      { type: 'text', delta: 'Where to? ' },
      { type: 'part', part: { type: 'request', kind: 'input', prompt: 'Which city?', options: ['Rome', 'Oslo'] } },
      { type: 'pause', reason: 'input', continuationToken: null },
    ])
    const polled = await agent.run([], { ...run, continuationToken: tokenAt(1) })
    expect(polled).toMatchObject({ state: { type: 'paused', reason: 'input' }, continuationToken: null })
    expect(polled.message.parts).toEqual([{ type: 'text', text: 'Where to? ' }, request])
    expect(await agent.run(ask, { ...run, background: true })).toMatchObject({ state: { type: 'paused' } })
  })

  test.each([0, 1, 2, 3, 9])('tells whoever resumes at %i the rest and that it waits, with the same cursor each time', async (n) => {
    const { agent, updates } = await asked()
    const resumed = await collect(agent.runStreaming([], { ...run, continuationToken: tokenAt(n) }))
    expect(resumed.slice(1)).toEqual(updates.slice(Math.min(n + 1, 3)))
    expect(resumed.at(-1)).toMatchObject({ type: 'pause', cursor: cursorOf(0, 3), elapsedMs: expect.any(Number) })
  })

  test('goes on with the answer in the run that brings it, and the one that asked is completed (row 25)', async () => {
    const calls = vi.fn<AgentGenerator>(booking)
    const { agent, request } = await asked(calls)
    const answer = await collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], next))
    expect(answer).toMatchObject([{ type: 'open' }, { type: 'text', delta: 'Rome it is.' }, { type: 'end', outcome: { type: 'completed' } }])
    expect(calls).toHaveBeenCalledTimes(1)
    const first = await agent.run([], { ...run, continuationToken: tokenAt(1) })
    expect(first).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
    expect(textOf(first.message)).toBe('Where to? Which city?')
    // Whoever reads the first one to its end hears of no pause any more.
    const again = await collect(agent.runStreaming([], { ...run, continuationToken: tokenAt(1) }))
    expect(again.map(({ type }) => type)).toEqual(['open', 'part', 'end'])
  })

  test('hears a decision, with what the person has to say to it', async () => {
    const heard: Decision[] = []
    const { agent, request, updates } = await asked(async function* ({ ask }) {
      heard.push(await ask({ kind: 'approval', prompt: 'Book it?', name: 'book', input: { city: 'Rome' } }))
      heard.push(await ask({ kind: 'auth', prompt: 'Sign in', url: 'https://example.test' }))
      yield 'done'
    })
    expect(updates.at(-1)).toMatchObject({ reason: 'approval' })
    expect(request).toMatchObject({ kind: 'approval', name: 'book', input: { city: 'Rome' } })
    const no = { type: 'answer', kind: 'approval', request: request.id, approved: false, text: 'Too dear.' } as const
    const second = await collect(agent.runStreaming([answering(no)], next))
    expect(second).toMatchObject([{ type: 'open' }, { type: 'part', part: { kind: 'auth', url: 'https://example.test' } }, { type: 'pause', reason: 'auth' }])
    const third = await collect(agent.runStreaming([answering(answerTo(askedIn(second)[0], true))], { ...run, runId: 'run-3' }))
    expect(textIn(third)).toBe('done')
    expect(heard).toEqual([{ approved: false, text: 'Too dear.' }, { approved: true }])
  })

  test('several things at once waits once, for all of them together', async () => {
    const { agent, requests, updates } = await asked(async function* ({ ask }) {
      const later = async (): Promise<Decision> => {
        await Promise.resolve()
        return await ask({ kind: 'approval', prompt: 'A window seat?' })
      }
      const [city, seat] = await Promise.all([ask({ kind: 'input', prompt: 'Which city?' }), later()])
      yield `${city} ${seat.approved}`
    })
    expect(updates.filter(isClosing)).toHaveLength(1)
    expect(requests).toHaveLength(2)
    const [city, seat] = requests.map((request) => answerTo(request, request.kind === 'input' ? 'Rome' : true))
    if (!city || !seat) throw new Error('Two things are asked.')
    await expect(collect(agent.runStreaming([answering(city)], next))).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(collect(agent.runStreaming([answering(city, seat, city)], next))).rejects.toMatchObject({ code: 'invalid_request' })
    expect(textIn(await collect(agent.runStreaming([answering(seat, city)], next)))).toBe('Rome true')
  })

  test('something while something else waits asks it in the next run, and hears the answer to it', async () => {
    let later = (): void => {}
    const { agent, request, log } = await asked(async function* ({ ask }) {
      const second = new Promise<void>((resolve) => (later = resolve)).then(() => ask({ kind: 'input', prompt: 'And then?' }))
      const cities = await Promise.all([ask({ kind: 'input', prompt: 'Which city?' }), second])
      yield cities.join(', ')
    })
    later()
    const then = await collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], next))
    const [question, ...others] = askedIn(then)
    expect(question).toMatchObject({ prompt: 'And then?' })
    expect(others).toEqual([])
    expect(then.at(-1)).toMatchObject({ type: 'pause' })
    const last = await collect(agent.runStreaming([answering(answerTo(question, 'Oslo'))], { ...run, runId: 'run-3' }))
    expect(textIn(last)).toBe('Rome, Oslo')
    expect(await log.peek(Buffer.from(JSON.stringify(['ada', 'run-2'])).toString('base64url'))).toMatchObject({ end: { outcome: { type: 'completed' } } })
  })

  test('more than a message can answer asks 32 of it first, and then the rest', async () => {
    const { agent, requests } = await asked(async function* ({ ask }) {
      const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => ask({ kind: 'input', prompt: `Number ${at}?` })))
      yield answers.join(' ')
    })
    expect(requests.map(({ prompt }) => prompt)).toEqual(Array.from({ length: 32 }, (_, at) => `Number ${at}?`))
    const toAll = (all: readonly RequestPart[]): AnswerPart[] => all.map((request) => answerTo(request, request.prompt.replace(/\D/g, '')))
    const then = await collect(agent.runStreaming([answering(...toAll(requests))], next))
    const rest = askedIn(then)
    expect(rest).toHaveLength(8)
    const last = await collect(agent.runStreaming([answering(...toAll(rest))], { ...run, runId: 'run-3' }))
    expect(textIn(last)).toBe(Array.from({ length: 40 }, (_, at) => at).join(' '))
  })

  test('hears the first of two answers at once, and the other starts nothing (row 85)', async () => {
    const { agent, log, request } = await asked()
    const runs = ['run-2', 'run-3', 'run-4'].map((runId) => ({ ...run, runId }))
    const results = await Promise.allSettled(runs.map((one, at) => collect(agent.runStreaming([answering(answerTo(request, `City ${at}`))], one))))
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [textIn(result.value)] : []))
    expect(won).toEqual([expect.stringMatching(/^City \d it is\.$/)])
    expect(results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))).toEqual(['not_found', 'not_found'])
    const handles = runs.map(({ runId }) => Buffer.from(JSON.stringify(['ada', runId])).toString('base64url'))
    expect((await Promise.all(handles.map((handle) => log.peek(handle)))).filter(Boolean)).toHaveLength(1)
  })

  test('hears an answer once, though its start is repeated', async () => {
    const { agent, request } = await asked()
    const message = [answering(answerTo(request, 'Rome'))]
    const all = await Promise.all([1, 2, 3].map(() => collect(agent.runStreaming(message, next))))
    for (const updates of all) expect(textIn(updates)).toBe('Rome it is.')
    expect(textIn(await collect(agent.runStreaming(message, next)))).toBe('Rome it is.')
  })

  test('is not answered from another user or session, nor for what it did not ask, nor twice, nor in another kind (rows 80, 88)', async () => {
    const { agent, log, request } = await asked()
    const message = answering(answerTo(request, 'Rome'))
    const codeOf = async (message: ReturnType<typeof answering>, options: AgentRunOptions): Promise<unknown> => {
      return await collect(agent.runStreaming([message], options)).catch(({ code }: { code: unknown }) => code)
    }
    expect(await codeOf(message, { ...next, user: 'bob' })).toBe('not_found')
    expect(await codeOf(message, { ...next, user: null })).toBe('not_found')
    expect(await codeOf(message, { ...next, session: 'other' })).toBe('not_found')
    for (const id of [`${runId}.7`, 'run-9.0', 'guessed', '']) {
      expect(await codeOf(answering(answerTo({ ...request, id }, 'Rome')), next)).toBe('not_found')
    }
    const approval: RequestPart = { ...request, kind: 'approval' }
    expect(await codeOf(answering(answerTo(approval, true)), next)).toBe('invalid_request')
    expect(await log.peek(Buffer.from(JSON.stringify(['ada', 'run-2'])).toString('base64url'))).toBeNull()
    expect(await agent.run([], { ...run, continuationToken: tokenAt(1) })).toMatchObject({ state: { type: 'paused' } })
    expect(textIn(await collect(agent.runStreaming([message], next)))).toBe('Rome it is.')
    expect(await codeOf(message, { ...run, runId: 'run-3' })).toBe('not_found')
  })

  test('takes no time while it waits', async () => {
    vi.useFakeTimers()
    const agent = backgroundAgent(booking)
    const updates = collect(agent.runStreaming(ask, run))
    await vi.advanceTimersByTimeAsync(100)
    const pause = (await updates).at(-1)
    const elapsedMs = pause?.type === 'pause' ? pause.elapsedMs : NaN
    await vi.advanceTimersByTimeAsync(60_000)
    expect((await agent.run([], run)).elapsedMs).toBe(elapsedMs)
    const answered = collect(agent.runStreaming([answering(answerTo(askedIn(await updates)[0], 'Rome'))], next))
    await vi.advanceTimersByTimeAsync(100)
    expect((await answered).at(-1)).toMatchObject({ type: 'end', elapsedMs: expect.any(Number) })
    expect(await agent.run([], run)).toMatchObject({ state: { type: 'completed' }, elapsedMs })
  })

  test('asks what is no question, and is told how to', async () => {
    const errors: unknown[] = []
    const agent = backgroundAgent(
      async function* ({ ask }) {
        yield 'a'
        await ask({ kind: 'auth', prompt: 'Sign in', url: 'javascript:alert(1)' })
      },
      { onError: (error) => errors.push(error) },
    )
    expect((await collect(agent.runStreaming(ask, run))).at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'agent_failed' } })
    expect(errors).toMatchObject([{ name: 'TypeError', message: expect.stringContaining("{ kind: 'input', prompt") }])
  })

  test('and yields before it waits: what comes after the pause belongs to the answer', async () => {
    const { agent, updates, request } = await asked(async function* ({ ask }) {
      const city = ask({ kind: 'input', prompt: 'Which city?' })
      yield 'before '
      await new Promise((resolve) => setTimeout(resolve, 5))
      yield 'after '
      yield await city
    })
    expect(textIn(updates)).toBe('before ')
    expect(textIn(await collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], next)))).toBe('after Rome')
  })
})

describe('the signal of a generator that waits', () => {
  /** Says how its signal was when it stopped waiting. */
  function observed() {
    const seen: string[] = []
    const generator: AgentGenerator = async function* ({ ask, signal }) {
      signal.addEventListener('abort', () => seen.push('aborted'))
      try {
        yield await ask({ kind: 'input', prompt: 'Which city?' })
      } catch (error) {
        seen.push(error === signal.reason ? 'rejected' : String(error))
        throw error
      }
    }
    return { seen, generator }
  }

  test('aborts when the run is stopped, which ends it for good (row 23)', async () => {
    const { seen, generator } = observed()
    const { agent, request, errors } = await asked(generator)
    const stopped = await agent.cancel({ ...run, continuationToken: null })
    expect(stopped).toMatchObject({ state: { type: 'cancelled' }, continuationToken: null })
    expect(stopped.message.parts).toEqual([request])
    await vi.waitFor(() => expect(seen).toEqual(['aborted', 'rejected']))
    const late = collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], next))
    await expect(late).rejects.toMatchObject({ code: 'not_found' })
    expect(errors).toEqual([])
  })

  test('aborts when nobody has answered in time, and the run expires', async () => {
    vi.useFakeTimers()
    const { seen, generator } = observed()
    const agent = backgroundAgent(generator, { maxPauseMs: 60_000 })
    const updates = collect(agent.runStreaming(ask, run))
    await vi.advanceTimersByTimeAsync(100)
    const [request] = askedIn(await updates)
    await vi.advanceTimersByTimeAsync(59_000)
    expect(await agent.run([], { ...run, continuationToken: tokenAt(1) })).toMatchObject({ state: { type: 'paused' } })
    expect(seen).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(seen).toEqual(['aborted', 'rejected'])
    expect(await agent.run([], { ...run, continuationToken: tokenAt(1) })).toMatchObject({ state: { type: 'expired' } })
    await expect(collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], next))).rejects.toMatchObject({ code: 'not_found' })
  })

  test('aborts when the next turn passes the question over', async () => {
    const { seen, generator } = observed()
    const { agent, updates } = await asked(generator)
    const closing = updates.at(-1)
    const conversation = closing && isClosing(closing) ? closing.conversation : undefined
    const turn = await collect(agent.runStreaming([userMessage('Never mind.')], { ...next, conversation }))
    expect(turn.at(-1)).toMatchObject({ type: 'pause' })
    await vi.waitFor(() => expect(seen).toEqual(['aborted', 'rejected']))
    expect(await agent.run([], { ...run, continuationToken: tokenAt(1) })).toMatchObject({ state: { type: 'completed' } })
  })

  const passingOver = { ...next, conversation: null, passesOver: ['unknown', runId] }

  test('aborts when a start passes it over that goes on from elsewhere: nobody can answer it any more', async () => {
    const { seen, generator } = observed()
    const { agent, request } = await asked(generator)
    const turn = await collect(agent.runStreaming([userMessage('Never mind.')], passingOver))
    expect(turn.at(-1)).toMatchObject({ type: 'pause' })
    await vi.waitFor(() => expect(seen).toEqual(['aborted', 'rejected']))
    expect(await agent.run([], run)).toMatchObject({ state: { type: 'completed' } })
    const late = collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], { ...run, runId: 'run-3' }))
    await expect(late).rejects.toMatchObject({ code: 'not_found' })
  })

  test.each([
    ['session', { ...run, session: 'other' }],
    ['user', { ...run, user: 'bob' }],
  ])('stays as it is when a start of another %s names the run', async (_whose, waits) => {
    const { seen, generator } = observed()
    const agent = backgroundAgent(generator)
    const [request] = askedIn(await collect(agent.runStreaming(ask, waits)))
    await collect(agent.runStreaming([userMessage('Never mind.')], passingOver))
    const answer = collect(agent.runStreaming([answering(answerTo(request, 'Rome'))], { ...waits, runId: 'run-3' }))
    expect(textIn(await answer)).toBe('Rome')
    expect(seen).toEqual([])
  })

  test('aborts when the answer to another question passes it over', async () => {
    const { seen, generator } = observed()
    const { agent } = await asked(generator)
    const [other] = askedIn(await collect(agent.runStreaming(ask, { ...next, conversation: null })))
    const options = { ...run, runId: 'run-3', passesOver: [runId] }
    expect(textIn(await collect(agent.runStreaming([answering(answerTo(other, 'Oslo'))], options)))).toBe('Oslo')
    await vi.waitFor(() => expect(seen).toEqual(['aborted', 'rejected']))
    expect(await agent.run([], run)).toMatchObject({ state: { type: 'completed' } })
  })

  test('aborts when the run is asked again in place of it', async () => {
    const { seen, generator } = observed()
    const { agent } = await asked(generator)
    await collect(agent.runStreaming(ask, { ...next, replaces: runId }))
    await vi.waitFor(() => expect(seen).toEqual(['aborted', 'rejected']))
  })

  test('stays as it is when everybody leaves, when the leg ends, and when the answer comes', async () => {
    const signals: AbortSignal[] = []
    const { agent, request } = await asked(async function* ({ ask, signal }) {
      signals.push(signal)
      yield await ask({ kind: 'input', prompt: 'Which city?' })
      await new Promise((resolve) => setTimeout(resolve, 5))
      yield '!'
    })
    const leaving = new AbortController()
    for await (const { type } of agent.runStreaming([answering(answerTo(request, 'Rome'))], { ...next, signal: leaving.signal })) {
      if (type === 'text') break
    }
    leaving.abort()
    expect(textIn(await collect(agent.runStreaming([], next)))).toBe('Rome!')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('aborts when the run that answers is stopped', async () => {
    const seen: string[] = []
    const { agent, request } = await asked(async function* ({ ask, signal }) {
      signal.addEventListener('abort', () => seen.push('aborted'))
      yield await ask({ kind: 'input', prompt: 'Which city?' })
      await new Promise(() => {})
    })
    for await (const { type } of agent.runStreaming([answering(answerTo(request, 'Rome'))], next)) if (type === 'text') break
    expect(await agent.cancel({ ...next, continuationToken: null })).toMatchObject({ state: { type: 'cancelled' } })
    expect(seen).toEqual(['aborted'])
  })
})
