import { requestsIn, userMessage, type Agent, type AgentResponseUpdate, type AgentRunOptions, type ChatMessage, type DecisionPart } from '@rejoin/core'
import { memoryEventLog, type EventLog } from '@rejoin/proxy'
import { openAIResponsesAgent, type Tool } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator, type ResponsesEmulator, type ResponsesRequest, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { openPage, serveProxy } from './browser.ts'
import { mortal } from './mortalLog.ts'
import { collect, endOf, failureOf, shown } from './runs.ts'

const run: AgentRunOptions = { session: 'support', runId: 'run-1', background: true, user: 'ada' }
const nextRun: AgentRunOptions = { ...run, runId: 'run-2' }
const firstId = '018f2c4e-0000-7000-8000-000000000001'
const ask = [userMessage('Send two letters', 'm1')]

const letter = (to: string, callId: string) => ({ type: 'functionCall', name: 'send', arguments: [`{"to":`, `"${to}"}`], callId }) as const

/** A model that wants to send two letters, and then says what it was told of them. */
function secretary({ input, history }: ResponsesRequest): ResponsesScript {
  if (history.length === 0) return { output: ['Let me. ', letter('Bob', 'call_b'), letter('Eve', 'call_e')] }
  const results = input.flatMap(({ type, output }) => (type === 'function_call_output' ? [String(output)] : []))
  return { output: [{ type: 'message', text: ['Told: ', results.join('; ')] }] }
}

interface Options {
  log?: EventLog
  leaseMs?: number
  maxRounds?: number
  body?: Readonly<Record<string, unknown>>
  onError?: (error: unknown) => void
}

type Letter = { to: string }

function agentOn(model: ResponsesEmulator, send: Pick<Tool<Letter>, 'execute' | 'needsApproval'>, options: Options = {}): Agent {
  return openAIResponsesAgent({
    apiKey: 'key',
    model: 'model',
    baseURL: 'http://model.test/v1',
    fetch: handlerFetch(model.handler),
    tools: { send: { description: 'Sends a letter', inputSchema: z.object({ to: z.string() }), ...send } },
    onError: () => {},
    ...options,
  })
}

const conversationIn = (updates: readonly AgentResponseUpdate[]): string | undefined => {
  const last = updates.at(-1)
  return last?.type === 'end' || last?.type === 'pause' ? last.conversation : undefined
}

function decide(updates: readonly AgentResponseUpdate[], approved: readonly boolean[], text?: string): ChatMessage[] {
  const parts = requestsIn(shown(updates)).map(({ id }, at): DecisionPart => {
    return { type: 'answer', kind: 'approval', request: id, approved: approved[at] ?? false, ...(text !== undefined && { text }) }
  })
  return [{ id: 'm2', role: 'user', parts }]
}

const inputs = (model: ResponsesEmulator, at: number): unknown[] => (model.responses[at]?.request.input ?? []).map(({ call_id, output }) => [call_id, output])

