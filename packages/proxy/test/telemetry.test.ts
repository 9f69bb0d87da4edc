import { context, SpanKind, trace } from '@opentelemetry/api'
import {
  batchesOf,
  cursorLength,
  joinToken,
  RejoinError,
  splitToken,
  startCursor,
  streamOf,
  type Agent,
  type AgentResponseUpdate,
  type UpdateBatch,
} from '@rejoin/core'
import { backgroundAgent, memoryEventLog } from '@rejoin/proxy'
import { traced } from '@rejoin/proxy/telemetry'
import { scriptedAgent } from '@rejoin/testkit'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { end, open, puppetAgent, response, text } from './puppetAgent.ts'
import { ask, collect, collectUntil, failureOf, inBackground, lastToken, run, runId } from './runs.ts'
import { serve } from './serve.ts'
import { activeSpanId, idOf, recordSpans, summary } from './telemetry/recorder.ts'

const recorder = recordSpans()
const { tracer } = recorder
const script = { steps: ['Be', 'cause.'] }
const name = 'Support'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function theSpan(): ReturnType<typeof recorder.spans>[number] {
  const [span, ...others] = recorder.spans()
  if (span === undefined || others.length > 0) throw new Error(`There are ${others.length + 1} spans.`)
  return span
}

/** What a stream brings, one update a batch, from a generator that can tell in which context it works. */
function agentOf(batches: (signal: AbortSignal | undefined) => AsyncGenerator<UpdateBatch>): Agent {
  return {
    run: async () => response(runId, { type: 'working' }, null),
    runStreaming: (_, { signal }) => streamOf(() => batches(signal)),
    cancel: async () => response(runId, { type: 'cancelled' }, null),
  }
}

