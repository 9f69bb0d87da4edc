import {
  hasEnded,
  newRun,
  reduce,
  splitToken,
  userMessage,
  type Agent,
  type AgentResponseUpdate,
  type AgentRunOptions,
  type Run,
} from '@rejoin/core'
import { memoryEventLog, type EventLog } from '@rejoin/proxy'
import { openAIResponsesAgent, type Tools } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator, type ResponsesEmulator, type ResponsesRequest } from '@rejoin/testkit'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { mortal } from './mortalLog.ts'

const run: AgentRunOptions = { session: 'support', runId: 'run-1', background: true, user: 'ada' }

/** A model that asks for the weather of both cities and then says it. */
function weatherModel(paceMs = 0): ResponsesEmulator {
  return responsesEmulator({
    paceMs,
    answer: (request) => {
      const results = request.input.filter(({ type }) => type === 'function_call_output')
      if (results.length > 0) return { output: [{ type: 'message', text: ['It is ', String(results.map(({ output }) => output)), '.'] }] }
      return {
        output: [
          { type: 'message', text: ['Let me ', 'see. '] },
          { type: 'functionCall', name: 'weather', arguments: ['{"city":', '"Paris"}'], callId: 'call_p' },
          { type: 'functionCall', name: 'weather', arguments: ['{"ci', 'ty":"Rome"}'], callId: 'call_r' },
        ],
      }
    },
  })
}

function agentOn<T extends Readonly<Record<string, unknown>>>(
  model: ResponsesEmulator,
  tools: Tools<T>,
  options: { log?: EventLog; leaseMs?: number; onError?: (error: unknown) => void; maxRounds?: number } = {},
): Agent {
  return openAIResponsesAgent({
    apiKey: 'key',
    model: 'model',
    baseURL: 'http://model.test/v1',
    fetch: handlerFetch(model.handler),
    tools,
    onError: () => {},
    ...options,
  })
}

function weather(execute: (input: { city: string }) => unknown, idempotent = false): Tools<{ weather: { city: string } }> {
  return { weather: { description: 'The weather of a city', inputSchema: z.object({ city: z.string() }), execute, idempotent } }
}

async function collect(stream: AsyncIterable<AgentResponseUpdate>): Promise<AgentResponseUpdate[]> {
  const all: AgentResponseUpdate[] = []
  for await (const update of stream) all.push(update)
  return all
}

function reduced(updates: readonly AgentResponseUpdate[]): Run {
  const empty = newRun({ id: 'run-1', session: 'support', message: userMessage('?', 'question'), createdAt: 0 })
  return updates.reduce((state, update) => reduce(state, update), empty)
}

const textsOf = ({ parts }: Run): string[] => parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))

const question = [userMessage('How is the weather in Paris and Rome?')]
const celsius: Record<string, number> = { Paris: 11, Rome: 19 }
const told = (requests: readonly { request: ResponsesRequest }[], at: number): unknown[] =>
  (requests[at]?.request.input ?? []).map(({ call_id, output }) => [call_id, output])