describe('the turns of an agent with tools of the app (row 15)', () => {
  test('go on from the last response of the turn before, with its usage summed', async () => {
    const model = responsesEmulator({ answer: secretary })
    const agent = agentOn(model, { execute: ({ to }) => `sent to ${to}` })
    const updates = await collect(agent.runStreaming(ask, run))
    const [one, two] = model.responses
    expect(endOf(updates)).toMatchObject({ outcome: { type: 'completed' }, conversation: two?.id, usage: { outputTokens: 7 } })
    const after = await collect(agent.runStreaming([userMessage('And?', 'm2')], { ...nextRun, conversation: two?.id ?? null }))
    expect(endOf(after).outcome).toEqual({ type: 'completed' })
    expect(model.responses[2]?.request.previous_response_id).toBe(two?.id)
    expect(model.responses[2]?.request.input).toEqual([expect.objectContaining({ type: 'message', role: 'user' })])
    expect(one?.id).not.toBe(two?.id)
  })

  test('go on behind a run that had too many rounds', async () => {
    const model = responsesEmulator({ answer: secretary })
    const agent = agentOn(model, { execute: () => 'sent' }, { maxRounds: 1 })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(endOf(updates).outcome).toEqual({ type: 'incomplete', reason: 'max_rounds' })
    const conversation = conversationIn(updates)
    const after = await collect(agent.runStreaming([userMessage('And?', 'm2')], { ...nextRun, conversation }))
    expect(endOf(after).outcome).toEqual({ type: 'completed' })
    expect(inputs(model, 1)).toEqual([
      ['call_b', expect.stringContaining('may have done its work')],
      ['call_e', expect.stringContaining('may have done its work')],
      [undefined, undefined],
    ])
  })

  test('leave a run out that was stopped in the middle of its calls', async () => {
    const model = responsesEmulator({ answer: secretary })
    const called = Promise.withResolvers<void>()
    const agent = agentOn(model, {
      execute() {
        called.resolve()
        return new Promise(() => {})
      },
    })
    const reading = collect(agent.runStreaming(ask, run))
    await called.promise
    const { state } = await agent.cancel({ session: run.session, runId: run.runId, user: 'ada', continuationToken: null })
    expect(state).toEqual({ type: 'cancelled' })
    expect(conversationIn(await reading)).toBeUndefined()
  })

  test('start nothing where their conversation is gone', async () => {
    const model = responsesEmulator({ answer: secretary })
    const agent = agentOn(model, { execute: () => 'sent' })
    const updates = await collect(agent.runStreaming(ask, { ...run, conversation: 'resp_gone' }))
    expect(endOf(updates).outcome).toEqual({ type: 'failed', code: 'conversation_lost' })
    expect(model.responses).toHaveLength(0)
  })

  test('start nothing with a file that the model could not fetch', async () => {
    const model = responsesEmulator({ answer: secretary })
    const agent = agentOn(model, { execute: () => 'sent' })
    const file = { type: 'file', id: 'f', mediaType: 'image/png', url: '/uploads/a.png' } as const
    const message: ChatMessage = { id: 'm', role: 'user', parts: [file] }
    expect(() => agent.runStreaming([message], run)).toThrow(expect.objectContaining({ code: 'unreadable_file' }))
    expect(await failureOf(agent.run([message], run))).toMatchObject({ code: 'unreadable_file' })
    expect(model.requests).toHaveLength(0)
  })
})

