import { joinToken, splitToken, startCursor, textOf, userMessage } from '@rejoin/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { end, open, pause, puppetAgent, response, type Puppet } from './puppetAgent.ts'
import { collect, post, refusal, runId, secret, serve, sse, startBody, type Served } from './serve.ts'

afterEach(() => void vi.useRealTimers())

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]
const idOf = (n: number): string => `${runId}-${n}`

interface Asked {
  user?: string
  session?: string
  conversation?: string | null | undefined
  replaces?: string
}

/** One turn whose agent names its conversation (or does not); what the page has of it, and what the agent was told. */
async function turn(agent: Puppet, served: Served, n: number, named: string | null, { user = 'ada', ...options }: Asked = {}) {
  const updates = collect(served.as(user).runStreaming(ask, { ...run, runId: idOf(n), ...options }))
  const leg = await agent.leg(agent.legs.length)
  leg.send(`handle ${n}`, open(), { ...end(1), ...(named !== null && { conversation: named }) })
  const last = (await updates).at(-1)
  const conversation = last?.type === 'end' ? last.conversation : undefined
  return { conversation, token: (await updates)[0]?.continuationToken ?? '', told: leg.options.conversation }
}

/** The code that a start with this conversation is refused with; `null` where the agent is asked. */
async function refused(agent: Puppet, served: Served, conversation: string, { user = 'ada', session = 'support' } = {}): Promise<string | null> {
  const legs = agent.legs.length
  const answer = served.fetch('/runs', { ...post(startBody({ id: idOf(99), session, conversation }), sse), user })
  const code = await Promise.race([refusal(answer).then((told) => `${told.status} ${told.code}`), agent.leg(legs).then(() => null)])
  // Refused is only what the agent has not heard of.
  if (code !== null && agent.legs.length > legs) throw new Error(`The agent was asked before ${code} was said.`)
  return code
}

describe('the next turn', () => {
  test('goes on from what the page has kept of the one before (row 15)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const first = await turn(agent, served, 1, 'resp_1')
    expect(first.told).toBeUndefined()
    expect(first.conversation).toEqual(expect.any(String))
    expect(first.conversation).not.toContain('resp_1')
    // Another process, which remembers nothing of it.
    const there = serve(agent)
    expect((await turn(agent, there, 2, 'resp_2', { conversation: first.conversation })).told).toBe('resp_1')
    expect((await turn(agent, there, 3, 'resp_3', { conversation: null })).told).toBeNull()
    expect(agent.legs[1]?.messages.map(textOf)).toEqual(['Hello?'])
  })

  test('goes on from the latest that the server knows, where the page says nothing (row 15)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await turn(agent, served, 1, 'resp_1')
    await turn(agent, served, 2, null)
    expect((await turn(agent, served, 3, 'resp_3')).told).toBe('resp_1')
    expect((await turn(agent, served, 4, 'resp_4')).told).toBe('resp_3')
    expect((await turn(agent, served, 5, 'other', { session: 'another' })).told).toBeUndefined()
    expect((await turn(agent, served, 6, 'bobs', { user: 'bob' })).told).toBeUndefined()
  })

  test('that takes the place of another goes on from the one before that', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    await turn(agent, served, 1, 'resp_1')
    await turn(agent, served, 2, 'resp_2')
    expect((await turn(agent, served, 3, 'resp_3', { replaces: idOf(2) })).told).toBe('resp_1')
    expect(agent.legs[2]?.options.replaces).toBe(idOf(2))
    expect((await turn(agent, served, 4, 'resp_4', { replaces: idOf(3) })).told).toBe('resp_1')
    expect((await turn(agent, served, 5, 'resp_5')).told).toBe('resp_4')
  })

  test('goes on from a run that was polled, and from one that asks (row 15)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    agent.onRun = async (options) => ({ ...response(options.runId, { type: 'completed' }, null), conversation: 'polled', usage: { inputTokens: 1, outputTokens: 2 } })
    const polled = await served.as('ada').run(ask, run)
    expect(polled).toMatchObject({ conversation: expect.any(String), usage: { inputTokens: 1, outputTokens: 2 } })
    const updates = collect(served.as('ada').runStreaming(ask, { ...run, runId: idOf(2), conversation: polled.conversation }))
    const leg = await agent.leg()
    expect(leg.options.conversation).toBe('polled')
    leg.send('handle', open(), { ...pause(1), conversation: 'asked' })
    const paused = (await updates).at(-1)
    const conversation = paused?.type === 'pause' ? paused.conversation : null
    expect((await turn(agent, served, 3, null, { conversation })).told).toBe('asked')
    expect((await turn(agent, served, 4, null)).told).toBe('asked')
  })

  test('on a public page goes on from what the page says alone', async () => {
    const agent = puppetAgent()
    const served = serve(agent, { authorize: () => null })
    const { conversation } = await turn(agent, served, 1, 'resp_1')
    expect((await turn(agent, served, 2, null)).told).toBeUndefined()
    expect((await turn(agent, served, 3, null, { conversation })).told).toBe('resp_1')
  })

  test('is told what was said, and no conversation, where the app has a history (row 14)', async () => {
    const agent = puppetAgent()
    const asked: unknown[] = []
    const answered = { id: idOf(1), role: 'assistant', parts: [{ type: 'text', text: 'Yes.' }] } as const
    const served = serve(agent, {
      history(options) {
        asked.push(options)
        return [userMessage('Earlier', 'm0'), ...ask, answered]
      },
    })
    await turn(agent, served, 1, 'resp_1')
    expect((await turn(agent, served, 2, 'resp_2', { conversation: 'of a time without a history', replaces: idOf(1) })).told).toBeUndefined()
    expect(asked).toEqual([
      { user: 'ada', session: 'support', replaces: null },
      { user: 'ada', session: 'support', replaces: idOf(1) },
    ])
    // What is asked again is asked once, and its answer is gone.
    expect(agent.legs[1]?.messages.map(textOf)).toEqual(['Earlier', 'Hello?'])
  })

  test('is the only one that asks for the history: a resume, a poll and a start that joins do not (row 14)', async () => {
    const agent = puppetAgent()
    const history = vi.fn<() => []>(() => [])
    const served = serve(agent, { history })
    const { token } = await turn(agent, served, 1, null)
    const again = { ...run, runId: idOf(1) }
    agent.onRun = async () => response(idOf(1), { type: 'completed' }, null)
    await served.as('ada').run([], { ...again, continuationToken: token })
    await served.as('ada').run(ask, again)
    for (const messages of [[], ask]) {
      const updates = collect(served.as('ada').runStreaming(messages, { ...again, ...(messages.length === 0 && { continuationToken: token }) }))
      const leg = await agent.leg(agent.legs.length)
      expect(leg.messages).toEqual([])
      leg.send('handle 1', open(), end(1))
      await updates
    }
    expect(history).toHaveBeenCalledOnce()
  })
})

