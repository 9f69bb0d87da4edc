import { describeError, header, RejoinError, startCursor, textOf, userMessage, type Agent, type ChatMessage } from '@rejoin/core'
import { backgroundAgent, memoryRunRegistry, type BeginResult, type RunRegistry } from '@rejoin/proxy'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { framesIn } from './framesIn.ts'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { chunksOf, collect, post, refusal, runId, serve, settle, sse, startBody, textIn, type Served } from './serve.ts'

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]

/** A start that has been answered, with its run named and open. */
async function started(agent: Puppet, served: Served): Promise<ReturnType<typeof chunksOf>> {
  const answer = served.fetch('/runs', post(startBody(), sse))
  const leg = await agent.leg(agent.legs.length)
  leg.send('handle', open())
  const chunks = chunksOf(await answer)
  await chunks.next()
  return chunks
}

describe('the answer of a start without a stream that ends, or asks, at once', () => {
  const agent = (): Agent =>
    backgroundAgent(async function* ({ ask: asks, messages }) {
      yield 'So far. '
      if (messages.some((message) => textOf(message) === 'Ask me')) yield await asks({ kind: 'input', prompt: 'Which month?' })
    })

  test.each([
    ['Tell me', true, 1],
    ['Ask me', true, 2],
    ['Ask me', false, 2],
  ])('is whole for whoever asks for the run again: "%s", background %s (row 7)', async (words, background, parts) => {
    const served = serve(agent())
    const ada = served.as('ada')
    const message = [userMessage(words)]
    const options = { ...run, background }
    const first = await ada.run(message, options)
    expect(first).toMatchObject({ continuationToken: null, message: { parts: { length: parts } } })
    expect(first).not.toHaveProperty('handle')
    expect(await ada.run(message, options)).toMatchObject({ state: first.state, message: first.message })
    expect(await ada.run([], options)).toMatchObject({ state: first.state, message: first.message })
    expect(textIn(await collect(ada.runStreaming([], options)))).toBe('So far. ')
  })

  test('is recorded by the next process, where this one dies in the middle of that', async () => {
    const registry = memoryRunRegistry()
    const shared = agent()
    const dying = serve(shared, { registry, record: ({ state }) => (state === null ? undefined : new Promise<never>(() => {})) })
    const { message } = await dying.as('ada').run([userMessage('Ask me')], run)
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const recorded: ChatMessage[] = []
    await serve(shared, { registry, record: (entry) => void recorded.push(entry.message) }).fetch('/runs')
    await vi.advanceTimersByTimeAsync(120_000)
    expect(recorded).toEqual([message])
  })
})