describe('a traced agent', () => {
  test('makes one span of each leg, named as the GenAI conventions have it (row 18)', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    const bare = scriptedAgent({ steps: ['Be', { wait: 60_000 }, 'cause.'] })
    const agent = traced(bare, { name, provider: 'openai', model: 'o3', tracer, attributes: { 'server.address': 'api.test' } })
    const [first, second] = await collectUntil(agent.runStreaming(ask, run), ({ type }) => type === 'text')
    const token = second?.continuationToken ?? ''
    expect(first?.type).toBe('open')
    vi.setSystemTime(Date.now() + 60_000)
    await collect(agent.runStreaming([], { ...run, continuationToken: token }))
    await agent.run([], { ...run, continuationToken: token })
    await agent.cancel({ ...run, continuationToken: token })

    const every = {
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'o3',
      'gen_ai.agent.name': name,
      'gen_ai.conversation.id': 'support',
      'gen_ai.response.id': runId,
      'server.address': 'api.test',
    }
    const completed = { 'gen_ai.response.status': 'completed', 'gen_ai.response.finish_reasons': ['stop'], 'rejoin.leg.end': 'closed' }
    const streamed = { 'gen_ai.request.stream': true, 'gen_ai.response.time_to_first_chunk': expect.any(Number) }
    const spans = recorder.spans()
    expect(spans.map(summary)).toEqual([
      {
        name: 'invoke_agent Support',
        attributes: {
          ...every,
          ...streamed,
          'gen_ai.operation.name': 'invoke_agent',
          'rejoin.leg': 'start',
          'rejoin.leg.end': 'left',
          'rejoin.leg.updates': 2,
        },
        failed: false,
      },
      {
        name: 'fetch_response',
        attributes: {
          ...every,
          ...streamed,
          ...completed,
          'gen_ai.operation.name': 'fetch_response',
          'gen_ai.request.stream_cursor': splitToken(token).cursor,
          'rejoin.leg': 'resume',
          'rejoin.leg.updates': 3,
        },
        failed: false,
      },
      { name: 'fetch_response', attributes: { ...every, ...completed, 'gen_ai.operation.name': 'fetch_response', 'rejoin.leg': 'poll' }, failed: false },
      { name: 'cancel_response', attributes: { ...every, ...completed, 'gen_ai.operation.name': 'cancel_response', 'rejoin.leg': 'cancel' }, failed: false },
    ])
    expect(spans.map(({ kind }) => kind)).toEqual(Array(4).fill(SpanKind.CLIENT))
  })

  test('says how long the first piece of an answer has taken, in seconds (row 18)', async () => {
    let passed = 0
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passed)
    const puppet = puppetAgent()
    const agent = traced(puppet, { name, tracer })
    const { signal } = new AbortController()
    const reading = collect(agent.runStreaming(ask, { ...run, signal }))
    const leg = await puppet.leg()
    leg.send('h', open(), { type: 'status', cursor: '0000.0000000001', status: 'working' })
    while (leg.asked < 2) await Promise.resolve()
    passed = 1_500
    leg.send('h', text(2, 'Be'), text(3, 'cause.'))
    leg.send('h', end(4))
    leg.close()
    await reading
    const seconds = theSpan().attributes['gen_ai.response.time_to_first_chunk']
    expect(seconds).toBeGreaterThanOrEqual(1.5)
    expect(seconds).toBeLessThan(1_500)
    expect(theSpan().attributes['rejoin.leg.updates']).toBe(5)
  })

  test('tells what a run has used and how it has ended, on the leg that hears of it (row 18)', async () => {
    const usage = { inputTokens: 12, outputTokens: 34 }
    const agent = traced(
      agentOf(async function* () {
        yield { handle: 'h', updates: [open(), { type: 'end', cursor: startCursor, elapsedMs: 1, outcome: { type: 'incomplete', reason: 'max_output_tokens' }, usage }] }
      }),
      { name, tracer },
    )
    await collect(agent.runStreaming(ask, run))
    expect(theSpan().attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 34,
      'gen_ai.response.status': 'incomplete',
      'gen_ai.response.finish_reasons': ['length'],
    })
    recorder.clear()
    const polled = { ...response(runId, { type: 'completed' }, null), usage }
    await traced({ ...agent, run: async () => polled }, { name, tracer }).run([], { ...run, continuationToken: joinToken('h', startCursor) })
    expect(theSpan().attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 12, 'gen_ai.response.finish_reasons': ['stop'] })
  })

  test('says of a pause that it is one, and of nothing that it is an error (row 18)', async () => {
    const agent = traced(
      agentOf(async function* () {
        yield { handle: 'h', updates: [open(), { type: 'pause', cursor: startCursor, elapsedMs: 1, reason: 'approval' }] }
      }),
      { name, tracer },
    )
    await collect(agent.runStreaming(ask, run))
    expect(summary(theSpan())).toMatchObject({
      attributes: { 'gen_ai.response.status': 'paused', 'gen_ai.response.finish_reasons': ['approval_required'], 'rejoin.leg.end': 'closed' },
      failed: false,
    })
  })

  test('calls a run that fails the error of the leg that began it, and of no other (row 18)', async () => {
    const agent = traced(scriptedAgent({ ...script, outcome: { type: 'failed', code: 'agent_failed' } }), { name, tracer })
    const token = lastToken(await collect(agent.runStreaming(ask, run)))
    await agent.run([], { ...run, continuationToken: token })
    const [start, poll] = recorder.spans().map(summary)
    expect(start).toMatchObject({ failed: true, attributes: { 'error.type': 'agent_failed', 'gen_ai.response.finish_reasons': ['error'] } })
    expect(poll).toMatchObject({ failed: false, attributes: { 'gen_ai.response.status': 'failed' } })
    expect(poll?.attributes).not.toHaveProperty('error.type')
  })

  test('has spans of the kind INTERNAL where nothing goes over a network', async () => {
    await traced(scriptedAgent(script), { name, tracer }).run(ask, run)
    await traced(scriptedAgent(script), { name, tracer, remote: true }).run(ask, run)
    expect(recorder.spans().map(({ kind, attributes }) => [kind, attributes['gen_ai.provider.name']])).toEqual([
      [SpanKind.INTERNAL, 'rejoin'],
      [SpanKind.CLIENT, 'rejoin'],
    ])
  })

  test('lists runs and starts them once as the agent in it does', async () => {
    const listing = [{ id: runId, session: 'support', state: 'running', startedAt: 1 } as const]
    const bare = scriptedAgent(script)
    expect(traced(bare, { name, tracer })).not.toHaveProperty('list')
    expect(traced(bare, { name, tracer })).not.toHaveProperty('startsOnce')
    const agent = traced({ ...bare, startsOnce: true, list: async () => listing }, { name, tracer })
    expect(agent.startsOnce).toBe(true)
    expect(await agent.list?.({})).toEqual(listing)
    expect(recorder.spans()).toEqual([])
  })

  test('costs nothing and leaves tokens as they are where nobody has set up an SDK', async () => {
    const bare = scriptedAgent(script)
    const updates = await collect(traced(bare, { name }).runStreaming(ask, run))
    expect(updates).toEqual(await collect(bare.runStreaming(ask, run)))
  })
})