describe('a conversation', () => {
  test('of another session or caller, forged or damaged is lost, before the agent is asked (row 88)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const { conversation = '' } = await turn(agent, served, 1, 'resp_1')
    const lost = '410 conversation_lost'
    expect(await refused(agent, served, conversation, { session: 'another' })).toBe(lost)
    expect(await refused(agent, served, conversation, { user: 'bob' })).toBe(lost)
    expect(await refused(agent, served, 'resp_1')).toBe(lost)
    expect(await refused(agent, served, `${conversation.slice(0, -9)}${conversation.at(-9) === 'A' ? 'B' : 'A'}${conversation.slice(-8)}`)).toBe(lost)
    expect(await refused(agent, served, conversation)).toBeNull()
  })

  test('is no continuation token, and a token is no conversation (row 12)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const { conversation = '', token } = await turn(agent, served, 1, 'resp_1')
    expect(await refused(agent, served, splitToken(token).handle)).toBe('410 conversation_lost')
    const resumed = served.as('ada').run([], { ...run, runId: idOf(1), continuationToken: joinToken(conversation, startCursor) })
    await expect(resumed).rejects.toMatchObject({ code: 'not_found' })
  })

  test('that is refused leaves nothing behind: the same run can begin anew', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    expect(await refused(agent, served, 'lost')).toBe('410 conversation_lost')
    expect((await turn(agent, served, 99, null, { conversation: null })).told).toBeNull()
  })

  test('that the agent has lost is refused in the same way, and can be tried again without', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    agent.onRun = async () => Promise.reject(Object.assign(new Error('…'), { name: 'RejoinError', code: 'conversation_lost' }))
    expect(await refusal(served.fetch('/runs', post(startBody())))).toMatchObject({ status: 410, code: 'conversation_lost' })
    agent.onRun = async () => response(runId, { type: 'completed' }, null)
    expect((await served.as('ada').run(ask, { ...run, conversation: null })).state).toEqual({ type: 'completed' })
  })

  test('lives for 30 days unless another time is given (row 15)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const day = 86_400_000
    for (const [options, days] of [[{}, 30], [{ conversationMs: day }, 1]] as const) {
      const agent = puppetAgent()
      const { conversation = '' } = await turn(agent, serve(agent, options), 1, 'resp_1')
      vi.setSystemTime(Date.now() + days * day - 2_000)
      expect(await refused(agent, serve(agent, options), conversation)).toBeNull()
      vi.setSystemTime(Date.now() + 4_000)
      expect(await refused(agent, serve(agent, options), conversation)).toBe('410 conversation_lost')
    }
  })

  test.each([Infinity, 1e20])('lives on where its time is %s milliseconds', async (conversationMs) => {
    const agent = puppetAgent()
    const served = serve(agent, { conversationMs, retentionMs: conversationMs })
    const { conversation = '', token } = await turn(agent, served, 1, 'resp_1')
    expect(await refused(agent, served, conversation)).toBeNull()
    expect(await served.as('ada').run([], { ...run, runId: idOf(1), continuationToken: token })).toMatchObject({ runId: idOf(1) })
  })

  test('opens with the secret that is on its way out (row 81)', async () => {
    const older = 'the secret that is on its way out here'
    const agent = puppetAgent()
    const { conversation = '' } = await turn(agent, serve(agent, { secret: older }), 1, 'resp_1')
    expect(await refused(agent, serve(agent, { secret: [secret, older] }), conversation)).toBeNull()
    expect(await refused(agent, serve(agent, { secret }), conversation)).toBe('410 conversation_lost')
  })

  test('longer than a start can carry back is remembered here alone', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const long = 'x'.repeat(8_000)
    expect((await turn(agent, served, 1, long)).conversation).toBeUndefined()
    expect((await turn(agent, served, 2, null)).told).toBe(long)
  })

  test('of a run that was cancelled before it ended is not passed on', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send('handle', open())
    await served.as('ada').cancel({ ...run, continuationToken: null })
    leg.send('handle', { ...end(1), conversation: 'late' })
    expect((await updates).at(-1)).not.toHaveProperty('conversation')
    expect((await turn(agent, served, 2, null)).told).toBeUndefined()
  })
})