describe('a start', () => {
  test('gives the agent the message, whose run it is, and whether it may go to the background', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    void collect(served.as('ada').runStreaming(ask, run))
    const first = await agent.leg()
    expect(first.messages).toMatchObject([{ role: 'user', parts: [{ type: 'text', text: 'Hello?' }] }])
    expect(first.options).toMatchObject({ runId, session: 'support', user: 'ada', background: true })
    void collect(served.as('bob').runStreaming(ask, { ...run, background: false }))
    expect((await agent.leg(1)).options).toMatchObject({ user: 'bob', background: false })
  })

  test('puts the history of this very conversation before the message (row 88)', async () => {
    const agent = puppetAgent()
    const earlier = userMessage('Earlier', 'm0')
    const served = serve(agent, { history: async ({ user, session }) => (user === 'ada' && session === 'support' ? [earlier] : []) })
    void collect(served.as('ada').runStreaming(ask, run))
    expect((await agent.leg()).messages.map(textOf)).toEqual(['Earlier', 'Hello?'])
    void collect(served.as('bob').runStreaming(ask, run))
    expect((await agent.leg(1)).messages.map(textOf)).toEqual(['Hello?'])
  })

  test.each(['unreadable_file', 'invalid_request', 'conversation_lost', 'not_found'] as const)(
    'that the agent refuses with %s is told so, has started nothing, and is in the way of no other',
    async (code) => {
      const agent = puppetAgent()
      const served = serve(agent)
      const answer = served.fetch('/runs', post(startBody(), sse))
      const leg = await agent.leg()
      leg.fail(new RejoinError(code))
      expect(await refusal(await answer)).toMatchObject({ code })
      void collect(served.as('ada').runStreaming(ask, { ...run, runId: 'another-run' }))
      expect((await agent.leg(1)).options).toMatchObject({ runId: 'another-run' })
    },
  )

  test('has its message once, also where the history has it already', async () => {
    const agent = puppetAgent()
    const [question] = ask
    const earlier = userMessage('Earlier', 'm0')
    const served = serve(agent, { history: () => (question ? [earlier, question] : []) })
    void collect(served.as('ada').runStreaming(ask, run))
    expect((await agent.leg()).messages.map(textOf)).toEqual(['Earlier', 'Hello?'])
  })

  test('whose history can not be had does not reach the agent, and can be tried again', async () => {
    const agent = puppetAgent()
    let broken = true
    const served = serve(agent, {
      history() {
        if (broken) throw new Error('database: password=hunter2')
        return []
      },
    })
    const { status, code, body } = await refusal(served.fetch('/runs', post(startBody(), sse)))
    expect({ status, code }).toEqual({ status: 500, code: 'internal' })
    expect(body).not.toContain('hunter2')
    expect(served.errors).toMatchObject([{ where: 'history', error: { message: 'database: password=hunter2' } }])
    broken = false
    void collect(served.as('ada').runStreaming(ask, run))
    expect((await agent.leg()).messages).toHaveLength(1)
  })

  test('passes on every update; an update in the middle without a token does not end the run (row 9)', async () => {
    const agent = puppetAgent()
    const updates = collect(serve(agent).as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send('handle', open(), text(1, 'a'))
    leg.send(null, text(2, 'b'))
    leg.send('handle', text(3, 'c'), end(4))
    const seen = await updates
    expect(seen.map(({ type }) => type)).toEqual(['open', 'text', 'text', 'text', 'end'])
    const tokens = seen.map(({ continuationToken }) => continuationToken?.slice(-startCursor.length) ?? null)
    expect(tokens).toEqual(['0000.0000000000', '0000.0000000001', '0000.0000000002', '0000.0000000003', null])
  })

  test('seals anew when the agent gives the run another handle', async () => {
    const agent = puppetAgent()
    const response = serve(agent).fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    const chunks = chunksOf(await (leg.send('first', open()), response))
    const kinds = async (): Promise<string[]> => framesIn((await chunks.next()) ?? '').map((frame) => frame?.kind ?? 'none')
    expect(await kinds()).toEqual(['token', 'update'])
    leg.send('first', text(1, 'a'))
    expect(await kinds()).toEqual(['update'])
    leg.send('second', text(2, 'b'))
    expect(await kinds()).toEqual(['token', 'update'])
  })
})

describe('a start that its process died in (row 4)', () => {
  /** What a registry says that outlives its processes; and how the start that is repeated begins. */
  async function restarted(agent: Agent) {
    const registry = memoryRunRegistry()
    const begun: string[] = []
    const outliving: RunRegistry = {
      ...registry,
      async begin(key, options) {
        const result: BeginResult = options.again ? { type: 'started' } : await registry.begin(key, options)
        begun.push(result.type)
        return result
      },
    }
    await registry.begin({ user: 'ada', ...run }, { maxRunsPerCaller: 1, again: false })
    await registry.end({ user: 'ada', runId }, { type: 'failed', code: 'start_unknown' }, 0)
    return { begun, updates: collect(serve(agent, { registry: outliving }).as('ada').runStreaming(ask, run)) }
  }

  test('is begun again where the agent says that it starts a run once', async () => {
    const agent = { ...puppetAgent(), startsOnce: true }
    const { begun, updates } = await restarted(agent)
    const leg = await agent.leg()
    expect(leg.messages.map(textOf)).toEqual(['Hello?'])
    leg.send('handle', open(), text(1, 'Yes.'), end(2))
    expect(textIn(await updates)).toBe('Yes.')
    expect(begun).toEqual(['started'])
  })

  test('is reported otherwise, and the agent not asked', async () => {
    const agent = puppetAgent()
    const { begun, updates } = await restarted(agent)
    expect((await updates).at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'start_unknown' } })
    expect(agent.legs).toHaveLength(0)
    expect(begun).toEqual(['joined'])
  })
})

