import { type ResponsesScript, type ScriptedItem } from '@rejoin/testkit'
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator'
import { type Response, type ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { all, inBackground, question, served, typesOf } from './responses/served.ts'

const url = 'https://example.com/otters'

/** Each kind of item, the types of its events between added and done, and its fields in the end. */
const kinds: readonly (readonly [string, ScriptedItem, readonly string[], object])[] = [
  [
    'a message with citations',
    { type: 'message', text: ['Otters', ' swim.'], citations: [{ url, title: 'Otters', start: 0, end: 6 }], phase: 'final_answer' },
    [
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.annotation.added',
      'response.output_text.done',
      'response.content_part.done',
    ],
    {
      type: 'message',
      role: 'assistant',
      status: 'completed',
      phase: 'final_answer',
      content: [
        {
          type: 'output_text',
          text: 'Otters swim.',
          annotations: [{ type: 'url_citation', url, title: 'Otters', start_index: 0, end_index: 6 }],
          logprobs: [],
        },
      ],
    },
  ],
  [
    'an empty message',
    { type: 'message' },
    ['response.content_part.added', 'response.output_text.done', 'response.content_part.done'],
    { content: [{ type: 'output_text', text: '', annotations: [], logprobs: [] }] },
  ],
  [
    'a refusal',
    { type: 'message', refusal: ['I ', "can't."] },
    [
      'response.content_part.added',
      'response.refusal.delta',
      'response.refusal.delta',
      'response.refusal.done',
      'response.content_part.done',
    ],
    { content: [{ type: 'refusal', refusal: "I can't." }] },
  ],
  [
    'a refusal after text',
    { type: 'message', text: 'Well.', refusal: 'No.' },
    [
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.content_part.added',
      'response.refusal.delta',
      'response.refusal.done',
      'response.content_part.done',
    ],
    { content: [{ type: 'output_text', text: 'Well.' }, { type: 'refusal', refusal: 'No.' }] },
  ],
  [
    'a summary of reasoning',
    { type: 'reasoning', summary: [['Let me ', 'see.'], 'I see.'] },
    [
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
    ],
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }, { type: 'summary_text', text: 'I see.' }] },
  ],
  [
    'reasoning that shows its thoughts',
    { type: 'reasoning', text: ['Hm', 'm.'] },
    [
      'response.content_part.added',
      'response.reasoning_text.delta',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
      'response.content_part.done',
    ],
    { summary: [], content: [{ type: 'reasoning_text', text: 'Hmm.' }] },
  ],
  [
    'a call of a function',
    { type: 'functionCall', name: 'add', arguments: ['{"a":', '1}'], callId: 'call_1' },
    [
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
    ],
    { type: 'function_call', name: 'add', arguments: '{"a":1}', call_id: 'call_1', status: 'completed' },
  ],
  [
    'a web search',
    { type: 'webSearch', query: 'otters', sources: [url] },
    ['response.web_search_call.in_progress', 'response.web_search_call.searching', 'response.web_search_call.completed'],
    {
      type: 'web_search_call',
      status: 'completed',
      action: { type: 'search', query: 'otters', queries: ['otters'], sources: [{ type: 'url', url }] },
    },
  ],
  [
    'a file search',
    { type: 'fileSearch', queries: ['otters'], results: [{ file_id: 'file_1', filename: 'a.md', score: 0.5, text: 'Otters.' }] },
    ['response.file_search_call.in_progress', 'response.file_search_call.searching', 'response.file_search_call.completed'],
    { type: 'file_search_call', status: 'completed', queries: ['otters'], results: [{ filename: 'a.md' }] },
  ],
  [
    'a code interpreter',
    { type: 'codeInterpreter', code: ['1', '+1'], logs: '2' },
    [
      'response.code_interpreter_call.in_progress',
      'response.code_interpreter_call_code.delta',
      'response.code_interpreter_call_code.delta',
      'response.code_interpreter_call_code.done',
      'response.code_interpreter_call.interpreting',
      'response.code_interpreter_call.completed',
    ],
    { type: 'code_interpreter_call', code: '1+1', outputs: [{ type: 'logs', logs: '2' }] },
  ],
  [
    'an image',
    { type: 'imageGeneration', image: 'aW1hZ2U=', partial: ['aW0='] },
    [
      'response.image_generation_call.in_progress',
      'response.image_generation_call.generating',
      'response.image_generation_call.partial_image',
      'response.image_generation_call.completed',
    ],
    { type: 'image_generation_call', result: 'aW1hZ2U=', status: 'completed' },
  ],
  [
    'a list of MCP tools',
    { type: 'mcpListTools', server: 'zoo', tools: ['feed'] },
    ['response.mcp_list_tools.in_progress', 'response.mcp_list_tools.completed'],
    { type: 'mcp_list_tools', server_label: 'zoo', tools: [{ name: 'feed' }] },
  ],
  [
    'a list of MCP tools that fails',
    { type: 'mcpListTools', server: 'zoo', error: 'Closed.' },
    ['response.mcp_list_tools.in_progress', 'response.mcp_list_tools.failed'],
    { tools: [], error: 'Closed.' },
  ],
  [
    'a call of an MCP tool',
    { type: 'mcpCall', server: 'zoo', name: 'feed', arguments: ['{"fish"', ':2}'], output: 'Fed.' },
    [
      'response.mcp_call.in_progress',
      'response.mcp_call_arguments.delta',
      'response.mcp_call_arguments.delta',
      'response.mcp_call_arguments.done',
      'response.mcp_call.completed',
    ],
    { type: 'mcp_call', name: 'feed', arguments: '{"fish":2}', output: 'Fed.', error: null, status: 'completed' },
  ],
  [
    'a call of an MCP tool that fails',
    { type: 'mcpCall', server: 'zoo', name: 'feed', arguments: '{}', error: 'No fish.' },
    [
      'response.mcp_call.in_progress',
      'response.mcp_call_arguments.delta',
      'response.mcp_call_arguments.done',
      'response.mcp_call.failed',
    ],
    { status: 'failed', output: null, error: { content: [{ text: 'No fish.' }] } },
  ],
  [
    'a call of an MCP tool that needs approval',
    { type: 'mcpApprovalRequest', server: 'zoo', name: 'feed', arguments: '{}' },
    [],
    { type: 'mcp_approval_request', server_label: 'zoo', name: 'feed' },
  ],
  [
    'an item of any other type',
    { type: 'other', item: { type: 'computer_call', call_id: 'call_1', status: 'completed', pending_safety_checks: [] } },
    [],
    { type: 'computer_call', call_id: 'call_1' },
  ],
]

