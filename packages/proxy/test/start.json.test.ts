import { joinToken, RejoinError, startCursor, userMessage, type AgentResponse } from '@rejoin/core'
import { backgroundAgent, memoryRunRegistry, type RunRegistry } from '@rejoin/proxy'
import { describe, expect, test, vi } from 'vitest'
import { puppetAgent, response, type Puppet } from './puppetAgent.ts'
import { post, refusal, runId, serve, sse, startBody, type Served } from './serve.ts'
import { openStore, temporaryFile } from './sqlite/temporaryFile.ts'

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]
const working = (token: string | null): AgentResponse => response(runId, { type: 'working' }, token)
const start = (served: Served): Promise<Response> => served.fetch('/runs', post(startBody()))
const startsOf = ({ runs }: Puppet): number => runs.filter(({ messages }) => messages.length > 0).length

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
    agent.onCancel = async () => {
      throw new RejoinError('not_found')
    }
    const served = serve(agent, { registry: make(), heartbeatMs: 20 })
    const asking = [
      () => start(served),
      () => start(served),
      () => served.fetch(`/runs/${runId}`),
      () => served.fetch(`/runs/${runId}/cancel`, post(JSON.stringify({ session: 'support' }))),
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