describe('calls that need the approval of the person (row 25)', () => {
  const toEve = ({ to }: Letter): boolean => to === 'Eve'

  test('wait, all of their response, and are made by the run that answers (row 38)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const log = memoryEventLog()
    const sent: string[] = []
    const send = { execute: ({ to }: Letter) => sent.push(to) && `sent to ${to}`, needsApproval: toEve }
    const asked = await collect(agentOn(model, send, { log }).runStreaming(ask, run))
    expect(asked.at(-1)).toMatchObject({ type: 'pause', reason: 'approval', continuationToken: null, usage: { outputTokens: 5 } })
    expect(requestsIn(shown(asked))).toMatchObject([{ kind: 'approval', name: 'send', input: { to: 'Eve' }, prompt: 'May send be used?' }])
    expect(sent).toEqual([])
    // Another process: what it needs is at the provider and in the log.
    const next = agentOn(model, send, { log })
    const answered = await collect(next.runStreaming(decide(asked, [true]), { ...nextRun, conversation: conversationIn(asked) }))
    expect(endOf(answered)).toMatchObject({ outcome: { type: 'completed' }, conversation: model.responses[1]?.id })
    expect(sent).toEqual(['Bob', 'Eve'])
    expect(inputs(model, 1)).toEqual([
      ['call_b', 'sent to Bob'],
      ['call_e', 'sent to Eve'],
    ])
    expect(shown(answered).parts).toMatchObject([
      { type: 'tool', state: 'output-available', input: { to: 'Bob' } },
      { type: 'tool', state: 'output-available', input: { to: 'Eve' } },
      { type: 'text', text: 'Told: sent to Bob; sent to Eve' },
    ])
  })

  test('are not made where it says no, and the model hears of it', async () => {
    const model = responsesEmulator({ answer: secretary })
    const sent: string[] = []
    const agent = agentOn(model, { execute: ({ to }) => sent.push(to), needsApproval: true })
    const asked = await collect(agent.runStreaming(ask, run))
    const answered = await collect(agent.runStreaming(decide(asked, [true, false], 'Not her'), { ...nextRun, conversation: conversationIn(asked) }))
    expect(sent).toEqual(['Bob'])
    expect(inputs(model, 1)).toEqual([
      ['call_b', '1'],
      ['call_e', expect.stringMatching(/not allowed.*Not her/)],
    ])
    expect(shown(answered).parts[1]).toMatchObject({ state: 'output-error', errorCode: 'tool_rejected', input: { to: 'Eve' } })
  })

  test('are not made behind a message that passes the question over, which is answered', async () => {
    const model = responsesEmulator({ answer: secretary })
    const execute = vi.fn<() => string>(() => 'sent')
    const agent = agentOn(model, { execute, needsApproval: toEve })
    const asked = await collect(agent.runStreaming(ask, run))
    const after = await collect(agent.runStreaming([userMessage('Never mind', 'm2')], { ...nextRun, conversation: conversationIn(asked) }))
    expect(endOf(after).outcome).toEqual({ type: 'completed' })
    expect(execute).not.toHaveBeenCalled()
    expect(inputs(model, 1)).toEqual([
      ['call_b', expect.stringContaining('not allowed this call, so it was not made')],
      ['call_e', expect.stringContaining('not allowed this call, so it was not made')],
      [undefined, undefined],
    ])
  })

  test('are not made behind a stop, and the message after it says so', async () => {
    const model = responsesEmulator({ answer: secretary })
    const execute = vi.fn<() => string>(() => 'sent')
    const agent = agentOn(model, { execute, needsApproval: true })
    const asked = await collect(agent.runStreaming(ask, run))
    const { state, conversation } = await agent.cancel({ session: run.session, runId: run.runId, user: 'ada', continuationToken: null })
    expect([state, conversation]).toEqual([{ type: 'cancelled' }, conversationIn(asked)])
    expect(await failureOf(agent.run(decide(asked, [true, true]), { ...nextRun, conversation }))).toMatchObject({ code: 'not_found' })
    await collect(agent.runStreaming([userMessage('Never mind', 'm2')], { ...nextRun, conversation }))
    expect(inputs(model, 1)[0]).toEqual(['call_b', expect.stringContaining('it was not made')])
    expect(execute).not.toHaveBeenCalled()
  })

  test('are not said to be unmade where the run that has answered did not get to its end', async () => {
    const model = responsesEmulator({ answer: secretary })
    const called = Promise.withResolvers<void>()
    const execute = (): Promise<never> => {
      called.resolve()
      return new Promise(() => {})
    }
    const agent = agentOn(model, { execute, needsApproval: true })
    const asked = await collect(agent.runStreaming(ask, run))
    const conversation = conversationIn(asked)
    const answering = collect(agent.runStreaming(decide(asked, [true, true]), { ...nextRun, conversation }))
    await called.promise
    await agent.cancel({ session: run.session, runId: 'run-2', user: 'ada', continuationToken: null })
    await answering
    await collect(agent.runStreaming([userMessage('So?', 'm3')], { ...run, runId: 'run-3', conversation }))
    expect(inputs(model, 1)[0]).toEqual(['call_b', expect.stringContaining('may have done its work')])
  })

  test('are not made by an approval that comes after the message that has passed them over (row 38)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const execute = vi.fn<() => string>(() => 'sent')
    const log = memoryEventLog()
    const agent = agentOn(model, { execute, needsApproval: true }, { log })
    const asked = await collect(agent.runStreaming(ask, run))
    const conversation = conversationIn(asked)
    const after = await collect(agent.runStreaming([userMessage('Never mind', 'm2')], { ...nextRun, conversation }))
    const other = agentOn(model, { execute, needsApproval: true }, { log })
    for (const from of [conversation, conversationIn(after)]) {
      const late = other.run(decide(asked, [true, true]), { ...run, runId: 'run-3', conversation: from })
      expect(await failureOf(late)).toMatchObject({ code: 'not_found' })
    }
    expect(execute).not.toHaveBeenCalled()
    expect(model.responses).toHaveLength(2)
  })

  const past: readonly [string, (page: Agent, answer: ChatMessage[], run: AgentRunOptions) => Promise<unknown>][] = [
    ['an answer', (page, answer, next) => page.run(answer, { ...next, answers: firstId })],
    ['a message that passes it over', (page, _, next) => page.run([userMessage('Never mind', 'm9')], next)],
    ['a stop', (page) => page.cancel({ session: run.session, runId: firstId, continuationToken: null })],
  ]
  test.each(past)('behind the proxy are not made by an approval that comes after %s (row 38)', async (_, act) => {
    const model = responsesEmulator({ answer: secretary })
    const sent: string[] = []
    const { agent: page } = serveProxy(agentOn(model, { execute: ({ to }) => sent.push(to), needsApproval: true }))
    const here = { session: run.session, background: true }
    const asked = await collect(page.runStreaming(ask, { ...here, runId: firstId }))
    const conversation = conversationIn(asked)
    await act(page, decide(asked, [true, true]), { ...here, runId: `${firstId}-b`, conversation })
    const before = [[...sent], model.responses.length]
    for (const answers of [firstId, undefined]) {
      const late = page.run(decide(asked, [true, true]), { ...here, runId: `${firstId}-c`, conversation, answers })
      expect(await failureOf(late)).toMatchObject({ code: 'not_found' })
    }
    expect([sent, model.responses.length]).toEqual(before)
  })

  test('are made where the app keeps the history, in the conversation that has asked (row 15)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const sent: string[] = []
    const agent = agentOn(model, { execute: ({ to }) => `sent to ${to}, ${sent.push(to)}`, needsApproval: true })
    const page = openPage({ fetch: serveProxy(agent, { history: () => [userMessage('Earlier', 'm0')] }).fetch })
    await page.chat.send('Send two letters')
    await vi.waitFor(() => expect(page.state()?.type).toBe('paused'))
    for (const { id } of page.chat.getSnapshot().requests) void page.chat.answer(id, true)
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'completed' }))
    expect(sent).toEqual(['Bob', 'Eve'])
    expect(page.chat.getSnapshot().messages.at(-1)?.parts.at(-1)).toMatchObject({ text: 'Told: sent to Bob, 1; sent to Eve, 2' })
  })

  test('are made once, however often the answer comes (row 38)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const log = memoryEventLog()
    const sent: string[] = []
    const agent = agentOn(model, { execute: ({ to }) => sent.push(to), needsApproval: true }, { log })
    const asked = await collect(agent.runStreaming(ask, run))
    const conversation = conversationIn(asked)
    const answer = decide(asked, [true, true])
    await Promise.all([1, 2].map(() => collect(agent.runStreaming(answer, { ...nextRun, conversation }))))
    expect(await failureOf(agent.run(answer, { ...run, runId: 'run-3', conversation }))).toMatchObject({ code: 'not_found' })
    expect(sent).toEqual(['Bob', 'Eve'])
    expect(model.responses).toHaveLength(2)
  })

  test('are asked for where the rule throws, and not where the input does not fit', async () => {
    const model = responsesEmulator({
      answer: ({ history }) => (history.length === 0 ? { output: [{ ...letter('Bob', 'call_b'), arguments: '{"to":1}' }, letter('Eve', 'call_e')] } : { output: ['So.'] }),
    })
    const errors: unknown[] = []
    const needsApproval = (): boolean => {
      throw new Error('no database')
    }
    const agent = agentOn(model, { execute: () => 'sent', needsApproval }, { onError: (error) => errors.push(error) })
    const asked = await collect(agent.runStreaming(ask, run))
    expect(requestsIn(shown(asked))).toMatchObject([{ input: { to: 'Eve' } }])
    expect(errors).toHaveLength(1)
  })

  test('of which nothing is kept end the run', async () => {
    const model = responsesEmulator({ answer: secretary })
    const agent = agentOn(model, { execute: () => 'sent', needsApproval: true }, { body: { store: false } })
    const updates = await collect(agent.runStreaming(ask, { ...run, background: false }))
    expect(endOf(updates).outcome).toEqual({ type: 'incomplete', reason: 'approval_required' })
  })

  test('that the process dies in are not made again by another (row 38)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const shared = memoryEventLog()
    const first = mortal(shared)
    const sent: string[] = []
    const both = Promise.withResolvers<void>()
    const dying = agentOn(
      model,
      {
        needsApproval: true,
        execute({ to }) {
          sent.push(to)
          if (sent.length === 2) both.resolve()
          return new Promise(() => {})
        },
      },
      { log: first.log, leaseMs: 30 },
    )
    const asked = await collect(dying.runStreaming(ask, run))
    const { continuationToken } = await dying.run(decide(asked, [true, true]), { ...nextRun, conversation: conversationIn(asked) })
    await both.promise
    first.die()
    const second = agentOn(model, { execute: ({ to }) => sent.push(to), needsApproval: true }, { log: shared, leaseMs: 30 })
    await vi.waitFor(async () => {
      const { state } = await second.run([], { ...nextRun, continuationToken })
      expect(state).toEqual({ type: 'completed' })
    })
    expect(sent).toEqual(['Bob', 'Eve'])
    expect(inputs(model, 1)).toEqual([
      ['call_b', expect.stringContaining('its result was lost')],
      ['call_e', expect.stringContaining('its result was lost')],
    ])
  })

  test('that the process dies before are made by another, as the person has decided (row 38)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const shared = memoryEventLog()
    const first = mortal(shared)
    const sent: string[] = []
    const send = { execute: ({ to }: Letter) => `sent to ${to}, ${sent.push(to)}`, needsApproval: true }
    const asked = await collect(agentOn(model, send, { log: shared }).runStreaming(ask, run))
    // Nothing but the run itself gets into the log: not even that the calls begin.
    const died = Promise.withResolvers<void>()
    const append: EventLog['append'] = async (...args) => {
      first.die()
      died.resolve()
      return await first.log.append(...args)
    }
    const answer = decide(asked, [true, false], 'Not her')
    const answeringRun = { ...nextRun, conversation: conversationIn(asked) }
    void agentOn(model, send, { log: { ...first.log, append }, leaseMs: 30 }).run(answer, answeringRun)
    await died.promise
    const second = agentOn(model, send, { log: shared, leaseMs: 30 })
    await vi.waitFor(async () => {
      // Who has heard nothing sends it again.
      const { state } = await second.run(answer, answeringRun)
      expect(state).toEqual({ type: 'completed' })
    })
    expect(sent).toEqual(['Bob'])
    expect(model.responses.map(({ request }) => request.background)).toEqual([true, true])
    expect(inputs(model, 1)).toEqual([
      ['call_b', 'sent to Bob, 1'],
      ['call_e', expect.stringMatching(/not allowed.*Not her/)],
    ])
  })

  test('that were begun without it are not asked for by whoever takes the run over (row 38)', async () => {
    const model = responsesEmulator({ answer: secretary })
    const shared = memoryEventLog()
    const first = mortal(shared)
    const both = Promise.withResolvers<void>()
    let begun = 0
    const execute = (): Promise<never> => {
      begun += 1
      if (begun === 2) both.resolve()
      return new Promise(() => {})
    }
    const { continuationToken } = await agentOn(model, { execute, needsApproval: false }, { log: first.log, leaseMs: 30 }).run(ask, run)
    await both.promise
    first.die()
    const second = agentOn(model, { execute, needsApproval: true }, { log: shared, leaseMs: 30 })
    await vi.waitFor(async () => {
      const { state, usage } = await second.run([], { ...run, continuationToken })
      // Each response counts once, whoever has read it.
      expect([state, usage]).toEqual([{ type: 'completed' }, { inputTokens: expect.any(Number), outputTokens: 7 }])
    })
    expect(begun).toBe(2)
  })

  test('wait together with those of a server of tools', async () => {
    const model = responsesEmulator({
      answer({ history, input }) {
        if (history.length === 0) return { output: [letter('Bob', 'call_b'), { type: 'mcpApprovalRequest', server: 'shop', name: 'order', arguments: '{"n":1}' }] }
        return { output: [input.map(({ type }) => type).join(' ')] }
      },
    })
    const agent = agentOn(model, { execute: () => 'sent' })
    const asked = await collect(agent.runStreaming(ask, run))
    expect(requestsIn(shown(asked))).toMatchObject([{ name: 'order', input: { n: 1 } }])
    const answered = await collect(agent.runStreaming(decide(asked, [true]), { ...nextRun, conversation: conversationIn(asked) }))
    expect(endOf(answered).outcome).toEqual({ type: 'completed' })
    expect(shown(answered).parts.at(-1)).toMatchObject({ text: 'function_call_output mcp_approval_response' })
  })
})
