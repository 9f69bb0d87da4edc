import { type ResponsesRequest, type ResponsesScript } from '@rejoin/testkit'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { failureOf, inBackground, question, served } from './responses/served.ts'
import { pass, useFakeTime } from './responses/time.ts'

useFakeTime()

const approval = { type: 'mcpApprovalRequest', server: 'shop', name: 'order', arguments: '{"n":1}' } as const

/** Asks whether it may, and then does what it was told. */
function asking({ input }: ResponsesRequest): ResponsesScript {
  const answer = input.find(({ type }) => type === 'mcp_approval_response')
  if (answer === undefined) return { output: [approval, { ...approval, arguments: '{"n":2}' }] }
  const approvalRequestId = String(answer['approval_request_id'])
  return { output: [{ type: 'mcpCall', server: 'shop', name: 'order', arguments: '{"n":1}', output: 'ordered', approvalRequestId }, 'Done.'] }
}

describe('a conversation', () => {
  it('brings the inputs and outputs before it, and no instructions', async () => {
    const { client, emulator } = await served({ answer: ({ input }) => ({ output: [`No. ${JSON.stringify(input).length}`] }) })
    const one = await client.responses.create({ ...question, instructions: 'Be brief.' })
    const two = await client.responses.create({ ...question, input: 'and?', previous_response_id: one.id })
    const three = await client.responses.create({ ...question, input: 'so?', previous_response_id: two.id })
    expect(two.instructions).toBeNull()
    const said = emulator.responses[2]?.request.history.map(({ type, role, content }) => [type, role, typeof content])
    expect(said).toEqual([
      ['message', 'user', 'string'],
      ['message', 'assistant', 'object'],
      ['message', 'user', 'string'],
      ['message', 'assistant', 'object'],
    ])
    const inputs = [one, two, three].map(({ usage }) => usage?.input_tokens ?? 0)
    expect(inputs).toEqual([...new Set(inputs)].sort((a, b) => a - b))
  })

  it('goes on from nothing that was not stored, or has not been answered', async () => {
    const { client } = await served({
      answer({ model }) {
        if (model === 'slow') return { output: ['Yes'], queuedMs: 1_000 }
        return { output: ['Yes'], ...(model === 'bad' && { outcome: { status: 'failed', code: 'server_error', message: 'no' } }) }
      },
    })
    const next = (previous_response_id: string): Promise<unknown> => failureOf(client.responses.create({ ...question, previous_response_id }))
    const running = await client.responses.create({ ...inBackground, model: 'slow' })
    expect(await next(running.id)).toMatchObject({ status: 400, param: 'previous_response_id' })
    await pass(1_000)
    expect(await client.responses.create({ ...question, previous_response_id: running.id })).toMatchObject({ status: 'completed' })
    const failed = await client.responses.create({ ...question, model: 'bad' })
    expect(await next(failed.id)).toMatchObject({ status: 400, param: 'previous_response_id' })
    const unkept = await client.responses.create({ ...question, store: false })
    expect(await next(unkept.id)).toMatchObject({ status: 400, code: 'previous_response_not_found' })
  })

  it.each(['function_call_output', 'custom_tool_call_output'] as const)('takes no %s of a call that was not made', async (type) => {
    const { client } = await served({ answer: { output: ['Yes'] } })
    const input = [{ type, call_id: 'call_x', output: '4' }]
    expect(await failureOf(client.responses.create({ ...question, input }))).toMatchObject({ status: 400, param: 'input' })
  })

  it.each([
    ['function_call', { type: 'functionCall', name: 'look', arguments: '{}', callId: 'call_1' }],
    ['custom_tool_call', { type: 'other', item: { type: 'custom_tool_call', name: 'look', input: 'there', call_id: 'call_1' } }],
  ] as const)('is not gone on with before a %s has its result', async (type, item) => {
    const { client } = await served({ answer: ({ history }) => ({ output: history.length === 0 ? [item] : ['So.'] }) })
    const { id } = await client.responses.create(question)
    const next = { ...question, previous_response_id: id }
    expect(await failureOf(client.responses.create(next))).toMatchObject({ status: 400, param: 'input', message: expect.stringContaining('call_1') })
    const input = [{ type: `${type}_output` as const, call_id: 'call_1', output: '4' }]
    expect(await client.responses.create({ ...next, input })).toMatchObject({ output_text: 'So.' })
  })
})

describe('an approval', () => {
  it('is asked for in one response and given in the next', async () => {
    const { client } = await served({ answer: asking })
    const { id, output } = await client.responses.create(question)
    expect(output).toMatchObject([
      { type: 'mcp_approval_request', server_label: 'shop', name: 'order', arguments: '{"n":1}' },
      { type: 'mcp_approval_request', arguments: '{"n":2}' },
    ])
    const input = output.map((item, at) => ({
      type: 'mcp_approval_response' as const,
      approval_request_id: item.id ?? '',
      approve: at === 0,
    }))
    const response = await client.responses.create({ ...question, previous_response_id: id, input })
    expect(response).toMatchObject({ output_text: 'Done.', output: [{ type: 'mcp_call', approval_request_id: output[0]?.id }, {}] })
  })

  it('is owed for each request, and for nothing else', async () => {
    const { client } = await served({ answer: asking })
    const { id, output } = await client.responses.create(question)
    const next = { ...question, previous_response_id: id }
    const unanswered = await failureOf(client.responses.create(next))
    expect(unanswered).toBeInstanceOf(OpenAI.BadRequestError)
    expect(unanswered).toMatchObject({ message: expect.stringContaining(`${output[0]?.id}, ${output[1]?.id}`) })
    const input = [{ type: 'mcp_approval_response' as const, approval_request_id: 'mcpr_other', approve: true }]
    expect(await failureOf(client.responses.create({ ...question, input }))).toMatchObject({ status: 400, param: 'input' })
  })
})

describe('a file', () => {
  const asked = (content: object): object => ({ ...question, input: [{ role: 'user', content: [content] }] })

  it.each([
    { type: 'input_image', image_url: 'https://files.test/a.png', detail: 'auto' },
    { type: 'input_image', image_url: 'data:image/png;base64,aa', detail: 'auto' },
    { type: 'input_file', file_url: 'https://files.test/a.pdf' },
    { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,aa' },
  ])('may be %j', async (content) => {
    const { client } = await served({ answer: { output: ['I see.'] } })
    expect(await client.responses.create(Object.assign({ ...question }, asked(content)))).toMatchObject({ output_text: 'I see.' })
  })

  it.each([
    [{ type: 'input_image', image_url: '/a.png' }, 'invalid_value'],
    [{ type: 'input_file', file_url: '/a.pdf' }, 'invalid_value'],
    [{ type: 'input_file', file_url: 'https://files.test/a.pdf', filename: 'a.pdf' }, 'mutually_exclusive_parameters'],
  ])('may not be %j', async (content, code) => {
    const { client } = await served({ answer: { output: ['I see.'] } })
    expect(await failureOf(client.responses.create(Object.assign({ ...question }, asked(content))))).toMatchObject({ status: 400, code })
  })
})
