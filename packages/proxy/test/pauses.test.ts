import { cursorOf, joinToken, RejoinError, startCursor, userMessage, type ChatMessage } from '@rejoin/core'
import { describe, expect, test } from 'vitest'
import { end, open, pause, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { collect, post, refusal, runId, serve, settle, sse, startBody, type Served } from './serve.ts'

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]
const second = `${runId}-2`
const question = { type: 'request', kind: 'input', id: 'q1', prompt: 'Which month?' } as const
const answer: ChatMessage = { id: 'm2', role: 'user', parts: [{ type: 'answer', kind: 'input', request: 'q1', text: 'May.' }] }

/** A run that has asked and waits; `null`: its agent never named it. */
async function asked(agent: Puppet, served: Served, handle: string | null = 'handle') {
  const updates = collect(served.as('ada').runStreaming(ask, run))
  const leg = await agent.leg(agent.legs.length)
  leg.send(handle, open(), { type: 'part', cursor: cursorOf(0, 1), part: question }, pause(2))
  return await updates
}

async function listed(served: Served, user = 'ada'): Promise<unknown> {
  return (await (await served.fetch('/runs', { user })).json()).runs
}

describe('a run that asks the person', () => {
  test('closes its leg with the question and no token, and is listed as waiting (row 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const updates = await asked(agent, served)
    expect(updates.map(({ type }) => type)).toEqual(['open', 'part', 'pause'])
    expect(updates.at(-1)).toMatchObject({ reason: 'input', continuationToken: null })
    expect(agent.legs[0]?.signal.aborted).toBe(true)
    expect(await listed(served)).toEqual([{ id: runId, session: 'support', state: 'paused', startedAt: expect.any(Number) }])
    expect(agent.runs).toEqual([])
  })

  test('can be polled and resumed, with its token and by its id, and says so each time', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const [first] = await asked(agent, served)
    agent.onRun = async () => ({ ...response(runId, { type: 'paused', reason: 'input' }, null), message: { id: runId, role: 'assistant', parts: [question] } })
    const polled = await served.as('ada').run([], { ...run, continuationToken: first?.continuationToken })
    expect(polled).toMatchObject({ state: { type: 'paused', reason: 'input' }, continuationToken: null, message: { parts: [question] } })
    for (const continuationToken of [first?.continuationToken, null]) {
      const resumed = collect(served.as('ada').runStreaming([], { ...run, continuationToken }))
      const leg = await agent.leg(agent.legs.length)
      expect(leg.options.continuationToken).toBe(`handle.${startCursor}`)
      leg.send('handle', open())
      await settle()
      // Nobody takes it for one that is at work, not even for a moment.
      expect(await listed(served)).toMatchObject([{ state: 'paused' }])
      leg.send('handle', pause(2))
      expect((await resumed).at(-1)).toMatchObject({ type: 'pause', cursor: cursorOf(0, 2), continuationToken: null })
    }
  })

  test('waits on when a poll answers that was sent before it asked', async () => {
    const agent = puppetAgent()
    const events: string[] = []
    const served = serve(agent, { onEvent: ({ type }) => void events.push(type) })
    const updates = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send('handle', open())
    await settle()
    const { promise, resolve } = Promise.withResolvers<void>()
    agent.onRun = async () => {
      await promise
      return response(runId, { type: 'working' }, joinToken('handle', startCursor))
    }
    const poll = served.as('ada').run([], run)
    await settle()
    leg.send('handle', pause(2, 'auth'))
    await updates
    resolve()
    await poll
    expect(await listed(served)).toMatchObject([{ state: 'paused' }])
    agent.onRun = async () => ({ ...response(runId, { type: 'paused', reason: 'auth' }, null) })
    await served.as('ada').run([], run)
    expect(events.filter((type) => type === 'paused')).toHaveLength(1)
    // Asked since, it has gone on.
    agent.onRun = async () => response(runId, { type: 'working' }, joinToken('handle', startCursor))
    await served.as('ada').run([], run)
    expect(await listed(served)).toMatchObject([{ state: 'running' }])
  })

  test('can be cancelled; a pause that the agent tells later does not bring it back', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    expect((await served.as('ada').cancel({ ...run, continuationToken: null })).state).toEqual({ type: 'cancelled' })
    expect(agent.cancels).toMatchObject([{ continuationToken: joinToken('handle', startCursor) }])
    expect(await listed(served)).toEqual([])
    const resumed = collect(served.as('ada').runStreaming([], run))
    ;(await agent.leg(1)).send('handle', open(), { ...pause(2), parts: [question] })
    const told = (await resumed).at(-1)
    expect(told).toMatchObject({ type: 'end', outcome: { type: 'cancelled' } })
    expect(told).not.toHaveProperty('parts')
  })

  test('is in nobody’s way, and does not count for the limit of runs (row 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { maxRunsPerCaller: 1 })
    await asked(agent, served)
    void served.fetch('/runs', post(startBody({ id: second, message: answer }), sse))
    expect((await agent.leg(1)).messages).toEqual([answer])
    expect(agent.runs).toEqual([])
  })

  test('is in nobody’s way either where it has asked while nobody was connected: its agent says so', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const answered = served.fetch('/runs', post(startBody(), sse))
    ;(await agent.leg()).send('handle', open(), text(1, 'Well, '))
    await (await answered).body?.cancel()
    agent.onRun = async () => response(runId, { type: 'paused', reason: 'approval' }, null)
    void served.fetch('/runs', post(startBody({ id: second }), sse))
    expect((await agent.leg(1)).options.runId).toBe(second)
    expect(await listed(served)).toMatchObject([{ id: runId, state: 'paused' }, { id: second, state: 'running' }])
  })

  test('has ended when the run that answers it has begun, for whoever still shows it (row 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    const answered = collect(served.as('ada').runStreaming([answer], { ...run, runId: second }))
    const leg = await agent.leg(1)
    await settle()
    expect(await listed(served)).toMatchObject([{ id: runId, state: 'paused' }, { id: second }])
    leg.send('second', open())
    await settle()
    expect(await listed(served)).toMatchObject([{ id: second, state: 'running' }])

    const there = collect(served.as('ada').runStreaming([], run))
    ;(await agent.leg(2)).send('handle', open(), { ...pause(2), parts: [question] })
    expect((await there).at(-1)).toMatchObject({ type: 'end', outcome: { type: 'completed' }, parts: [question] })
    agent.onRun = async () => response(runId, { type: 'paused', reason: 'input' }, null)
    expect((await served.as('ada').run([], run)).state).toEqual({ type: 'completed' })
    leg.send('second', end(1))
    await answered
  })

  test('waits on where the start that was to answer it is refused, which leaves nothing behind (row 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    const start = served.fetch('/runs', post(startBody({ id: second, message: answer }), sse))
    ;(await agent.leg(1)).fail(new RejoinError('not_found'))
    expect(await refusal(start)).toMatchObject({ status: 404, code: 'not_found' })
    expect(await listed(served)).toMatchObject([{ id: runId, state: 'paused' }])
    void served.fetch('/runs', post(startBody({ id: second, message: answer }), sse))
    expect((await agent.leg(2)).messages).toEqual([answer])
  })

  test.each([
    ['has answered', [answer]],
    ['has passed over', [userMessage('Never mind', 'm2')]],
  ])('takes no answer any more that a start %s, whatever its agent remembers (row 25)', async (_, messages) => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    const answered = collect(served.as('ada').runStreaming(messages, { ...run, runId: second }))
    ;(await agent.leg(1)).send('second', open(), end(1))
    await answered
    const late = post(startBody({ id: 'a-third-run', message: answer, answers: runId }), sse)
    expect(await refusal(served.fetch('/runs', late))).toMatchObject({ status: 404, code: 'not_found' })
    expect(agent.legs).toHaveLength(2)
    // It has left nothing behind that would be in the way.
    void served.fetch('/runs', post(startBody({ id: 'a-third-run' }), sse))
    expect((await agent.leg(2)).options.runId).toBe('a-third-run')
  })

  test.each([
    ['without a history', {}, undefined],
    ['with a history', { history: () => [] }, undefined],
    ['in a conversation that begins anew', {}, null],
  ])('is named to the agent by a start of its session that passes it over, %s', async (_, options, conversation) => {
    const agent = puppetAgent()
    const served = serve(agent, options)
    await asked(agent, served)
    const begin = (start: Parameters<typeof startBody>[0]): void => {
      void served.fetch('/runs', post(startBody({ ...start, ...(conversation !== undefined && { conversation }) }), sse))
    }
    begin({ id: 'elsewhere', session: 'another' })
    expect((await agent.leg(1)).options).not.toHaveProperty('passesOver')
    begin({ id: second })
    expect((await agent.leg(2)).options.passesOver).toEqual([runId])
  })

  test('is not named as passed over where it is answered', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    void served.fetch('/runs', post(startBody({ id: second, message: answer, answers: runId }), sse))
    const leg = await agent.leg(1)
    expect(leg.options).not.toHaveProperty('passesOver')
    leg.fail(new RejoinError('rate_limited'))
    await settle()
    void served.fetch('/runs', post(startBody({ id: second, message: answer }), sse))
    expect((await agent.leg(2)).options).not.toHaveProperty('passesOver')
  })

  test('is answered once on a public page, too (row 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { authorize: () => null })
    await asked(agent, served)
    const answering = (id: string): RequestInit => post(startBody({ id, message: answer, answers: runId }), sse)
    const answered = served.fetch('/runs', answering(second))
    ;(await agent.leg(1)).send('second', open(), end(1))
    await (await answered).text()
    expect(await refusal(served.fetch('/runs', answering('a-third-run')))).toMatchObject({ status: 404, code: 'not_found' })
    expect(agent.legs).toHaveLength(2)
  })

  test('is answered once on a public page, also in the same moment (row 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { authorize: () => null })
    await asked(agent, served)
    const answers = [second, 'a-third-run'].map((id) => served.fetch('/runs', post(startBody({ id, message: answer, answers: runId }), sse)))
    const refused = await refusal(Promise.race(answers))
    expect(refused).toMatchObject({ status: 404, code: 'not_found' })
    expect(agent.legs).toHaveLength(2)
    // Given again where the first is refused.
    ;(await agent.leg(1)).fail(new RejoinError('unavailable'))
    await Promise.all(answers)
    void served.fetch('/runs', post(startBody({ id: 'a-fourth-run', message: answer, answers: runId }), sse))
    expect((await agent.leg(2)).messages).toEqual([answer])
  })

  test('takes no answer of another session, and none once it was stopped (rows 25, 88)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    const foreign = post(startBody({ id: second, session: 'another', message: answer, answers: runId }), sse)
    expect(await refusal(served.fetch('/runs', foreign))).toMatchObject({ code: 'not_found' })
    await served.as('ada').cancel({ ...run, continuationToken: null })
    const late = post(startBody({ id: second, message: answer, answers: runId }), sse)
    expect(await refusal(served.fetch('/runs', late))).toMatchObject({ code: 'not_found' })
    expect(agent.legs).toHaveLength(1)
  })

  test('is answered in its own conversation, where the app has a history too (rows 15, 25)', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { history: () => [userMessage('Earlier', 'm0')] })
    const answering = collect(served.as('ada').runStreaming([userMessage('Hello?')], run))
    ;(await agent.leg()).send('handle', open(), { ...pause(2), conversation: 'up to the question' })
    const [conversation = ''] = (await answering).flatMap((update) => (update.type === 'pause' ? (update.conversation ?? []) : []))
    void served.fetch('/runs', post(startBody({ id: second, message: answer, answers: runId, conversation }), sse))
    const leg = await agent.leg(1)
    expect(leg.messages).toEqual([answer])
    expect(leg.options).toMatchObject({ conversation: 'up to the question', answers: runId })
  })

  test('waits on when another caller’s session of the same name goes on (row 88)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    const answered = collect(served.as('bob').runStreaming([answer], { ...run, runId: second }))
    const leg = await agent.leg(1)
    // Whose question it was is the agent's to know.
    expect(leg.options.user).toBe('bob')
    leg.send('second', open(), end(1))
    await answered
    expect(await listed(served)).toMatchObject([{ id: runId, state: 'paused' }])
    expect(await listed(served, 'bob')).toEqual([])
  })

  test('is at work again where its agent goes on by itself: a poll says so', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served)
    agent.onRun = async () => response(runId, { type: 'working' }, joinToken('handle', startCursor))
    expect(await served.as('ada').run([], run)).toMatchObject({ state: { type: 'working' }, continuationToken: expect.any(String) })
    expect(await listed(served)).toMatchObject([{ state: 'running' }])
    expect(await refusal(served.fetch('/runs', post(startBody({ id: second }), sse)))).toMatchObject({ code: 'busy' })
  })
})

