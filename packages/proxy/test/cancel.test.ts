import { cursorOf, joinToken, RejoinError, startCursor, userMessage } from '@rejoin/core'
import { backgroundAgent } from '@rejoin/proxy'
import { describe, expect, test } from 'vitest'
import { framesIn } from './framesIn.ts'
import { end, open, puppetAgent, response, text } from './puppetAgent.ts'
import { collect, post, refusal, runId, serve, settle, sse, startBody, textIn, type Served } from './serve.ts'

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]
const cancelBody = JSON.stringify({ session: 'support' })

describe('a stop for a run not seen yet', () => {
  test('is acknowledged, and a later start of it is cancelled without the agent (row 90)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const stopped = await served.as('ada').cancel({ ...run, continuationToken: null })
    expect(stopped).toMatchObject({ runId, state: { type: 'cancelled' }, continuationToken: null, elapsedMs: 0 })
    const updates = await collect(served.as('ada').runStreaming(ask, run))
    expect(updates).toMatchObject([{ type: 'open' }, { type: 'end', outcome: { type: 'cancelled' } }])
    expect(await served.as('ada').run(ask, run)).toMatchObject({ state: { type: 'cancelled' } })
    expect(await served.as('ada').run([], run)).toMatchObject({ state: { type: 'cancelled' } })
    expect([agent.legs, agent.runs, agent.cancels]).toEqual([[], [], []])
  })

  test("stops nobody else's run of that id, and takes no session", async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await served.as('bob').cancel({ ...run, continuationToken: null })
    void collect(served.as('ada').runStreaming(ask, run))
    expect((await agent.leg()).options.user).toBe('ada')
    void served.fetch('/runs', { ...post(startBody({ id: `${runId}-2` }), sse), user: 'bob' })
    expect((await agent.leg(1)).options.user).toBe('bob')
  })
})

describe('a stop', () => {
  async function started(served: Served, agent: ReturnType<typeof puppetAgent>): Promise<string> {
    const stream = served.as('ada').runStreaming(ask, run)[Symbol.asyncIterator]()
    const first = stream.next()
    ;(await agent.leg()).send('handle', open(), text(1, 'a'))
    const { value } = await first
    return value?.continuationToken ?? ''
  }

  test('reaches the agent with the token (row 23)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const continuationToken = await started(served, agent)
    const stopped = await served.as('ada').cancel({ ...run, continuationToken })
    expect(stopped.state).toEqual({ type: 'cancelled' })
    expect(agent.cancels).toMatchObject([{ runId, session: 'support', user: 'ada', continuationToken: joinToken('handle', startCursor) }])
  })

  test('reaches the agent without a token too: after a lost start, from another device', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await started(served, agent)
    await served.as('ada').cancel({ ...run, continuationToken: null })
    expect(agent.cancels).toMatchObject([{ continuationToken: joinToken('handle', startCursor) }])
  })

  test('of a start that has no handle yet is the agent’s to find by its id', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const reading = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    expect((await served.as('ada').cancel({ ...run, continuationToken: null })).state).toEqual({ type: 'cancelled' })
    expect(agent.cancels).toMatchObject([{ runId, continuationToken: null, user: 'ada' }])
    leg.send(null, open(), end(1))
    expect((await reading).at(-1)).toMatchObject({ type: 'end', outcome: { type: 'cancelled' } })
  })

  test('of a start that has no handle yet, and that the agent can not find, waits for it, and then cancels', async () => {
    const agent = puppetAgent()
    const { onCancel } = agent
    agent.onCancel = async (asked) => {
      if (asked.continuationToken === null) throw new RejoinError('not_found')
      return await onCancel(asked)
    }
    const served = serve(agent)
    void collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    const stopping = served.as('ada').cancel({ ...run, continuationToken: null })
    await settle()
    expect(agent.cancels).toHaveLength(1)
    leg.send('handle', open())
    expect((await stopping).state).toEqual({ type: 'cancelled' })
    expect(agent.cancels).toHaveLength(2)
  })

  test('that came before its run is told to whoever asks from any cursor, right after that', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await served.as('ada').cancel({ ...run, continuationToken: null })
    const answer = await served.fetch(`/runs/${runId}`, { headers: { ...sse, 'last-event-id': cursorOf(2, 42) } })
    expect(framesIn(await answer.text())).toMatchObject([
      { kind: 'update', update: { type: 'open', cursor: cursorOf(2, 42), mode: 'tail' } },
      { kind: 'update', update: { type: 'end', cursor: cursorOf(2, 43), outcome: { type: 'cancelled' } } },
    ])
    expect(agent.legs).toHaveLength(0)
  })

  test('frees the session', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const continuationToken = await started(served, agent)
    await served.as('ada').cancel({ ...run, continuationToken })
    void served.fetch('/runs', post(startBody({ id: `${runId}-2` }), sse))
    expect((await agent.leg(1)).options.runId).toBe(`${runId}-2`)
    expect(agent.runs).toEqual([])
  })

  test('is not undone by its page closing', async () => {
    const agent = puppetAgent()
    let acknowledge = (): void => {}
    agent.onCancel = () => new Promise((resolve) => (acknowledge = () => resolve(response(runId, { type: 'cancelled' }, null))))
    const served = serve(agent)
    await started(served, agent)
    const closing = new AbortController()
    const stopping = served.fetch(`/runs/${runId}/cancel`, { ...post(cancelBody), signal: closing.signal })
    await settle()
    closing.abort()
    expect(agent.cancels[0]?.signal?.aborted ?? false).toBe(false)
    acknowledge()
    expect((await stopping).status).toBe(200)
    // The start's and the stop's.
    expect(served.tasks).toHaveLength(2)
  })

  test('that the agent can not take is an error in our own words', async () => {
    const agent = puppetAgent()
    agent.onCancel = async () => Promise.reject(new Error('upstream said: sk-live-1234'))
    const served = serve(agent)
    await started(served, agent)
    const { status, code, body } = await refusal(served.fetch(`/runs/${runId}/cancel`, post(cancelBody)))
    expect({ status, code }).toEqual({ status: 500, code: 'internal' })
    expect(body).not.toContain('sk-live')
    agent.onCancel = async () => Promise.reject(new RejoinError('expired'))
    expect(await refusal(served.fetch(`/runs/${runId}/cancel`, post(cancelBody)))).toMatchObject({ status: 410, code: 'expired' })
    expect(served.errors.map(({ where }) => where)).toEqual(['cancel', 'cancel'])
  })

  test('twice is once; after completion the result stays (row 23)', async () => {
    const served = serve(
      backgroundAgent(async function* () {
        yield 'done'
      }),
    )
    const updates = await collect(served.as('ada').runStreaming(ask, run))
    const continuationToken = updates[0]?.continuationToken ?? null
    for (let time = 0; time < 2; time += 1) {
      const stopped = await served.as('ada').cancel({ ...run, continuationToken })
      expect(stopped).toMatchObject({ state: { type: 'completed' }, message: { parts: [{ type: 'text', text: 'done' }] } })
    }
    expect(textIn(await collect(served.as('ada').runStreaming(ask, run)))).toBe('done')
  })
})