/** The whole of what came in deltas. */
function wholeOf(event: ResponseStreamEvent): string | null {
  switch (event.type) {
    case 'response.output_text.done':
    case 'response.reasoning_text.done':
    case 'response.reasoning_summary_text.done':
      return event.text
    case 'response.refusal.done':
      return event.refusal
    case 'response.function_call_arguments.done':
    case 'response.mcp_call_arguments.done':
      return event.arguments
    case 'response.code_interpreter_call_code.done':
      return event.code
    default:
      return null
  }
}

/** What the client makes of the events before the last one. */
function accumulated(events: readonly ResponseStreamEvent[]): Response {
  let response: Response | undefined
  for (const event of events.slice(0, -1)) response = accumulateResponse(event, response)
  if (response === undefined) throw new Error('There are no events.')
  return response
}

function finalOf(events: readonly ResponseStreamEvent[]): Response {
  const last = events.at(-1)
  if (last?.type === 'response.completed' || last?.type === 'response.incomplete' || last?.type === 'response.failed') {
    return last.response
  }
  throw new Error(`The last event is ${last?.type}.`)
}

async function streamed(answer: ResponsesScript): Promise<ResponseStreamEvent[]> {
  const { client } = await served({ answer })
  return await all(await client.responses.create({ ...inBackground, stream: true }))
}

describe('an item', () => {
  it.each(kinds)('that is %s comes with its own events and adds up to the item in the final response', async (_, item, types, fields) => {
    const events = await streamed({ output: [item] })
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
      ...types,
      'response.output_item.done',
      'response.completed',
    ])
    const { output } = finalOf(events)
    expect(output).toMatchObject([fields])
    expect(accumulated(events).output).toEqual(output)
  })

  it('adds up without its done event too', async () => {
    const { client } = await served({ answer: { output: kinds.map(([, item]) => item) } })
    const response = await client.responses.create(question)
    for (const [at, [, , , fields]] of kinds.entries()) expect(response.output[at]).toMatchObject(fields)
    const ids = response.output.map((item) => item.id)
    expect(new Set(ids).size).toBe(kinds.length)
  })

  it('has deltas that add up to what its done events say', async () => {
    const events = await streamed({ output: kinds.map(([, item]) => item) })
    const deltas = new Map<string, string>()
    const done = new Map<string, string>()
    for (const event of events) {
      if (!('item_id' in event)) continue
      const key = `${event.type.replace(/\.\w+$/, '')} ${event.item_id} ${'summary_index' in event ? event.summary_index : ''}`
      if ('delta' in event) deltas.set(key, (deltas.get(key) ?? '') + event.delta)
      const whole = wholeOf(event)
      if (whole !== null && whole !== '') done.set(key, whole)
    }
    expect(done.size).toBe(11)
    expect([...deltas].sort()).toEqual([...done].sort())
  })

  it('may have text whose delta is lost', async () => {
    const some = { type: 'message', text: ['Be', { lost: 'cause' }, '.'] } as const
    const none = { type: 'message', text: [{ lost: 'Yes.' }] } as const
    const events = await streamed({ output: [some, none] })
    const deltas = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []))
    expect(deltas).toEqual(['Be', '.'])
    const done = events.flatMap((event) => (event.type === 'response.output_text.done' ? [event.text] : []))
    expect(done).toEqual(['Because.', 'Yes.'])
    expect(accumulated(events).output).toEqual(finalOf(events).output)
  })
})

describe('the outcome', () => {
  it('is incomplete for a reason, and so is the last item', async () => {
    const events = await streamed({
      output: ['Whole.', { type: 'functionCall', name: 'add', arguments: '{"a":' }],
      outcome: { status: 'incomplete', reason: 'max_output_tokens' },
    })
    const response = finalOf(events)
    expect(events.at(-1)?.type).toBe('response.incomplete')
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      completed_at: null,
      output: [{ status: 'completed' }, { status: 'incomplete', arguments: '{"a":' }],
    })
    expect(accumulated(events).output).toEqual(response.output)
  })

  it('is a failure in the middle of the last item, which is not closed', async () => {
    const failed = { status: 'failed', code: 'server_error', message: 'It broke.' } as const
    const events = await streamed({ output: [{ type: 'message', text: ['Be', 'cau'] }], outcome: failed })
    expect(typesOf(events).slice(-3)).toEqual(['response.output_text.delta', 'response.output_text.delta', 'response.failed'])
    expect(finalOf(events)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: 'It broke.' },
      completed_at: null,
      output: [],
    })
  })

  it('is a failure after an item that is closed', async () => {
    const failed = { status: 'failed', code: 'server_error', message: 'It broke.' } as const
    const events = await streamed({ output: ['Because.', { wait: 0 }], outcome: failed })
    expect(typesOf(events).slice(-2)).toEqual(['response.output_item.done', 'response.failed'])
  })
})