describe('an agent with tools of the app', () => {
  test('tells the model of them and brings it their results, in rounds that chain responses (row 36)', async () => {
    const model = weatherModel()
    const agent = agentOn(model, weather(({ city }) => ({ celsius: celsius[city] })))
    const { parts, state, steps } = reduced(await collect(agent.runStreaming(question, run)))
    expect(state).toEqual({ type: 'completed' })
    expect(model.responses).toHaveLength(2)
    expect(model.responses[0]?.request.tools).toEqual([
      expect.objectContaining({ type: 'function', name: 'weather', description: 'The weather of a city', strict: false }),
    ])
    expect(model.responses[1]?.request.previous_response_id).toBe(model.responses[0]?.id)
    expect(told(model.responses, 1)).toEqual([
      ['call_p', '{"celsius":11}'],
      ['call_r', '{"celsius":19}'],
    ])
    expect(parts).toEqual([
      { type: 'text', id: '0:0.0', text: 'Let me see. ' },
      { type: 'tool', id: '0:1', name: 'weather', state: 'output-available', input: { city: 'Paris' }, output: { celsius: 11 } },
      { type: 'tool', id: '0:2', name: 'weather', state: 'output-available', input: { city: 'Rome' }, output: { celsius: 19 } },
      { type: 'text', id: '1:0.0', text: 'It is {"celsius":11},{"celsius":19}.' },
    ])
    expect(steps).toEqual([
      { id: '0:1', label: 'Using weather', state: 'done' },
      { id: '0:2', label: 'Using weather', state: 'done' },
    ])
  })

  test('goes on after any update of any round, with a cursor that only grows (rows 9, 36)', async () => {
    const model = weatherModel()
    const agent = agentOn(model, weather(({ city }) => celsius[city]))
    const all = await collect(agent.runStreaming(question, run))
    const whole = reduced(all)
    const cursors = all.slice(1).map(({ cursor }) => cursor)
    expect(cursors).toEqual([...new Set(cursors)].sort())
    for (const [k, { continuationToken }] of all.slice(0, -1).entries()) {
      const rest = await collect(agent.runStreaming([], { ...run, continuationToken }))
      expect(reduced([...all.slice(0, k + 1), ...rest]), `after update ${k}`).toEqual(whole)
      expect(rest.slice(1)).toEqual(all.slice(k + 1))
    }
    expect(model.responses).toHaveLength(2)
  })

  test('calls each tool once, with whole arguments, whoever reads the run and how often (row 38)', async () => {
    const model = weatherModel()
    const inputs: unknown[] = []
    const agent = agentOn(
      model,
      weather((input) => {
        inputs.push(input)
        return 1
      }),
    )
    const first = await collect(agent.runStreaming(question, run))
    await Promise.all([
      collect(agent.runStreaming(question, run)),
      agent.run(question, run),
      ...first.slice(0, -1).map(({ continuationToken }) => collect(agent.runStreaming([], { ...run, continuationToken }))),
    ])
    expect(inputs).toEqual([{ city: 'Paris' }, { city: 'Rome' }])
  })

  test('says in the log that a call begins before it does (row 38)', async () => {
    const log = memoryEventLog()
    const seen: unknown[] = []
    const handle = Promise.withResolvers<string>()
    const agent = agentOn(
      weatherModel(),
      weather(async ({ city }) => {
        const head = await log.peek(await handle.promise)
        seen.push([city, head?.checkpoint])
        return 1
      }),
      { log },
    )
    for await (const { continuationToken } of agent.runStreaming(question, run)) {
      if (continuationToken) handle.resolve(splitToken(continuationToken).handle)
    }
    const started = expect.objectContaining({ round: 0, started: ['call_p', 'call_r'] })
    expect(seen).toEqual([
      ['Paris', started],
      ['Rome', started],
    ])
  })

  test('does not call a tool with what its schema refuses, and tells the model', async () => {
    const execute = vi.fn<() => number>()
    const model = weatherModel()
    const tools = { weather: { description: 'w', inputSchema: z.object({ zip: z.number() }), execute } }
    const { parts, state } = reduced(await collect(agentOn(model, tools).runStreaming(question, run)))
    expect(execute).not.toHaveBeenCalled()
    expect(state).toEqual({ type: 'completed' })
    expect(parts[1]).toMatchObject({ type: 'tool', state: 'output-error', errorCode: 'invalid_input' })
    expect(String(told(model.responses, 1)[0])).toContain('does not fit the schema')
  })

  test('keeps what a tool throws to the hook', async () => {
    const model = weatherModel()
    const errors: unknown[] = []
    const failing = weather(() => {
      throw new Error('the password is hunter2')
    })
    const agent = agentOn(model, failing, { onError: (error) => errors.push(error) })
    const all = await collect(agent.runStreaming(question, run))
    expect(errors).toHaveLength(2)
    expect(reduced(all).parts[1]).toMatchObject({ state: 'output-error', errorCode: 'tool_failed' })
    expect(JSON.stringify([all, model.responses])).not.toContain('hunter2')
  })

  test('ends with the calls where one of them is not its own', async () => {
    const model = responsesEmulator({ answer: { output: [{ type: 'functionCall', name: 'other', arguments: '{}' }] } })
    const { parts, state } = reduced(await collect(agentOn(model, weather(() => 1)).runStreaming(question, run)))
    expect(state).toEqual({ type: 'completed' })
    expect(parts).toEqual([{ type: 'tool', id: '0:0', name: 'other', state: 'input-available', input: {} }])
    expect(model.responses).toHaveLength(1)
  })

  test('ends a model that asks for ever', async () => {
    const model = responsesEmulator({ answer: { output: [{ type: 'functionCall', name: 'weather', arguments: '{"city":"X"}' }] } })
    const agent = agentOn(model, weather(() => 1), { maxRounds: 3 })
    expect(reduced(await collect(agent.runStreaming(question, run))).state).toEqual({ type: 'incomplete', reason: 'max_rounds' })
    expect(model.responses).toHaveLength(3)
  })

  test('stops the tools and the response when the run is cancelled, and nothing when a reader leaves', async () => {
    const model = weatherModel()
    const called = Promise.withResolvers<AbortSignal>()
    const tools = {
      weather: {
        description: 'w',
        inputSchema: z.object({ city: z.string() }),
        execute: (_: unknown, { signal }: { signal: AbortSignal }) => {
          called.resolve(signal)
          return new Promise(() => {})
        },
      },
    }
    const agent = agentOn(model, tools)
    let token: string | null = null
    for await (const { continuationToken, ...update } of agent.runStreaming(question, run)) {
      token = continuationToken ?? token
      if (update.type === 'part' && update.part.type === 'tool' && update.part.state === 'input-available') break
    }
    const signal = await called.promise
    expect(signal.aborted).toBe(false)
    expect(await agent.run([], { ...run, continuationToken: token })).toMatchObject({ state: { type: 'working' } })
    expect(await agent.cancel({ ...run, continuationToken: token })).toMatchObject({ state: { type: 'cancelled' } })
    expect(signal.aborted).toBe(true)
    expect(model.responses).toHaveLength(1)
  })

  test('cancels the response that is being written (row 23)', async () => {
    const model = weatherModel(5)
    const agent = agentOn(model, weather(() => 1))
    for await (const { continuationToken, ...update } of agent.runStreaming(question, run)) {
      if (update.type === 'text') await agent.cancel({ ...run, continuationToken })
    }
    await vi.waitFor(() => expect(model.responses.map(({ status }) => status)).toEqual(['cancelled']))
  })

  test('goes on after the last event where the provider can not even be polled for a while (row 10)', async () => {
    const model = responsesEmulator({ answer: { output: [{ type: 'message', text: ['one ', 'two ', { cut: true }, 'three'] }] } })
    const fetch = handlerFetch(model.handler)
    let polls = 0
    const agent = openAIResponsesAgent({
      apiKey: 'key',
      model: 'model',
      baseURL: 'http://model.test/v1',
      tools: weather(() => 1),
      async fetch(url, init) {
        const poll = init.method === undefined && !url.includes('stream=')
        if (poll) polls += 1
        return poll && polls === 1 ? new Response('', { status: 502 }) : await fetch(url, init)
      },
    })
    const all = await collect(agent.runStreaming(question, run))
    expect(polls).toBeGreaterThan(0)
    expect(all.flatMap((update) => (update.type === 'text' ? [update.delta] : []))).toEqual(['one ', 'two ', 'three'])
    expect(textsOf(reduced(all))).toEqual(['one two three'])
  })

  test('tries a refused create again, and no other (row 31)', async () => {
    const asked: number[] = []
    const model = responsesEmulator({ answer: { output: ['Hello'] } })
    const fetch = handlerFetch(model.handler)
    const agent = openAIResponsesAgent({
      apiKey: 'key',
      model: 'model',
      baseURL: 'http://model.test/v1',
      tools: weather(() => 1),
      async fetch(url, init) {
        asked.push(asked.length)
        if (asked.length === 1) return new Response('{}', { status: 429, headers: { 'retry-after-ms': '1' } })
        return await fetch(url, init)
      },
    })
    expect(reduced(await collect(agent.runStreaming(question, run))).state).toEqual({ type: 'completed' })
    expect(model.responses).toHaveLength(1)
    const lost = openAIResponsesAgent({
      apiKey: 'key',
      model: 'model',
      tools: weather(() => 1),
      onError: () => {},
      fetch: () => Promise.reject(new TypeError('terminated')),
    })
    expect(reduced(await collect(lost.runStreaming(question, run))).state).toEqual({ type: 'failed', code: 'start_unknown' })
  })
})

