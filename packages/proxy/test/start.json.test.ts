import { joinToken, RejoinError, startCursor, userMessage, type AgentResponse } from '@rejoin/core'
import { backgroundAgent, memoryRunRegistry, type RunRegistry } from '@rejoin/proxy'
import { describe, expect, test, vi } from 'vitest'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { collect, post, refusal, runId, serve, sse, startBody, type Served } from './serve.ts'
import { openStore, temporaryFile } from './sqlite/temporaryFile.ts'

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]
const working = (token: string | null): AgentResponse => response(runId, { type: 'working' }, token)
const start = (served: Served): Promise<Response> => served.fetch('/runs', post(startBody()))
const startsOf = ({ runs }: Puppet): number => runs.filter(({ messages }) => messages.length > 0).length

/** The registry, which refuses the first so many calls of this kind. */
function failing(registry: RunRegistry, name: 'running' | 'end' | 'drop', times: number): RunRegistry {
  let left = times
  const refuse = (): Promise<void> | null => ((left -= 1) < 0 ? null : Promise.reject(new RejoinError('unavailable')))
  if (name === 'running') return { ...registry, running: (...given) => refuse() ?? registry.running(...given) }
  if (name === 'drop') return { ...registry, drop: (...given) => refuse() ?? registry.drop(...given) }
  return { ...registry, end: (...given) => refuse() ?? registry.end(...given) }
}

const stores: { store: string; make(): RunRegistry }[] = [
  { store: 'memory', make: () => memoryRunRegistry() },
  { store: 'SQLite', make: () => openStore().registry },
]