describe('a second start of the same run (row 85)', () => {
  test('joins it from the beginning: the agent is started once', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await started(agent, served)
    const again = collect(served.as('ada').runStreaming(ask, run))
    const resumed = await agent.leg(1)
    expect(resumed.messages).toEqual([])
    expect(resumed.options).toMatchObject({ continuationToken: `handle.${startCursor}`, user: 'ada', session: 'support' })
    resumed.send('handle', open(), text(1, 'all of it'), end(2))
    expect(textIn(await again)).toBe('all of it')
  })

  test('waits while the first has no handle yet, however many come at once', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const streams = Array.from({ length: 5 }, () => collect(served.as('ada').runStreaming(ask, run)))
    const first = await agent.leg()
    await settle()
    expect(agent.legs).toHaveLength(1)
    first.send('handle', open(), text(1, 'a'), end(2))
    for (let at = 1; at < 5; at += 1) (await agent.leg(at)).send('handle', open(), text(1, 'a'), end(2))
    for (const updates of await Promise.all(streams)) expect(textIn(updates)).toBe('a')
    expect(agent.legs.filter(({ messages }) => messages.length > 0)).toHaveLength(1)
  })

  test('of another caller is a run of its own', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await started(agent, served)
    void collect(served.as('bob').runStreaming(ask, run))
    expect((await agent.leg(1)).messages).toHaveLength(1)
  })

  test('finds the run although the first client left before the first byte', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { firstBatchMs: 1 })
    const lost = await served.fetch('/runs', post(startBody(), sse))
    await lost.body?.cancel()
    const leg = await agent.leg()
    expect(leg.signal.aborted).toBe(false)
    expect(served.tasks).toHaveLength(1)
    const again = collect(served.as('ada').runStreaming(ask, run))
    leg.send('handle', open())
    await Promise.all(served.tasks)
    expect(leg.signal.aborted).toBe(true)
    const joined = await agent.leg(1)
    joined.send('handle', open(), text(1, 'a'), end(2))
    expect(textIn(await again)).toBe('a')
  })

  test('finds the run although the request was aborted before it was answered', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const leaving = new AbortController()
    void served.fetch('/runs', { ...post(startBody(), sse), signal: leaving.signal })
    const leg = await agent.leg()
    leaving.abort()
    await settle()
    expect(leg.signal.aborted).toBe(false)
    leg.send('handle', open())
    await Promise.all(served.tasks)
    void collect(served.as('ada').runStreaming(ask, run))
    expect((await agent.leg(1)).options.continuationToken).toBe(`handle.${startCursor}`)
  })

  test('asks the runtime to wait while it is being served, and never again when its client has gone', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const leaving = new AbortController()
    void served.fetch('/runs', { ...post(startBody(), sse), signal: leaving.signal })
    const leg = await agent.leg()
    expect(served.tasks).toHaveLength(1)
    leaving.abort()
    await settle()
    expect(served.tasks).toHaveLength(1)
    leg.send('handle', open())
    await Promise.all(served.tasks)
  })

  test.each(['named', 'failed'])('keeps no runtime waiting for a run that is %s, while its client is there', async (how) => {
    const agent = puppetAgent()
    const served = serve(agent)
    void served.fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    if (how === 'named') leg.send('handle', open())
    else leg.fail(new RejoinError('agent_failed'))
    expect(served.tasks).toHaveLength(1)
    await Promise.all(served.tasks)
  })

  test('finds the run although its client had gone before the agent was asked', async () => {
    const agent = puppetAgent()
    const leaving = new AbortController()
    const served = serve(agent, {
      authorize() {
        leaving.abort()
        return { user: 'ada' }
      },
    })
    void served.fetch('/runs', { ...post(startBody(), sse), signal: leaving.signal })
    ;(await agent.leg()).send('handle', open())
    await vi.waitUntil(() => served.tasks.length > 0)
    await Promise.all(served.tasks)
    void served.fetch(`/runs/${runId}`, { headers: sse })
    expect((await agent.leg(1)).options.continuationToken).toBe(`handle.${startCursor}`)
  })

  test('says that the answer is gone where it had ended without ever having a token', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send(null, open(), text(1, 'quick'), end(2))
    expect(textIn(await updates)).toBe('quick')
    const again = await collect(served.as('ada').runStreaming(ask, run))
    expect(again).toMatchObject([{ type: 'open' }, { type: 'end', outcome: { type: 'expired' } }])
    expect(agent.legs).toHaveLength(1)
  })
})

