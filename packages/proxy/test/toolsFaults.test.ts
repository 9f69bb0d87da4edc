import { memoryEventLog, type EventLog } from '@rejoin/proxy'
import { type Tools } from '@rejoin/proxy/openai'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createOddProvider, createProvider, type Provider } from './openai/support/provider.ts'
import { ask, collect, collectUntil, endOf, inBackground, lastToken, run, shown, textIn } from './runs.ts'
import { broken, created, done, isCreate, isStream, itemDone, message, responseBody, streamed, type ApiObject } from './responsesWire.ts'

const call = (callId: string): ApiObject => ({ type: 'function_call', name: 'look', call_id: callId, arguments: '{}', status: 'completed' })

function look(execute: () => unknown): Tools {
  return { look: { description: 'Looks', inputSchema: { type: 'object' }, execute } }
}

/** A model that asks for calls, and then answers. */
function callingModel(calls: readonly ApiObject[]): Omit<Provider, 'emulator'> {
  let creates = 0
  return createOddProvider(() => {
    creates += 1
    return streamed([created({}, 0), done(creates === 1 ? calls : [message('done')], 1)])
  })
}

/** A log as a process has it that dies: from then on nothing of it arrives. */
function mortal(log: EventLog): { log: EventLog; die(): void } {
  let dead = false
  const never = new Promise<never>(() => {})
  return {
    die() {
      dead = true
    },
    log: {
      ...log,
      hold: (...args) => (dead ? never : log.hold(...args)),
      append: (...args) => (dead ? never : log.append(...args)),
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How many runs are worked on: each renews its lease from time to time. Their intervals stand still meanwhile. */
function heldRuns(): () => number {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  return () => vi.getTimerCount()
}

describe('a call', () => {
  test('is not made again by a process that hears more of its response than the one before it (row 38)', async () => {
    let creates = 0
    const { agent } = createOddProvider((request) => {
      if (isCreate(request)) {
        creates += 1
        return creates === 1 ? broken('text/event-stream', [created({}, 0)]) : streamed([created({}, 0), done([message('done')], 1)])
      }
      if (isStream(request)) return streamed([itemDone(0, call('call_1'), 1), done([call('call_1')], 2)])
      return Response.json(responseBody({ status: 'completed', output: [call('call_1')] }))
    })
    const shared = memoryEventLog()
    const process = mortal(shared)
    const calls: string[] = []
    const first = agent({
      log: process.log,
      leaseMs: 30,
      tools: look(() => {
        calls.push('first')
        return new Promise(() => {})
      }),
    })
    const seen = await collectUntil(first.runStreaming(ask, inBackground), () => calls.length > 0)
    process.die()
    // The clock alone: the lease runs out.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 })
    onTestFinished(() => void vi.useRealTimers())
    const second = agent({ log: shared, leaseMs: 30, tools: look(() => calls.push('second')) })
    const rest = await collect(second.runStreaming([], { ...inBackground, continuationToken: lastToken(seen) }))
    expect(calls).toEqual(['first'])
    expect(shown([...seen, ...rest]).parts).toContainEqual(expect.objectContaining({ errorCode: 'tool_interrupted' }))
    expect(textIn([...seen, ...rest])).toBe('done')
  })

  test('that a response has twice is made once, and its result told once', async () => {
    const { agent, calls } = callingModel([call('call_1'), call('call_1')])
    const execute = vi.fn<() => number>(() => 1)
    const updates = await collect(agent({ tools: look(execute) }).runStreaming(ask, inBackground))
    expect(execute).toHaveBeenCalledOnce()
    expect(calls[1]?.body).toMatchObject({ input: [{ type: 'function_call_output', call_id: 'call_1', output: '1' }] })
    expect(endOf(updates).outcome).toEqual({ type: 'completed' })
  })

  test('that does not listen to its signal does not keep a cancelled run at work', async () => {
    const holds = heldRuns()
    const { agent } = callingModel([call('call_1'), call('call_2')])
    const begun = Promise.withResolvers<void>()
    const working = agent({
      onError: () => {},
      tools: look(() => {
        begun.resolve()
        return new Promise(() => {})
      }),
    })
    const seen = await collectUntil(working.runStreaming(ask, inBackground), ({ type }) => type === 'progress')
    await begun.promise
    expect(holds()).toBe(1)
    await working.cancel({ ...run, continuationToken: lastToken(seen) })
    await vi.waitFor(() => expect(holds()).toBe(0))
  })
})

describe('a log that fails', () => {
  test('before a call begins leads neither to the call nor to another response (row 31)', async () => {
    const holds = heldRuns()
    const { agent, calls } = callingModel([call('call_1')])
    const log = memoryEventLog()
    const execute = vi.fn<() => number>()
    let appends = 0
    const failing: EventLog = {
      ...log,
      async append(...args) {
        appends += 1
        if (appends > 1) throw new Error('The disk is full.')
        return await log.append(...args)
      },
    }
    const failed = vi.fn<() => void>()
    const working = agent({ log: failing, tools: look(execute), onError: failed })
    await collectUntil(working.runStreaming(ask, inBackground), ({ type }) => type !== 'open')
    await vi.waitFor(() => expect(failed).toHaveBeenCalled())
    await vi.waitFor(() => expect(holds()).toBe(0))
    expect(execute).not.toHaveBeenCalled()
    expect(calls).toHaveLength(1)
  })

  test('right after a run was created there does not leave it to nobody (row 84)', async () => {
    const { agent, calls } = callingModel([call('call_1')])
    const log = memoryEventLog()
    const peek = vi.fn<EventLog['peek']>((...args) => log.peek(...args)).mockRejectedValueOnce(new Error('The network is away.'))
    const working = agent({ log: { ...log, peek }, tools: look(() => 1) })
    await expect(collect(working.runStreaming(ask, inBackground))).rejects.toThrow('The network is away.')
    const updates = await collect(working.runStreaming(ask, inBackground))
    expect(endOf(updates).outcome).toEqual({ type: 'failed', code: 'start_unknown' })
    expect(calls).toHaveLength(0)
  })

  test('to answer a create before it answers another does not make two of one run (row 85)', async () => {
    const { agent, calls } = callingModel([call('call_1')])
    const log = memoryEventLog()
    let creates = 0
    const slow: EventLog = {
      ...log,
      async create(...args) {
        creates += 1
        const waitMs = creates === 1 ? 20 : 1
        const made = await log.create(...args)
        await pause(waitMs)
        return made
      },
    }
    const working = agent({ log: slow, tools: look(() => 1) })
    const both = await Promise.all([1, 2].map(() => collect(working.runStreaming(ask, inBackground))))
    expect(both.map((updates) => endOf(updates).outcome)).toEqual([{ type: 'completed' }, { type: 'completed' }])
    expect(calls).toHaveLength(2)
  })
})

test('a poll that breaks off in the middle of its answer is asked again, the run goes on', async () => {
  let polls = 0
  const { agent } = createOddProvider((request) => {
    if (isCreate(request)) return streamed([created({ status: 'queued' }, 0)])
    if (isStream(request)) return new Response('{}', { status: 400 })
    polls += 1
    return polls === 1 ? broken('application/json') : Response.json(responseBody({ status: 'completed', output: [message('abc')] }))
  })
  const updates = await collect(agent({ tools: look(() => 1) }).runStreaming(ask, inBackground))
  expect(endOf(updates).outcome).toEqual({ type: 'completed' })
  expect(textIn(updates)).toBe('abc')
})

const slow = { paceMs: 5, answer: { output: [{ type: 'message', text: Array.from({ length: 400 }, () => 'x') } as const] } }

test('a run with tools that has grown too large stops its response', async () => {
  const { agent, emulator } = createProvider(slow)
  const updates = await collect(agent({ tools: look(() => 1), maxRunBytes: 1_000 }).runStreaming(ask, inBackground))
  expect(endOf(updates).outcome).toEqual({ type: 'incomplete', reason: 'max_bytes' })
  await vi.waitFor(() => expect(emulator.responses.map(({ status }) => status)).toEqual(['cancelled']))
})

describe('a cancel of a run with tools reaches the provider (row 23)', () => {

  test('also before the response has a name', async () => {
    const { agent, emulator } = createProvider({ ...slow, keepalives: { count: 3, everyMs: 20 } })
    const working = agent({ tools: look(() => 1) })
    const { continuationToken } = await working.run(ask, inBackground)
    await working.cancel({ ...run, continuationToken })
    await vi.waitFor(() => expect(emulator.responses.map(({ status }) => status)).toEqual(['cancelled']))
  })

  test('also where the process that worked on it has died', async () => {
    const { agent, emulator } = createProvider(slow)
    const shared = memoryEventLog()
    const process = mortal(shared)
    const tools = look(() => 1)
    const seen = await collectUntil(agent({ tools, log: process.log }).runStreaming(ask, inBackground), ({ type }) => type === 'text')
    process.die()
    await agent({ tools, log: shared }).cancel({ ...run, continuationToken: lastToken(seen) })
    expect(emulator.responses.map(({ status }) => status)).toEqual(['cancelled'])
  })
})