describe.each(stores)('a start without a stream, its run in $store,', ({ make }) => {
  test('can be joined from the moment that the agent names it, also in another process, and after its own has died (rows 4, 85)', async () => {
    const registry = make()
    const agent = puppetAgent()
    const named = Promise.withResolvers<void>()
    agent.onRun = async ({ named: tell, continuationToken }) => {
      if (continuationToken) return working(continuationToken)
      await tell?.('handle')
      named.resolve()
      return await new Promise<never>(() => {})
    }
    void start(serve(agent, { registry }))
    await named.promise
    const next = serve(agent, { registry }).as('ada')
    expect(await next.run(ask, run)).toMatchObject({ state: { type: 'working' }, continuationToken: expect.any(String) })
    expect(agent.runs.at(-1)?.options.continuationToken).toBe(joinToken('handle', startCursor))
    expect(startsOf(agent)).toBe(1)
  })

  test('has not failed by an answer that can not be had once the agent has named it', async () => {
    const agent = puppetAgent()
    agent.onRun = async ({ named, continuationToken }) => {
      if (continuationToken) return working(continuationToken)
      await named?.('handle')
      throw new RejoinError('unavailable')
    }
    const served = serve(agent, { registry: make() })
    expect(await refusal(start(served))).toMatchObject({ status: 503, code: 'unavailable' })
    expect(await served.as('ada').run(ask, run)).toMatchObject({ state: { type: 'working' } })
    expect(startsOf(agent)).toBe(1)
  })

  test('that takes its time is to be asked for again, by whoever waits for it, and goes on (row 85)', async () => {
    const agent = puppetAgent()
    const answer = Promise.withResolvers<AgentResponse>()
    agent.onRun = ({ continuationToken }) => (continuationToken ? Promise.resolve(working(continuationToken)) : answer.promise)
    // It knows nothing of it; then it does not answer at all.
    agent.onCancel = () => {
      agent.onCancel = () => new Promise(() => {})
      return Promise.reject(new RejoinError('not_found'))
    }
    const served = serve(agent, { registry: make(), heartbeatMs: 20 })
    const stop = (): Promise<Response> => served.fetch(`/runs/${runId}/cancel`, post(JSON.stringify({ session: 'support' })))
    const asking = [
      () => start(served),
      () => start(served),
      () => served.fetch(`/runs/${runId}`),
      stop,
      stop,
    ]
    for (const asked of asking) {
      const told = await asked()
      expect(told.headers.get('retry-after')).toBe('1')
      expect(await refusal(told)).toMatchObject({ status: 503, code: 'unavailable' })
    }
    answer.resolve(working(joinToken('handle', startCursor)))
    await served.tasks[0]
    expect(await served.as('ada').run(ask, run)).toMatchObject({ state: { type: 'working' }, continuationToken: expect.any(String) })
    expect(startsOf(agent)).toBe(1)
  })

  test('that comes to a whole answer without a name is told it again, however it is asked for (row 85)', async () => {
    const agent = puppetAgent()
    const answer = Promise.withResolvers<AgentResponse>()
    agent.onRun = () => answer.promise
    const served = serve(agent, { registry: make(), heartbeatMs: 20 })
    expect(await refusal(start(served))).toMatchObject({ status: 503, code: 'unavailable' })
    const parts = [{ type: 'text', id: 'said', text: 'The whole answer.' }] as const
    answer.resolve({ ...response(runId, { type: 'completed' }, null), message: { id: runId, role: 'assistant', parts }, conversation: 'talk' })
    const told = await served.as('ada').run(ask, run)
    expect(told).toMatchObject({ state: { type: 'completed' }, message: { parts }, continuationToken: null, conversation: expect.any(String) })
    expect(await served.as('ada').run([], { ...run, continuationToken: null })).toEqual(told)
    const updates = await collect(served.as('ada').runStreaming(ask, run))
    expect(updates).toMatchObject([{ type: 'open' }, { type: 'snapshot', parts }, { type: 'end', outcome: { type: 'completed' }, conversation: told.conversation }])
    expect(await refusal(served.fetch(`/runs/${runId}`, { user: 'bob' }))).toMatchObject({ status: 404 })
    expect(startsOf(agent)).toBe(1)
  })

  test('forgets such an answer after five minutes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const agent = puppetAgent()
      agent.onRun = async () => response(runId, { type: 'completed' }, null)
      const served = serve(agent, { registry: make() })
      const states = async (): Promise<unknown> => (await served.as('ada').run(ask, run)).state
      expect(await states()).toEqual({ type: 'completed' })
      await vi.advanceTimersByTimeAsync(299_000)
      expect(await states()).toEqual({ type: 'completed' })
      await vi.advanceTimersByTimeAsync(1_000)
      expect(await states()).toEqual({ type: 'expired' })
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['without a stream', {}],
    ['with one', sse],
  ])('is begun once although the registry fails when it is named, %s', async (_, headers) => {
    const agent = puppetAgent()
    agent.onRun = async ({ named, continuationToken }) => {
      if (!continuationToken) await named?.('handle')
      return working(continuationToken ?? joinToken('handle', startCursor))
    }
    const registry = failing(make(), 'running', 3)
    const served = serve(agent, { registry })
    const answer = served.fetch('/runs', post(startBody(), headers))
    if (_ === 'with one') {
      const leg = await agent.leg()
      leg.send('handle', open(), text(1, 'On'))
    }
    const told = await answer
    expect(told.status).toBe(200)
    void told.text()
    await vi.waitFor(async () => expect(await registry.get({ user: 'ada', runId })).toMatchObject({ state: 'running', handle: 'handle' }))
    expect(await served.as('ada').run(ask, run)).toMatchObject({ state: { type: 'working' } })
    expect(new Set(served.errors.map(({ where }) => where))).toEqual(new Set(['proxy']))
    expect(startsOf(agent) + agent.legs.length).toBe(1)
  })

  test('that is refused while the registry fails is forgotten at once or never: it may be sent again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const agent = puppetAgent()
      agent.onRun = () => Promise.reject(new RejoinError('rate_limited'))
      const registry = failing(make(), 'drop', 1)
      const served = serve(agent, { registry })
      expect(await refusal(start(served))).toMatchObject({ code: 'rate_limited' })
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await registry.get({ user: 'ada', runId })).toMatchObject({ state: 'starting' })
      expect(startsOf(agent)).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test('whose client has left is noted under its name although the registry fails at first', async () => {
    const agent = puppetAgent()
    const registry = failing(make(), 'running', 3)
    const served = serve(agent, { registry })
    const leaving = new AbortController()
    void served.fetch('/runs', { ...post(startBody(), sse), signal: leaving.signal })
    const leg = await agent.leg()
    leaving.abort()
    leg.send('handle', open(), text(1, 'On'))
    await vi.waitFor(async () => expect(await registry.get({ user: 'ada', runId })).toMatchObject({ state: 'running', handle: 'handle' }))
  })

  test.each([
    ['without a stream', {}],
    ['with one', sse],
  ])('tells its whole answer although the registry fails at its end, and blocks nothing after that, %s', async (_, headers) => {
    const agent = puppetAgent()
    const parts = [{ type: 'text', text: 'All of it.' }] as const
    agent.onRun = async () => ({ ...response(runId, { type: 'completed' }, null), message: { id: runId, role: 'assistant', parts } })
    const registry = failing(make(), 'end', 3)
    const served = serve(agent, { registry })
    const answer = served.fetch('/runs', post(startBody(), headers))
    if (_ === 'with one') (await agent.leg()).send(null, open(), text(1, 'All of it.'), end(2))
    const told = await (await answer).text()
    expect(told).toContain('All of it.')
    expect(told).toContain('completed')
    await vi.waitFor(async () => expect(await registry.get({ user: 'ada', runId })).toMatchObject({ state: 'ended' }))
    expect(startsOf(agent) + agent.legs.length).toBe(1)
  })

  test('whose client leaves is joined by the next (row 85)', async () => {
    const agent = puppetAgent()
    const answer = Promise.withResolvers<AgentResponse>()
    agent.onRun = ({ continuationToken }) => (continuationToken ? Promise.resolve(working(continuationToken)) : answer.promise)
    const served = serve(agent, { registry: make() })
    const leaving = new AbortController()
    void served.fetch('/runs', { ...post(startBody()), signal: leaving.signal })
    await vi.waitFor(() => expect(startsOf(agent)).toBe(1))
    leaving.abort()
    const next = served.as('ada').run(ask, run)
    answer.resolve(working(joinToken('handle', startCursor)))
    expect(await next).toMatchObject({ state: { type: 'working' }, continuationToken: expect.any(String) })
    expect(startsOf(agent)).toBe(1)
  })
})

