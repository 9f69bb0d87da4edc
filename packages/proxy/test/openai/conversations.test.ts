import { userMessage, type Agent, type AgentResponse, type AgentRunOptions, type ChatMessage } from '@rejoin/core'
import { azureOpenAIAgent } from '@rejoin/proxy/azure'
import { type ResponsesProfile, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { ask, collect, endOf, failureOf, inBackground, lastToken, run } from '../runs.ts'
import { apiKey, createOddProvider, createProvider, type Provider } from './support/provider.ts'
import { finish, useFakeTime } from './support/time.ts'

useFakeTime()

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }
const failing: ResponsesScript = { output: ['Half'], outcome: { status: 'failed', code: 'server_error', message: 'no' } }
const next = [userMessage('and then?', 'm2')]
const nextRun: AgentRunOptions = { session: run.session, runId: 'run-2', background: true }

const servers: readonly [string, (provider: Provider) => Agent, ResponsesProfile][] = [
  ['OpenAI', (provider) => provider.agent(), 'openai'],
  ['Azure', ({ fetch }) => azureOpenAIAgent({ endpoint: 'https://one.openai.azure.com', apiKey, model: 'gpt-test', fetch }), 'azure'],
  ['a server that replays', (provider) => provider.agent(), 'replay'],
  ['a server without a background', (provider) => provider.agent(), 'foreground'],
]

describe.each(servers)('a conversation with a model at %s (row 15)', (_, agentOf, profile) => {
  test('is named by the end of a stream, of a resumed one, and by a poll', async () => {
    const provider = createProvider({ answer, profile })
    const agent = agentOf(provider)
    const updates = await finish(collect(agent.runStreaming(ask, inBackground)))
    const id = provider.emulator.responses[0]?.id
    expect(endOf(updates)).toMatchObject({ conversation: id })
    const whole = await finish(agent.run(ask, { ...run, background: false }))
    expect(whole).toMatchObject({ state: { type: 'completed' }, conversation: provider.emulator.responses[1]?.id })
    if (profile === 'foreground') return
    const token = { ...run, continuationToken: lastToken(updates) }
    expect(endOf(await finish(collect(agentOf(provider).runStreaming([], token))))).toMatchObject({ conversation: id })
    expect(await finish(agentOf(provider).run([], token))).toMatchObject({ conversation: id })
  })

  test('goes on with the new message alone', async () => {
    const provider = createProvider({ answer, profile })
    const { conversation } = await finish(agentOf(provider).run(ask, { ...run, background: false }))
    await finish(collect(agentOf(provider).runStreaming(next, { ...nextRun, conversation })))
    expect(provider.calls.at(-1)?.body).toMatchObject({
      previous_response_id: conversation,
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'and then?' }] }],
    })
    expect(provider.emulator.responses[1]?.request.history.map(({ role }) => role)).toEqual(['user', 'assistant'])
  })

  test('that is gone is lost before anything is started', async () => {
    const { emulator, ...provider } = createProvider({ answer, profile })
    const agent = agentOf({ emulator, ...provider })
    for (const conversation of ['resp_unknown', 'resp_unknown@open', '@']) {
      const failed = await finish(failureOf(agent.run(next, { ...nextRun, conversation })))
      expect(failed).toMatchObject({ code: 'conversation_lost' })
    }
    expect(emulator.responses).toHaveLength(0)
  })
})