describe('a start that fails', () => {
  const failures = [
    { thrown: new RejoinError('agent_failed'), code: 'agent_failed', status: 500 },
    { thrown: new Error('upstream said: sk-live-1234'), code: 'start_unknown', status: 500 },
    { thrown: new RejoinError('unreachable'), code: 'start_unknown', status: 500 },
    { thrown: new RejoinError('unauthorized'), code: 'internal', status: 500 },
  ]
  test.each(failures)('with $thrown.message is told as $code, the same again, and asks the agent once', async ({ thrown, code, status }) => {
    const agent = puppetAgent()
    const served = serve(agent)
    const answer = served.fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.fail(thrown)
    const told = await refusal(answer)
    expect(told).toMatchObject({ status, code })
    expect(JSON.parse(told.body).title).toBe(describeError(code))
    expect(served.errors).toMatchObject([{ error: thrown, where: 'start' }])
    const again = await collect(served.as('ada').runStreaming(ask, run))
    expect(again).toMatchObject([{ type: 'open' }, { type: 'end', outcome: { type: 'failed', code } }])
    expect(agent.legs).toHaveLength(1)
  })

  test('because the agent refuses for now says when, and may be tried again under the same id', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const answer = served.fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.fail(new RejoinError('rate_limited', { retryAfterMs: 1_500 }))
    const refused = await answer
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('2')
    void collect(served.as('ada').runStreaming(ask, run))
    expect((await agent.leg(1)).messages).toHaveLength(1)
  })

  test('after the headers were sent is told in the stream', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { firstBatchMs: 1 })
    const answer = await served.fetch('/runs', post(startBody(), sse))
    expect(answer.status).toBe(200)
    const leg = await agent.leg()
    leg.fail(new Error('upstream said: sk-live-1234'))
    const body = await answer.text()
    expect(framesIn(body)).toEqual([{ kind: 'error', code: 'start_unknown' }])
    expect(body).not.toContain('sk-live')
  })

  test('by ending without a word is not complete: it can not be known what became of it', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.close()
    expect(await updates).toEqual([])
    const again = await collect(served.as('ada').runStreaming(ask, run))
    expect(again).toMatchObject([{ type: 'open' }, { type: 'end', outcome: { type: 'failed', code: 'start_unknown' } }])
  })

  test('while nobody is connected any more is remembered all the same', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { firstBatchMs: 1 })
    const lost = await served.fetch('/runs', post(startBody(), sse))
    await lost.body?.cancel()
    const leg = await agent.leg()
    leg.fail(new RejoinError('agent_failed'))
    await Promise.all(served.tasks)
    const again = await collect(served.as('ada').runStreaming(ask, run))
    expect(again.at(-1)).toMatchObject({ type: 'end', outcome: { type: 'failed', code: 'agent_failed' } })
  })
})