describe('a start whose process died before the agent had named its run (row 4)', () => {
  /** It is left by a process that has begun it as JSON. */
  async function left(): Promise<RunRegistry> {
    const file = temporaryFile()
    const agent = puppetAgent()
    agent.onRun = () => new Promise(() => {})
    const store = openStore({ file })
    void start(serve(agent, { registry: store.registry }))
    await vi.waitFor(() => expect(startsOf(agent)).toBe(1))
    await store.close()
    return openStore({ file }).registry
  }

  test.each([
    ['with a stream', sse],
    ['without one', {}],
  ])('is unknown %s, where the agent does not start a run once', async (_, headers) => {
    const agent = puppetAgent()
    const told = await (await serve(agent, { registry: await left() }).fetch('/runs', post(startBody(), headers))).text()
    expect(told).toContain('"code":"start_unknown"')
    expect([startsOf(agent), agent.legs.length]).toEqual([0, 0])
  })

  test('is begun again without a stream where it does', async () => {
    const agent = { ...puppetAgent(), startsOnce: true }
    agent.run = async () => working(joinToken('handle', startCursor))
    const next = serve(agent, { registry: await left() }).as('ada')
    expect(await next.run(ask, run)).toMatchObject({ state: { type: 'working' }, continuationToken: expect.any(String) })
  })
})

test('a generator agent names a run before it answers', async () => {
  const agent = backgroundAgent(async function* () {
    yield 'So far.'
    await new Promise(() => {})
  })
  const handle = await new Promise<string>((resolve) => {
    void agent.run(ask, { ...run, background: false, named: async (name) => resolve(name) })
  })
  expect(await agent.run([], { ...run, continuationToken: joinToken(handle, startCursor) })).toMatchObject({ state: { type: 'working' } })
})