describe('a turn', () => {
  test('says the instructions again, which nothing else would bring', async () => {
    const { agent, calls } = createProvider({ answer })
    const one = agent({ instructions: 'Be brief.' })
    const { conversation } = await finish(one.run(ask, { ...run, background: false }))
    await finish(one.run(next, { ...nextRun, conversation, background: false }))
    expect(calls.map(({ body }) => body)).toMatchObject([{ instructions: 'Be brief.' }, { instructions: 'Be brief.' }])
  })

  test.each([undefined, null])('with the conversation %s brings all its messages', async (conversation) => {
    const { agent, calls } = createProvider({ answer })
    const before: ChatMessage = { id: 'a1', role: 'assistant', parts: [{ type: 'text', text: 'Because.' }] }
    await finish(agent().run([...ask, before, ...next], { ...run, conversation, background: false }))
    expect(calls[0]?.body).not.toHaveProperty('previous_response_id')
    expect(calls[0]?.body).toMatchObject({ input: [{ role: 'user' }, { role: 'assistant' }, { role: 'user' }] })
  })

  test('that was cut short is gone on from', async () => {
    const outcome = { status: 'incomplete', reason: 'max_output_tokens' } as const
    const { agent, emulator } = createProvider({ answer: { ...answer, outcome } })
    const { state, conversation } = await finish(agent().run(ask, { ...run, background: false }))
    expect(state.type).toBe('incomplete')
    await finish(agent().run(next, { ...nextRun, conversation, background: false }))
    expect(emulator.responses[1]?.request.previous_response_id).toBe(conversation)
  })

  test('that has failed, or was stopped, is left out', async () => {
    const { agent, emulator } = createProvider({ answer: failing, paceMs: 10 })
    expect(endOf(await finish(collect(agent().runStreaming(ask, inBackground))))).not.toHaveProperty('conversation')
    const started: AgentResponse = await finish(agent().run(ask, inBackground))
    const stopped = await finish(agent().cancel({ ...run, continuationToken: started.continuationToken }))
    expect(stopped.state).toEqual({ type: 'cancelled' })
    expect(stopped).not.toHaveProperty('conversation')
    expect(emulator.responses).toHaveLength(2)
  })

  test('of what is not stored is gone on from nowhere', async () => {
    const { agent } = createProvider({ answer })
    const updates = await finish(collect(agent({ body: { store: false } }).runStreaming(ask, { ...run, background: false })))
    expect(endOf(updates)).not.toHaveProperty('conversation')
  })

  test('behind calls that nobody here makes tells the model so', async () => {
    const custom = { type: 'custom_tool_call', status: 'completed', name: 'shell', input: 'ls', call_id: 'call_2' }
    const output = [{ type: 'functionCall', name: 'elsewhere', arguments: '{}', callId: 'call_1' }, { type: 'other', item: custom }] as const
    const { agent, emulator } = createProvider({ answer: ({ history }) => (history.length === 0 ? { output } : answer) })
    const { conversation } = await finish(agent().run(ask, { ...run, background: false }))
    const { state } = await finish(agent().run(next, { ...nextRun, conversation, background: false }))
    expect(state).toEqual({ type: 'completed' })
    expect(emulator.responses[1]?.request.input).toEqual([
      { type: 'function_call_output', call_id: 'call_1', output: expect.stringContaining('not known') },
      { type: 'custom_tool_call_output', call_id: 'call_2', output: expect.stringContaining('not known') },
      expect.objectContaining({ type: 'message', role: 'user' }),
    ])
  })

  test('behind what only a program of theirs could answer is gone on from nowhere', async () => {
    const item = { type: 'computer_call', call_id: 'call_1', action: { type: 'screenshot' }, status: 'completed' }
    const { agent } = createProvider({ answer: { output: [{ type: 'other', item }] } })
    expect(await finish(agent().run(ask, { ...run, background: false }))).not.toHaveProperty('conversation')
  })

  test.each([
    [404, { code: 'previous_response_not_found' }],
    [400, { param: 'previous_response_id', code: null }],
    // It wants results that this response does not name.
    [400, { param: 'input', code: null }],
  ])('whose conversation the provider refuses with %i %j is lost', async (status, error) => {
    const { agent } = createOddProvider(() => Response.json({ error: { message: 'resp_secret is gone', ...error } }, { status }))
    const failed = await finish(failureOf(agent().run(next, { ...nextRun, conversation: 'resp_secret' })))
    expect(failed).toMatchObject({ code: 'conversation_lost', message: expect.not.stringContaining('resp_secret') })
  })

  test('that has become too long says so', async () => {
    const error = { message: 'no', param: 'input', code: 'context_length_exceeded' }
    const { agent } = createOddProvider(() => Response.json({ error }, { status: 400 }))
    expect(await finish(failureOf(agent().run(next, { ...nextRun, conversation: 'resp_1' })))).toMatchObject({ code: 'too_long' })
  })

  test('says what it has used, at its end and in polls', async () => {
    const { agent } = createProvider({ answer })
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    const usage = { inputTokens: expect.any(Number), outputTokens: 4 }
    expect(endOf(updates)).toMatchObject({ usage })
    expect(await finish(agent().run([], { ...run, continuationToken: lastToken(updates) }))).toMatchObject({ usage })
  })
})

describe('the files of a message', () => {
  const withFiles = (...urls: readonly [url: string, mediaType: string][]): ChatMessage[] => [
    {
      id: 'm1',
      role: 'user',
      parts: [
        { type: 'text', text: 'What is this?' },
        ...urls.map(([url, mediaType], at) => ({ type: 'file', id: `f${at}`, url, mediaType, filename: 'it' }) as const),
      ],
    },
  ]

  test('go to the model by their addresses', async () => {
    const { agent, calls } = createProvider({ answer })
    const message = withFiles(['https://files.test/a.png', 'image/png'], ['https://files.test/b.pdf', 'application/pdf'])
    expect(await finish(agent().run(message, { ...run, background: false }))).toMatchObject({ state: { type: 'completed' } })
    expect(calls[0]?.body).toMatchObject({
      input: [
        {
          content: [
            { type: 'input_text', text: 'What is this?' },
            { type: 'input_image', image_url: 'https://files.test/a.png' },
            { type: 'input_file', file_url: 'https://files.test/b.pdf' },
          ],
        },
      ],
    })
  })

  test.each(['/uploads/a.png', 'blob:https://app.test/1'])('at %s, where the provider can not fetch, start nothing', async (url) => {
    const { agent, calls } = createProvider({ answer })
    const failed = await finish(failureOf(agent().run(withFiles([url, 'image/png']), { ...run, background: false })))
    expect(failed).toMatchObject({ code: 'unreadable_file' })
    expect(calls).toHaveLength(0)
  })
})