describe('a run that asks at once, before it has a name,', () => {
  test('is known as one that waits, and can be cancelled', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await asked(agent, served, null)
    expect(await listed(served)).toMatchObject([{ id: runId, state: 'paused' }])
    expect(await served.as('ada').run([], run)).toMatchObject({ state: { type: 'paused', reason: 'input' }, continuationToken: null })
    const again = await collect(served.as('ada').runStreaming(ask, run))
    expect(again).toMatchObject([{ type: 'open' }, { type: 'pause', reason: 'input' }])
    agent.onCancel = async () => Promise.reject(new RejoinError('not_found'))
    expect((await served.as('ada').cancel({ ...run, continuationToken: null })).state).toEqual({ type: 'cancelled' })
    expect(await served.as('ada').run([], run)).toMatchObject({ state: { type: 'cancelled' } })
    expect(agent.legs).toHaveLength(1)
  })

  test('and without a stream, is told as it is', async () => {
    const agent = puppetAgent()
    agent.onRun = async () => response(runId, { type: 'paused', reason: 'approval' }, null)
    const served = serve(agent)
    const told = await served.as('ada').run(ask, run)
    expect(told).toMatchObject({ state: { type: 'paused', reason: 'approval' }, continuationToken: null })
    expect(await listed(served)).toMatchObject([{ id: runId, state: 'paused' }])
  })
})

test('on a public page a run that asks is closed by nobody else’s', async () => {
  const agent = puppetAgent()
  const served = serve(agent, { authorize: () => null })
  const [first] = await asked(agent, served)
  const other = collect(served.as('bob').runStreaming(ask, { ...run, runId: second }))
  ;(await agent.leg(1)).send('second', open(), end(1))
  await other
  agent.onRun = async () => response(runId, { type: 'paused', reason: 'input' }, null)
  const polled = await served.as('ada').run([], { ...run, continuationToken: first?.continuationToken })
  expect(polled.state).toEqual({ type: 'paused', reason: 'input' })
})