describe('a start without a stream', () => {
  test('gives a quick answer without a token (row 2)', async () => {
    const agent = puppetAgent()
    agent.onRun = async () => ({
      ...response(runId, { type: 'completed' }, null),
      message: { id: runId, role: 'assistant', parts: [{ type: 'text', text: 'Hi' }] },
    })
    const answer = await serve(agent).as('ada').run(ask, run)
    expect(answer).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
    expect(textOf(answer.message)).toBe('Hi')
    expect(agent.runs[0]?.options).toMatchObject({ background: true, user: 'ada' })
  })

  test('otherwise gives a token to poll with, the one of the previous answer each time, until it is null (row 3)', async () => {
    const agent = puppetAgent()
    const tokens = ['handle.0000.0000000001', 'handle.0000.0000000002', null]
    const asked: unknown[] = []
    agent.onRun = async ({ continuationToken }) => {
      asked.push(continuationToken ?? null)
      const token = tokens.shift() ?? null
      return response(runId, token === null ? { type: 'completed' } : { type: 'working' }, token)
    }
    const ada = serve(agent).as('ada')
    let answer = await ada.run(ask, run)
    while (answer.continuationToken !== null) {
      answer = await ada.run([], { ...run, continuationToken: answer.continuationToken })
    }
    expect(answer.state).toEqual({ type: 'completed' })
    expect(asked).toEqual([null, 'handle.0000.0000000001', 'handle.0000.0000000002'])
  })

  test('goes on when its client has gone, and is found again', async () => {
    const agent = puppetAgent()
    let answer = (): void => {}
    agent.onRun = ({ continuationToken = null }) =>
      continuationToken === null
        ? new Promise((resolve) => (answer = () => resolve(response(runId, { type: 'working' }, 'handle.0000.0000000001'))))
        : Promise.resolve(response(runId, { type: 'working' }, continuationToken))
    const served = serve(agent)
    const leaving = new AbortController()
    void served.fetch('/runs', { ...post(startBody()), signal: leaving.signal })
    await settle()
    leaving.abort()
    expect(agent.runs[0]?.options.signal?.aborted ?? false).toBe(false)
    expect(served.tasks).toHaveLength(1)
    const again = served.as('ada').run(ask, run)
    answer()
    expect((await again).state).toEqual({ type: 'working' })
    expect(agent.runs.filter(({ messages }) => messages.length > 0)).toHaveLength(1)
  })
})