describe('parents', () => {
  test('are what was active where the leg was begun; what the agent does while it streams is below its leg (row 18)', async () => {
    const inside: (string | null)[] = []
    const agent = traced(
      agentOf(async function* () {
        for (const batch of [[open()], [text(1, 'Be')], [text(2, 'cause.')], [end(3)]]) {
          await Promise.resolve()
          inside.push(activeSpanId())
          tracer.startActiveSpan('fetch', (span) => span.end())
          yield { handle: 'h', updates: batch }
        }
      }),
      { name, tracer },
    )
    const { result: stream, id } = recorder.within('request', () => agent.runStreaming(ask, run))
    await collect(stream)
    const leg = recorder.spans().find((span) => span.name === 'invoke_agent Support')
    expect(leg?.parentSpanContext?.spanId).toBe(id)
    expect(inside).toEqual(Array(4).fill(idOf(leg)))
    const fetches = recorder.spans().filter((span) => span.name === 'fetch')
    expect(fetches.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(Array(4).fill(idOf(leg)))
  })

  test('are those of polls and cancels as well (row 18)', async () => {
    const seen: (string | null)[] = []
    const bare: Agent = {
      ...scriptedAgent(script),
      async run() {
        await Promise.resolve()
        seen.push(activeSpanId())
        return response(runId, { type: 'completed' }, null)
      },
      async cancel() {
        await Promise.resolve()
        seen.push(activeSpanId())
        return response(runId, { type: 'cancelled' }, null)
      },
    }
    const agent = traced(bare, { name, tracer })
    const { result, id } = recorder.within('request', async () => {
      await agent.run(ask, run)
      expect(activeSpanId()).toBe(id)
      await agent.cancel({ ...run, continuationToken: null })
      expect(activeSpanId()).toBe(id)
    })
    await result
    const legs = recorder.spans().filter((span) => span.name !== 'request')
    expect(legs.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([id, id])
    expect(seen).toEqual(legs.map(idOf))
  })

  test('do not reach whoever reads: between two pulls what is active is the reader’s own (row 18)', async () => {
    const puppet = puppetAgent()
    const agent = traced(puppet, { name, tracer })
    const { signal } = new AbortController()
    const stream = agent.runStreaming(ask, { ...run, signal })
    const outside: (string | null)[] = [activeSpanId()]
    async function read(way: AsyncIterable<unknown>): Promise<void> {
      for await (const _ of way) {
        outside.push(activeSpanId())
        await Promise.resolve()
        outside.push(activeSpanId())
      }
      outside.push(activeSpanId())
    }
    const own = tracer.startSpan('reader')
    const reading = context.with(trace.setSpan(context.active(), own), () => [read(stream), read(batchesOf(stream))])
    for (const leg of [await puppet.leg(0), await puppet.leg(1)]) {
      leg.send('h', open())
      leg.send('h', text(1, 'Be'))
      leg.send('h', end(2))
      leg.close()
    }
    await Promise.all(reading)
    own.end()
    expect(outside).toEqual([null, ...Array(14).fill(idOf(own))])
    expect(activeSpanId()).toBeNull()
  })
})

describe('links', () => {
  test('of resumed legs, polls and cancels go to the first span of their run, in other processes too (row 18)', async () => {
    const log = memoryEventLog()
    const process = (): Agent =>
      traced(
        backgroundAgent(
          async function* ({ signal }) {
            yield 'Be'
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          },
          { log },
        ),
        { name, tracer },
      )
    const seen = await collectUntil(process().runStreaming(ask, inBackground), ({ type }) => type === 'text')
    const resumed = await collectUntil(process().runStreaming([], { ...run, continuationToken: lastToken(seen) }), () => true)
    const polled = await process().run([], { ...run, continuationToken: lastToken(resumed) })
    await process().cancel({ ...run, continuationToken: polled.continuationToken })
    const [first, ...others] = recorder.spans()
    expect(first?.links).toEqual([])
    expect(others).toHaveLength(3)
    for (const { links } of others) {
      expect(links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }))).toEqual([
        { traceId: first?.spanContext().traceId, spanId: first?.spanContext().spanId },
      ])
    }
  })

  test('go through the proxy and its sealed tokens (row 18)', async () => {
    const served = serve(traced(scriptedAgent({ steps: ['Be', { wait: Infinity }] }), { name, tracer }))
    const page = served.as('ada')
    const seen = await collectUntil(page.runStreaming(ask, inBackground), ({ type }) => type === 'text')
    await page.run([], { ...run, continuationToken: lastToken(seen) })
    // Another device knows the run's id alone.
    await page.run([], run)
    await page.cancel({ ...run, continuationToken: null })
    const [first, ...others] = recorder.spans()
    expect(others.map(({ links }) => links.map((link) => link.context.spanId))).toEqual(Array.from({ length: 3 }, () => [idOf(first)]))
  })

  test('are in the token’s handle, which stays as it is and of one length (rows 12, 18)', async () => {
    const bare = scriptedAgent({ steps: Array.from({ length: 50 }, () => 'word ') })
    const agent = traced(bare, { name, tracer })
    const updates = await collect(agent.runStreaming(ask, run))
    const tokens = updates.flatMap(({ continuationToken: token }) => token ?? [])
    const handles = new Set(tokens.map((token) => splitToken(token).handle))
    expect(handles.size).toBe(1)
    const again = await collect(agent.runStreaming([], { ...run, continuationToken: tokens[3] }))
    const further = again.flatMap(({ continuationToken: token }) => token ?? [])
    expect(new Set(further.map((token) => splitToken(token).handle))).toEqual(handles)
    expect([...handles][0]).toHaveLength(splitToken(lastToken(await collect(bare.runStreaming(ask, run)))).handle.length + 56)
    expect(bare.calls.at(-2)?.continuationToken).not.toContain('~')
  })

  test('are missing where a token is from before the agent was traced, which goes on as before (row 18)', async () => {
    const bare = scriptedAgent({ steps: ['Be', 'cause.'] })
    const token = lastToken(await collect(bare.runStreaming(ask, run)))
    const agent = traced(bare, { name, tracer })
    const from = { ...run, continuationToken: joinToken(splitToken(token).handle, startCursor) }
    expect(await collect(agent.runStreaming([], from))).toEqual(await collect(bare.runStreaming([], from)))
    expect(await agent.run([], from)).toEqual(await bare.run([], from))
    expect(recorder.spans().map(({ links }) => links)).toEqual([[], []])
  })

  test('to no span at all are none; the agent hears its own token all the same', async () => {
    const bare = scriptedAgent(script)
    const agent = traced(bare, { name, tracer })
    const own = lastToken(await collect(bare.runStreaming(ask, run)))
    await agent.run([], { ...run, continuationToken: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00~${own}` })
    expect(bare.calls.at(-1)?.continuationToken).toBe(own)
    expect(theSpan().links).toEqual([])
    for (const token of ['', '~', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01~`, 'x'.repeat(cursorLength)]) {
      expect(await failureOf(agent.run([], { ...run, continuationToken: token }))).toMatchObject({ code: 'token_invalid' })
    }
  })
})