describe('a run with tools whose process dies', () => {
  /** Plays it up to `until`, kills the process, and goes on in another one. */
  async function survive(
    until: (update: AgentResponseUpdate) => boolean,
    tools: (process: number) => Tools<{ weather: { city: string } }>,
    paceMs = 0,
  ): Promise<{ model: ResponsesEmulator; run: Run }> {
    const model = weatherModel(paceMs)
    const shared = memoryEventLog()
    const first = mortal(shared)
    const leaseMs = 30
    const seen: AgentResponseUpdate[] = []
    for await (const update of agentOn(model, tools(1), { log: first.log, leaseMs }).runStreaming(question, run)) {
      seen.push(update)
      if (until(update)) break
    }
    first.die()
    const continuationToken = seen.findLast((update) => update.continuationToken !== null)?.continuationToken ?? null
    const second = agentOn(model, tools(2), { log: shared, leaseMs })
    await vi.waitFor(async () => {
      const { state } = await second.run([], { ...run, continuationToken })
      expect(state.type).toBe('completed')
    })
    const rest = await collect(second.runStreaming([], { ...run, continuationToken }))
    return { model, run: reduced([...seen, ...rest]) }
  }

  const isRunning = (update: AgentResponseUpdate): boolean =>
    update.type === 'progress' && update.step.id === '0:2' && update.step.state === 'active'

  test('goes on with the same response from where the log stands (row 36)', async () => {
    const { model, run: after } = await survive(
      (update) => update.type === 'text',
      () => weather(({ city }) => celsius[city]),
      5,
    )
    expect(textsOf(after)).toEqual(['Let me see. ', 'It is 11,19.'])
    expect(model.responses).toHaveLength(2)
  })

  test('reports a tool that was started and left no result, and does not run it again (row 38)', async () => {
    const calls: string[] = []
    let begun = 0
    const { model, run: after } = await survive(
      (update) => isRunning(update) && begun === 2,
      (process) =>
        weather(({ city }) => {
          begun += 1
          calls.push(`${process} ${city}`)
          return new Promise(() => {})
        }),
    )
    expect(calls).toEqual(['1 Paris', '1 Rome'])
    expect(after.parts[1]).toMatchObject({ state: 'output-error', errorCode: 'tool_interrupted', input: { city: 'Paris' } })
    expect(String(told(model.responses, 1)[0])).toContain('its result was lost')
    expect(hasEnded(after)).toBe(true)
  })

  test('runs it again where that does no harm, and keeps the results there are (row 38)', async () => {
    const calls: string[] = []
    const { model, run: after } = await survive(
      (update) => update.type === 'part' && update.part.type === 'tool' && update.part.state === 'output-available',
      (process) =>
        weather(({ city }) => {
          calls.push(`${process} ${city}`)
          return process === 1 && city === 'Rome' ? new Promise(() => {}) : celsius[city]
        }, true),
    )
    expect(calls).toEqual(['1 Paris', '1 Rome', '2 Rome'])
    expect(told(model.responses, 1)).toEqual([
      ['call_p', '11'],
      ['call_r', '19'],
    ])
    expect(textsOf(after)).toEqual(['Let me see. ', 'It is 11,19.'])
  })

  test('in the middle of a later create does not send it again (row 31)', async () => {
    const model = weatherModel()
    const shared = memoryEventLog()
    const first = mortal(shared)
    const asked: string[] = []
    const creating = Promise.withResolvers<void>()
    const fetch = handlerFetch(model.handler)
    const dying = openAIResponsesAgent({
      apiKey: 'key',
      model: 'model',
      baseURL: 'http://model.test/v1',
      tools: weather(() => 1),
      log: first.log,
      leaseMs: 30,
      async fetch(url, init) {
        const response = await fetch(url, init)
        if (init.method === 'POST') asked.push(url)
        if (asked.length < 2) return response
        creating.resolve()
        return await new Promise(() => {})
      },
    })
    const { continuationToken } = await dying.run(question, run)
    await creating.promise
    first.die()
    const second = agentOn(model, weather(() => 1), { log: shared, leaseMs: 30 })
    await vi.waitFor(async () => {
      const { state } = await second.run([], { ...run, continuationToken })
      expect(state).toEqual({ type: 'failed', code: 'start_unknown' })
    })
    expect(model.responses).toHaveLength(2)
  })

  test('ends where nobody can tell whether a response was created', async () => {
    const shared = memoryEventLog()
    const first = mortal(shared)
    const creating = Promise.withResolvers<void>()
    const dying = openAIResponsesAgent({
      apiKey: 'key',
      model: 'model',
      tools: weather(() => 1),
      log: first.log,
      leaseMs: 30,
      fetch: () => {
        creating.resolve()
        return new Promise(() => {})
      },
    })
    const { continuationToken } = await dying.run(question, run)
    await creating.promise
    first.die()
    const second = agentOn(weatherModel(), weather(() => 1), { log: shared, leaseMs: 30 })
    await vi.waitFor(async () => {
      const { state } = await second.run([], { ...run, continuationToken })
      expect(state).toEqual({ type: 'failed', code: 'start_unknown' })
    })
  })
})
