import { isClosing, requestsIn, type Agent, type AgentResponseUpdate, type AgentRunOptions, type ChatMessage, type DecisionPart } from '@rejoin/core'
import { azureOpenAIAgent } from '@rejoin/proxy/azure'
import { type ResponsesProfile, type ResponsesRequest, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { ask, collect, failureOf, inBackground, lastToken, run, shown } from '../runs.ts'
import { apiKey, createProvider, type Provider } from './support/provider.ts'
import { finish, until, useFakeTime } from './support/time.ts'

useFakeTime()

const order = { type: 'mcpApprovalRequest', server: 'shop', name: 'order' } as const
const nextRun: AgentRunOptions = { session: run.session, runId: '018f2c4e-0000-7000-8000-000000000002', background: true }
const answeringRun: AgentRunOptions = { ...nextRun, answers: run.runId }

/** A model that asks twice before it orders, and says what it was told. */
function answer({ input, history }: ResponsesRequest): ResponsesScript {
  if (history.length === 0) {
    return { output: ['Let me. ', { ...order, arguments: '{"n":1}' }, { ...order, arguments: '{"n":2}' }] }
  }
  const told = input.flatMap(({ type, approve, reason }) => (type === 'mcp_approval_response' ? [`${String(approve)} ${String(reason ?? '')}`] : []))
  return { output: [{ type: 'message', text: ['Told: ', told.join(', ')] }] }
}

const decision = (request: string, approved: boolean, text?: string): DecisionPart => ({
  type: 'answer',
  kind: 'approval',
  request,
  approved,
  ...(text !== undefined && { text }),
})

const message = (...parts: ChatMessage['parts']): ChatMessage[] => [{ id: 'm2', role: 'user', parts }]

const closingOf = (updates: readonly AgentResponseUpdate[]): AgentResponseUpdate | undefined => updates.find(isClosing)

async function asked(provider: Provider): Promise<{ conversation: string; ids: string[]; updates: AgentResponseUpdate[] }> {
  const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
  const last = updates.at(-1)
  if (last?.type !== 'pause' || last.conversation === undefined) throw new Error('It does not ask.')
  return { conversation: last.conversation, ids: requestsIn(shown(updates)).map(({ id }) => id), updates }
}

describe('a model that waits for approvals (row 25)', () => {
  test('pauses its run, with what it asks', async () => {
    const provider = createProvider({ answer })
    const { updates, ids } = await asked(provider)
    expect(updates.at(-1)).toMatchObject({ type: 'pause', reason: 'approval', continuationToken: null, usage: { outputTokens: 1 } })
    expect(requestsIn(shown(updates))).toEqual([
      { type: 'request', kind: 'approval', id: ids[0], prompt: 'May order of shop be used?', name: 'order', input: { n: 1 } },
      { type: 'request', kind: 'approval', id: ids[1], prompt: 'May order of shop be used?', name: 'order', input: { n: 2 } },
    ])
    expect(new Set(ids).size).toBe(2)
  })

  const profiles: readonly ResponsesProfile[] = ['openai', 'azure', 'inclusive', 'replay', 'foundry']
  test.each(profiles)('says so to whoever comes back, from everywhere, and in polls (profile %s) (row 7)', async (profile) => {
    const provider = createProvider({ answer, profile })
    const { updates, conversation } = await asked(provider)
    const { parts } = shown(updates)
    for (const [at, { continuationToken }] of updates.entries()) {
      if (continuationToken === null) continue
      const rest = await finish(collect(provider.agent().runStreaming([], { ...run, continuationToken })))
      expect(rest.at(-1)).toMatchObject({ type: 'pause', cursor: updates.at(-1)?.cursor, continuationToken: null, conversation })
      expect(shown([...updates.slice(0, at + 1), ...rest]).parts).toEqual(parts)
    }
    const polled = await finish(provider.agent().run([], { ...run, continuationToken: lastToken(updates) }))
    expect(polled).toMatchObject({ state: { type: 'paused', reason: 'approval' }, continuationToken: null, conversation, message: { parts } })
    // From behind the question: the token that its cursor would make.
    const cursor = updates.at(-1)?.cursor ?? ''
    const behind = `${lastToken(updates)?.slice(0, -cursor.length)}${cursor}`
    const again = await finish(collect(provider.agent().runStreaming([], { ...run, continuationToken: behind })))
    expect(again.map(({ type }) => type)).toEqual(['open', 'pause'])
    expect(again.at(-1)?.cursor).toBe(cursor)
  })

  test('is told each decision, in a run that another process may start', async () => {
    const provider = createProvider({ answer })
    const { conversation, ids } = await asked(provider)
    const [one = '', two = ''] = ids
    const parts = message(decision(one, true), decision(two, false, 'Too dear'))
    const updates = await finish(collect(provider.agent().runStreaming(parts, { ...answeringRun, conversation })))
    expect(shown(updates).parts).toMatchObject([{ type: 'text', text: 'Told: true , false Too dear' }])
    expect(closingOf(updates)).toMatchObject({ type: 'end', conversation: provider.emulator.responses[1]?.id })
    expect(provider.emulator.responses[1]?.request.input).toEqual([
      { type: 'mcp_approval_response', approval_request_id: one, approve: true },
      { type: 'mcp_approval_response', approval_request_id: two, approve: false, reason: 'Too dear' },
    ])
  })

  test('goes on at Azure as well', async () => {
    const provider = createProvider({ answer, profile: 'azure' })
    const { fetch } = provider
    const agent = azureOpenAIAgent({ endpoint: 'https://one.openai.azure.com', apiKey, model: 'gpt-test', fetch, apiVersion: '2025-04-01-preview' })
    const { conversation = '', message: question } = await finish(agent.run(ask, { ...run, background: false }))
    const parts = requestsIn(question).map(({ id }) => decision(id, true))
    expect(await finish(agent.run(message(...parts), { ...answeringRun, background: false, conversation }))).toMatchObject({
      state: { type: 'completed' },
      message: { parts: [{ text: 'Told: true , true ' }] },
    })
  })

  test('hears of a message that passes them over that nobody has approved', async () => {
    const provider = createProvider({ answer })
    const { conversation } = await asked(provider)
    const parts = message({ type: 'text', text: 'Never mind.' })
    const { state } = await finish(provider.agent().run(parts, { ...nextRun, conversation, background: false }))
    expect(state).toEqual({ type: 'completed' })
    expect(provider.emulator.responses[1]?.request.input).toMatchObject([{ approve: false }, { approve: false }, { type: 'message', role: 'user' }])
  })

  test('is not asked with an answer to what does not wait', async () => {
    const provider = createProvider({ answer })
    const { conversation, ids } = await asked(provider)
    const both = ids.map((id) => decision(id, true))
    const starts: [DecisionPart[], string | null | undefined][] = [
      [[...both, decision('mcpr_other', true)], conversation],
      [both, undefined],
      [both, null],
      [both, conversation.replace(/@open.*/, '')],
    ]
    for (const [parts, from] of starts) {
      const failed = await finish(failureOf(provider.agent().run(message(...parts), { ...answeringRun, conversation: from })))
      expect(failed).toMatchObject({ code: 'not_found' })
    }
    expect(provider.emulator.responses).toHaveLength(1)
  })

  test('is told of all that it has asked, or of nothing', async () => {
    const provider = createProvider({ answer })
    const { conversation, ids } = await asked(provider)
    const [one = '', two = ''] = ids
    const halves: DecisionPart[][] = [
      [decision(one, true)],
      [decision(one, true), decision(one, false)],
      [decision(one, true), { ...decision(two, true), kind: 'auth' }],
    ]
    for (const parts of halves) {
      const failed = await finish(failureOf(provider.agent().run(message(...parts), { ...answeringRun, conversation })))
      expect(failed).toMatchObject({ code: 'invalid_request' })
    }
    expect(provider.emulator.responses).toHaveLength(1)
  })

  test('is answered by a start that says whose question it answers', async () => {
    const provider = createProvider({ answer })
    const { conversation, ids } = await asked(provider)
    const parts = message(...ids.map((id) => decision(id, true)))
    const unsaid = await finish(failureOf(provider.agent().run(parts, { ...nextRun, conversation })))
    expect(unsaid).toMatchObject({ code: 'invalid_request' })
    const other = await finish(failureOf(provider.agent().run(parts, { ...nextRun, conversation, answers: 'run-of-others' })))
    expect(other).toMatchObject({ code: 'not_found' })
    expect(provider.emulator.responses).toHaveLength(1)
  })

  test('starts nothing where the provider can not be asked what waits', async () => {
    const provider = createProvider({ answer })
    const { conversation, ids } = await asked(provider)
    const agent = provider.agent({ fetch: () => Promise.reject(new TypeError('fetch failed')) })
    const failed = await finish(failureOf(agent.run(message(decision(ids[0] ?? '', true)), { ...nextRun, conversation })))
    expect(failed).toMatchObject({ code: 'unavailable' })
  })

  test('can be stopped while it waits, and keeps its conversation', async () => {
    const provider = createProvider({ answer })
    const { updates, conversation } = await asked(provider)
    const stopped = await finish(provider.agent().cancel({ ...run, continuationToken: lastToken(updates) }))
    expect(stopped).toMatchObject({ state: { type: 'cancelled' }, conversation })
    const { state } = await finish(provider.agent().run(message({ type: 'text', text: 'So?' }), { ...nextRun, background: false, conversation }))
    expect(state).toEqual({ type: 'completed' })
  })

  test('is answered by a page behind the proxy, whose next message goes on from there (row 15)', async () => {
    const { agent, emulator } = createProvider({ answer })
    const page = openPage({ fetch: serveProxy(agent()).fetch })
    void page.chat.send('Order two')
    await until(() => page.state()?.type === 'paused')
    const [one, two] = page.chat.getSnapshot().requests
    void page.chat.answer(one?.id ?? '', true)
    void page.chat.answer(two?.id ?? '', { approved: false, text: 'Too dear' })
    await until(() => emulator.responses.length === 2 && page.ended())
    const told = page.chat.getSnapshot().messages.at(-1)
    expect(told?.parts).toMatchObject([{ type: 'text', text: 'Told: true , false Too dear' }])
    void page.chat.send('And?')
    await until(() => emulator.responses.length === 3 && page.ended())
    expect(page.state()).toEqual({ type: 'completed' })
    expect(emulator.responses[2]?.request.previous_response_id).toBe(emulator.responses[1]?.id)
  })

  test('is answered in its own conversation where the app keeps the history (row 15)', async () => {
    const { agent, emulator } = createProvider({ answer })
    const earlier: ChatMessage = { id: 'm0', role: 'user', parts: [{ type: 'text', text: 'Earlier' }] }
    const page = openPage({ fetch: serveProxy(agent(), { history: () => [earlier] }).fetch })
    void page.chat.send('Order two')
    await until(() => page.state()?.type === 'paused')
    for (const { id } of page.chat.getSnapshot().requests) void page.chat.answer(id, true)
    await until(() => emulator.responses.length === 2 && page.ended())
    expect(page.chat.getSnapshot().messages.at(-1)?.parts).toMatchObject([{ type: 'text', text: 'Told: true , true ' }])
    expect(emulator.responses.map(({ request }) => request.previous_response_id)).toEqual([null, emulator.responses[0]?.id])
  })

  const past: readonly [string, (page: Agent, answer: ChatMessage[], conversation: string) => Promise<unknown>][] = [
    ['an answer', (page, given, conversation) => page.run(given, { ...answeringRun, conversation })],
    ['a message that passes it over', (page, _, conversation) => page.run(message({ type: 'text', text: 'Never mind.' }), { ...nextRun, conversation })],
    ['a stop', (page) => page.cancel({ ...run, continuationToken: null })],
  ]
  test.each(past)('behind the proxy takes no answer after %s (row 38)', async (_, act) => {
    const { agent, emulator } = createProvider({ answer })
    const { agent: page } = serveProxy(agent())
    const { message: question, conversation = '' } = await finish(page.run(ask, { ...run, background: false }))
    const given = message(...requestsIn(question).map(({ id }) => decision(id, true)))
    await finish(act(page, given, conversation))
    const before = emulator.responses.length
    const late = page.run(given, { ...answeringRun, runId: '018f2c4e-0000-7000-8000-000000000003', conversation })
    expect(await finish(failureOf(late))).toMatchObject({ code: 'not_found' })
    expect(emulator.responses).toHaveLength(before)
  })

  test('ends where nothing is kept that an answer could go on from', async () => {
    const { agent } = createProvider({ answer })
    const { state } = await finish(agent({ body: { store: false } }).run(ask, { ...run, background: false }))
    expect(state).toEqual({ type: 'incomplete', reason: 'approval_required' })
  })
})