describe('one active run per session', () => {
  const second = startBody({ id: `${runId}-2` })

  test('a second start is refused as busy; other sessions and other callers are not (rows 88, 89)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await started(agent, served)
    expect(await refusal(served.fetch('/runs', post(second, sse)))).toMatchObject({ status: 409, code: 'busy' })
    void served.fetch('/runs', post(startBody({ id: `${runId}-3`, session: 'another' }), sse))
    void served.fetch('/runs', { ...post(second, sse), user: 'bob' })
    await agent.leg(2)
    expect(agent.legs).toHaveLength(3)
  })

  test('is free again when the run has ended on any leg', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const chunks = await started(agent, served)
    const leg = await agent.leg()
    leg.send('handle', end(1))
    await chunks.next()
    void served.fetch('/runs', post(second, sse))
    expect((await agent.leg(1)).options.runId).toBe(`${runId}-2`)
    expect(agent.runs).toEqual([])
  })

  test.each([
    ['has ended', async () => response(runId, { type: 'completed' }, null)],
    ['is gone', async () => Promise.reject(new RejoinError('expired'))],
  ])('is free again when the run %s while nobody was connected: the agent is asked', async (_, onRun) => {
    const agent = puppetAgent()
    agent.onRun = onRun
    const served = serve(agent)
    await (await started(agent, served)).cancel()
    void served.fetch('/runs', post(second, sse))
    expect((await agent.leg(1)).options.runId).toBe(`${runId}-2`)
    expect(agent.runs).toMatchObject([{ messages: [], options: { runId, user: 'ada', session: 'support' } }])
  })

  test('stays taken where the agent can not say', async () => {
    const agent = puppetAgent()
    agent.onRun = async () => Promise.reject(new Error('down'))
    const served = serve(agent)
    await started(agent, served)
    expect(await refusal(served.fetch('/runs', post(second, sse)))).toMatchObject({ status: 409, code: 'busy' })
  })

  test('stays taken for a client that leaves while the agent is asked; what that throws later is let go', async () => {
    const agent = puppetAgent()
    const leaving = new AbortController()
    agent.onRun = async () => {
      leaving.abort()
      await settle()
      throw new Error('nobody listens')
    }
    const served = serve(agent)
    await started(agent, served)
    const refused = served.fetch('/runs', { ...post(second, sse), signal: leaving.signal })
    expect(await refusal(refused)).toMatchObject({ status: 409, code: 'busy' })
    await settle()
    expect(served.errors).toEqual([])
  })

  test('does not hold on a public page, where everybody has the same sessions', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { authorize: () => null })
    void served.fetch('/runs', post(startBody(), sse))
    void served.fetch('/runs', post(second, sse))
    await agent.leg(1)
    expect(agent.legs.map(({ options }) => options.user)).toEqual([null, null])
    expect(await (await served.fetch('/runs')).json()).toEqual({ runs: [] })
  })
})

describe('a caller with too many active runs', () => {
  test('is refused, until one of them turns out to have ended (row 86)', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { maxRunsPerCaller: 2 })
    for (const n of [1, 2]) {
      const answer = served.fetch('/runs', post(startBody({ id: `run-000${n}`, session: `${n}` }), sse))
      const leg = await agent.leg(n - 1)
      leg.send(`handle-${n}`, open())
      await (await answer).body?.cancel()
    }
    const third = (): Promise<Response> => served.fetch('/runs', post(startBody({ id: 'run-0003', session: '3' }), sse))
    expect(await refusal(third())).toMatchObject({ status: 429, code: 'too_many_runs' })
    agent.onRun = async (options) => response(options.runId, { type: options.runId === 'run-0001' ? 'completed' : 'working' }, null)
    void third()
    expect((await agent.leg(2)).options.runId).toBe('run-0003')
  })
})

test('another device finds the unfinished runs of its caller, and goes on with them by their ids', async () => {
  const agent = puppetAgent()
  const served = serve(agent)
  await started(agent, served)
  const { runs } = await (await served.fetch('/runs')).json()
  expect(runs).toEqual([{ id: runId, session: 'support', state: 'running', startedAt: expect.any(Number) }])
  expect(await (await served.fetch('/runs', { user: 'bob' })).json()).toEqual({ runs: [] })
  const there: Agent = served.as('ada')
  const updates = collect(there.runStreaming([], { runId, session: 'support' }))
  const leg = await agent.leg(1)
  expect(leg.options.continuationToken).toBe(`handle.${startCursor}`)
  leg.send('handle', open(), text(1, 'a'), end(2))
  expect((await updates)[1]?.continuationToken).not.toBeNull()
  expect(await (await served.fetch('/runs')).json()).toEqual({ runs: [] })
})

test('a start carries the version of the wire, and one in another version is refused', async () => {
  const served = serve(puppetAgent(), { firstBatchMs: 1 })
  const answer = await served.fetch('/runs', post(startBody(), sse))
  expect(answer.headers.get(header.version)).toBe('1')
  const other = served.fetch('/runs', post(startBody(), { ...sse, [header.version]: '2' }))
  expect(await refusal(other)).toMatchObject({ status: 400, code: 'invalid_request' })
})