describe('a span ends once', () => {
  function hanging(): { agent: Agent; stream(signal?: AbortSignal): AsyncIterator<UpdateBatch> } {
    const agent = traced(
      agentOf(async function* () {
        yield { handle: 'h', updates: [open()] }
        await new Promise(() => {})
      }),
      { name, tracer },
    )
    return { agent, stream: (signal) => batchesOf(agent.runStreaming(ask, { ...run, signal }))[Symbol.asyncIterator]() }
  }

  test('and begins with the first pull: a stream that nobody reads has none (row 18)', async () => {
    const bare = scriptedAgent(script)
    const stream = traced(bare, { name, tracer }).runStreaming(ask, run)
    const iterator = batchesOf(stream)[Symbol.asyncIterator]()
    await iterator.return?.()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(recorder.spans()).toEqual([])
    expect(bare.legs).toBe(0)
  })

  test('when the reader leaves, and the agent is left as well (row 18)', async () => {
    let left = 0
    const agent = traced(
      agentOf(async function* () {
        try {
          yield { handle: 'h', updates: [open()] }
        } finally {
          left += 1
          await Promise.resolve()
          expect(activeSpanId()).not.toBeNull()
        }
      }),
      { name, tracer },
    )
    for await (const _ of agent.runStreaming(ask, run)) break
    expect(left).toBe(1)
    expect(theSpan().attributes['rejoin.leg.end']).toBe('left')
  })

  test('when the reader throws (row 18)', async () => {
    const agent = traced(scriptedAgent(script), { name, tracer })
    const reading = (async () => {
      for await (const _ of agent.runStreaming(ask, run)) throw new Error('The reader has had enough.')
    })()
    await expect(reading).rejects.toThrow('The reader has had enough.')
    expect(summary(theSpan())).toMatchObject({ failed: false, attributes: { 'rejoin.leg.end': 'left' } })
  })

  test('at once when the signal aborts, of an agent too that does not listen (row 18)', async () => {
    const { stream, agent } = hanging()
    const aborting = new AbortController()
    const iterator = stream(aborting.signal)
    await iterator.next()
    void iterator.next()
    expect(recorder.open()).toBe(1)
    aborting.abort()
    expect(summary(theSpan())).toMatchObject({ failed: false, attributes: { 'rejoin.leg.end': 'left' } })
    const asking = new AbortController()
    void traced({ ...agent, run: () => new Promise(() => {}) }, { name, tracer }).run(ask, { ...run, signal: asking.signal })
    asking.abort()
    expect(recorder.spans()).toHaveLength(2)
  })

  test('when it is left while the agent hangs (row 18)', async () => {
    const iterator = hanging().stream()
    await iterator.next()
    void iterator.next()
    void iterator.return?.()
    expect(theSpan().attributes['rejoin.leg.end']).toBe('left')
  })

  test('when the agent throws, with the name of the error and nothing of its words (row 18)', async () => {
    const errors = [new RejoinError('rate_limited'), new TypeError('words of a provider'), 'no error at all', Object.assign(new Error('x'), { name: 'words of a provider' })]
    for (const error of errors) {
      const failing = agentOf(async function* () {
        yield { handle: 'h', updates: [open()] }
        throw error
      })
      const agent = traced({ ...failing, run: () => Promise.reject(error) }, { name, tracer })
      expect(await failureOf(collect(agent.runStreaming(ask, run)))).toBe(error)
      expect(await failureOf(agent.run(ask, run))).toBe(error)
    }
    const types = recorder.spans().map(({ attributes }) => attributes['error.type'])
    expect(types).toEqual(['rate_limited', 'rate_limited', 'TypeError', 'TypeError', '_OTHER', '_OTHER', '_OTHER', '_OTHER'])
    for (const span of recorder.spans()) {
      expect(summary(span).failed).toBe(true)
      expect(span.status.message).toBeUndefined()
      expect(span.events).toEqual([])
    }
  })

  test('when the stream is over without an end, which is said to be cut (row 18)', async () => {
    const agent = agentOf(async function* () {
      yield { handle: 'h', updates: [open(), text(1, 'Be')] }
    })
    await collect(traced(agent, { name, tracer }).runStreaming(ask, run))
    expect(summary(theSpan())).toMatchObject({ failed: false, attributes: { 'rejoin.leg.end': 'cut' } })
  })

  test('with the end of its run, whether the stream is read on or not (row 18)', async () => {
    const stream = traced(scriptedAgent(script), { name, tracer }).runStreaming(ask, run)
    const iterator = stream[Symbol.asyncIterator]()
    let update: IteratorResult<AgentResponseUpdate>
    do update = await iterator.next()
    while (!update.done && update.value.type !== 'end')
    expect(theSpan().attributes['rejoin.leg.end']).toBe('closed')
    await iterator.next()
    await iterator.return?.()
    expect(recorder.spans()).toHaveLength(1)
  })

  test('and is not begun by what is refused at once', async () => {
    const agent = traced(scriptedAgent(script), { name, tracer })
    const both = { ...run, continuationToken: joinToken('h', startCursor) }
    expect(() => agent.runStreaming(ask, both)).toThrow(RejoinError)
    await expect(agent.run(ask, both)).rejects.toMatchObject({ code: 'messages_with_token' })
    expect(recorder.spans()).toEqual([])
  })
})

describe('batches', () => {
  test('stay as they are (row 18)', async () => {
    const batches = [[open()], [text(1, 'a'), text(2, 'b'), text(3, 'c')], [text(4, 'd'), end(5)]]
    const bare = agentOf(async function* () {
      for (const updates of batches) yield { handle: 'h', updates }
    })
    const seen: (readonly unknown[])[] = []
    for await (const { updates } of batchesOf(traced(bare, { name, tracer }).runStreaming(ask, run))) seen.push(updates)
    expect(seen).toEqual(batches)
    for (const [at, updates] of seen.entries()) expect(updates).toBe(batches[at])
  })
})

test('a traced agent names a run as its tokens do', async () => {
  const agent = traced(backgroundAgent(async function* () { yield await new Promise<never>(() => {}) }), { name, tracer })
  const heard: string[] = []
  const { continuationToken } = await agent.run(ask, { ...inBackground, named: async (handle) => void heard.push(handle) })
  expect(heard).toEqual([continuationToken && splitToken(continuationToken).handle])
})
