import { type AgentResponseUpdate, type MessagePart, type ProgressStep, type Update } from '@rejoin/core'
import { type ResponsesScript, type ScriptedItem } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { richAnswer } from './support/answers.ts'
import { createOddProvider, createProvider } from './support/provider.ts'
import { ask, collect, endOf, inBackground, lastToken, run, shown, textIn } from '../runs.ts'
import { finish, useFakeTime } from './support/time.ts'

useFakeTime()

interface Told {
  readonly updates: readonly AgentResponseUpdate[]
  readonly streamed: { readonly parts: readonly MessagePart[]; readonly steps: readonly ProgressStep[] }
  readonly polled: { readonly parts: readonly MessagePart[]; readonly steps: readonly ProgressStep[] }
}

/** An answer as its stream tells it, and as a poll does. */
async function told(script: ResponsesScript): Promise<Told> {
  const { agent } = createProvider({ answer: script })
  const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
  const { parts, steps } = shown(updates)
  const { message, steps: known = [] } = await finish(agent().run([], { ...run, continuationToken: lastToken(updates) }))
  return { updates, streamed: { parts, steps }, polled: { parts: message.parts, steps: known } }
}

function done(label: string): ProgressStep[] {
  return [{ id: '0', label, state: 'done' }]
}

const logs = [{ type: 'logs', logs: '1\n' }]

interface Case {
  readonly item: ScriptedItem
  readonly parts: readonly MessagePart[]
  readonly steps: readonly ProgressStep[]
}

const cases: Record<string, Case> = {
  'a reasoning summary': {
    item: { type: 'reasoning', summary: [['First ', 'this.'], ['Then ', 'that.']] },
    parts: [
      { type: 'reasoning', id: '0.s0', text: 'First this.' },
      { type: 'reasoning', id: '0.s1', text: 'Then that.' },
    ],
    steps: [],
  },
  'raw reasoning': {
    item: { type: 'reasoning', text: ['Raw ', 'thoughts.'] },
    parts: [{ type: 'reasoning', id: '0.0', text: 'Raw thoughts.' }],
    steps: [],
  },
  'a refusal': {
    item: { type: 'message', refusal: ['I will ', 'not.'] },
    parts: [{ type: 'refusal', id: '0.0', text: 'I will not.' }],
    steps: [],
  },
  'text with sources': {
    item: { type: 'message', text: ['See ', 'there.'], citations: [{ url: 'https://there.test', title: 'There', start: 4, end: 9 }] },
    parts: [
      { type: 'text', id: '0.0', text: 'See there.' },
      { type: 'source-url', id: '0.0.a0', url: 'https://there.test', title: 'There', cites: { part: '0.0', start: 4, end: 9 } },
    ],
    steps: [],
  },
  'a web search': { item: { type: 'webSearch', query: 'q' }, parts: [], steps: done('Searching the web') },
  'a file search': { item: { type: 'fileSearch', queries: ['q'] }, parts: [], steps: done('Searching files') },
  'a code interpreter': {
    item: { type: 'codeInterpreter', code: ['print', '(1)'], logs: '1\n' },
    parts: [{ type: 'tool', id: '0', name: 'code_interpreter', state: 'output-available', input: { code: 'print(1)' }, output: logs }],
    steps: done('Running code'),
  },
  'an image': {
    item: { type: 'imageGeneration', image: 'aW1n', partial: ['cGFydA=='] },
    parts: [{ type: 'file', id: '0', mediaType: 'image/png', url: 'data:image/png;base64,aW1n' }],
    steps: done('Making an image'),
  },
  'a list of MCP tools': {
    item: { type: 'mcpListTools', server: 'shop', tools: ['order'] },
    parts: [],
    steps: done('Looking at the tools there are'),
  },
  'an MCP call': {
    item: { type: 'mcpCall', server: 'shop', name: 'order', arguments: ['{"n"', ':1}'], output: 'ordered' },
    parts: [{ type: 'tool', id: '0', name: 'order', state: 'output-available', input: { n: 1 }, output: 'ordered' }],
    steps: done('Using order'),
  },
  'an MCP call that failed': {
    item: { type: 'mcpCall', server: 'shop', name: 'order', arguments: '{"n":1}', error: 'The database of tenant 4711 is down' },
    parts: [{ type: 'tool', id: '0', name: 'order', state: 'output-error', input: { n: 1 }, errorCode: 'tool_failed' }],
    steps: done('Using order'),
  },
  'a function call': {
    item: { type: 'functionCall', name: 'weather', arguments: ['{"place"', ':"Oslo"}'] },
    parts: [{ type: 'tool', id: '0', name: 'weather', state: 'input-available', input: { place: 'Oslo' } }],
    steps: done('Using weather'),
  },
  'a custom tool call': {
    item: { type: 'other', item: { type: 'custom_tool_call', status: 'completed', name: 'shell', input: 'ls', call_id: 'c' } },
    parts: [{ type: 'tool', id: '0', name: 'shell', state: 'input-available', input: 'ls' }],
    steps: done('Using shell'),
  },
  'what nobody knows': { item: { type: 'other', item: { type: 'hologram', status: 'completed' } }, parts: [], steps: [] },
}

describe('an item of the output becomes its parts and steps, streamed and polled alike (row 37)', () => {
  test.each(Object.entries(cases))('%s', async (_, { item, parts, steps }) => {
    const { updates, streamed, polled } = await told({ output: [item] })
    expect(streamed).toEqual({ parts, steps })
    expect(polled).toEqual(streamed)
    expect(endOf(updates).parts).toBeUndefined()
    expect(JSON.stringify([updates, polled])).not.toContain('4711')
  })

  test('all of them in one answer', async () => {
    const { updates, streamed, polled } = await told(richAnswer)
    expect(polled).toEqual(streamed)
    expect(streamed.parts.length).toBeGreaterThan(10)
    expect(endOf(updates)).toMatchObject({ outcome: { type: 'completed' } })
    expect(endOf(updates).parts).toBeUndefined()
  })

  test('a step is active before it is done', async () => {
    const { updates } = await told({ output: [{ type: 'webSearch', query: 'q' }, 'Done.'] })
    const states = updates.flatMap((update) => (update.type === 'progress' ? [update.step.state] : []))
    expect(states).toEqual(['active', 'done'])
  })

  test.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x'])('a source at %s is none', async (url) => {
    const { streamed, polled } = await told({ output: [{ type: 'message', text: 'See.', citations: [{ url, title: 'There' }] }] })
    expect([streamed.parts, polled.parts]).toMatchObject([[{ type: 'text' }], [{ type: 'text' }]])
  })

  test('a cited file is a document', async () => {
    const annotation = { type: 'file_citation', file_id: 'file-1', filename: 'bees.pdf', index: 4 }
    const message = { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'See.', annotations: [annotation] }] }
    const response = { id: 'resp_1', status: 'completed', background: true, output: [message] }
    const { agent } = createOddProvider(() => Response.json(response))
    const polled = await finish(agent().run([], { ...run, continuationToken: 'resp_1.0000.0000000000' }))
    expect(polled.message.parts[1]).toEqual({ type: 'source-document', id: '0.0.a0', filename: 'bees.pdf', fileId: 'file-1' })
  })
})

describe('what the deltas have left out comes with the `done` event, once (row 37)', () => {
  const lost: Record<string, ScriptedItem> = {
    'the first': { type: 'message', text: [{ lost: 'Be' }, 'cause ', 'of it.'] },
    'one in the middle': { type: 'message', text: ['Be', { lost: 'cause ' }, 'of it.'] },
    'the last': { type: 'message', text: ['Be', 'cause ', { lost: 'of it.' }] },
    all: { type: 'message', text: [{ lost: 'Because of it.' }] },
    'all of a summary': { type: 'reasoning', summary: [[{ lost: 'Because of it.' }], ['Then ', { lost: 'that.' }]] },
    'some of raw thoughts': { type: 'reasoning', text: ['Be', { lost: 'cause of it.' }] },
    'some of a refusal': { type: 'message', refusal: ['I ', { lost: 'will ' }, 'not.'] },
    'some of arguments': { type: 'functionCall', name: 'weather', arguments: ['{"pl', { lost: 'ace":"Os' }, 'lo"}'] },
    'some of code': { type: 'codeInterpreter', code: ['print', { lost: '(1)' }] },
  }

  test.each(Object.entries(lost))('%s', async (_, item) => {
    const { updates, streamed, polled } = await told({ output: [item] })
    expect(streamed).toEqual(polled)
    expect(polled.parts).not.toEqual([])
    // By the `done` event already, not only at the end.
    expect(shown(updates.slice(0, -1)).parts).toEqual(polled.parts)
  })

  test('all, with sources: their order is kept', async () => {
    const citations = [{ url: 'https://there.test', title: 'There' }]
    const { streamed, polled } = await told({ output: [{ type: 'message', text: [{ lost: 'See there.' }], citations }] })
    expect(streamed.parts).toEqual(polled.parts)
  })

  test('and nothing where they were whole: every part is written once', async () => {
    const { updates } = await told(richAnswer)
    const whole = updates.flatMap((update) => (update.type === 'part' && 'text' in update.part ? [update.part] : []))
    expect(whole).toEqual([])
    const sources = updates.flatMap((update) => (update.type === 'part' && update.part.type === 'source-url' ? [update.part.url] : []))
    expect(sources).toEqual(['https://bees.test/1', 'https://bees.test/2'])
  })

  test('a server that sends items only when they are done, or only the last word, says it all', async () => {
    const item = { type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hi.', annotations: [] }] }
    const created = { id: 'resp_1', status: 'in_progress', background: true, store: true, output: [] }
    const last = { type: 'response.completed', response: { ...created, status: 'completed', output: [item] } }
    for (const between of [[{ type: 'response.output_item.done', output_index: 0, item }], []]) {
      const events = [{ type: 'response.created', response: created }, ...between, last]
      const text = events.map((event, at) => `data: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`).join('')
      const { agent } = createOddProvider(() => new Response(`${text}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } }))
      const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
      expect([textIn(updates), endOf(updates).outcome]).toEqual(['Hi.', { type: 'completed' }])
    }
  })

  test('a server that answers a start with JSON says it all', async () => {
    const item = { type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'Hi.', annotations: [] }] }
    const { agent } = createOddProvider(() => Response.json({ id: 'resp_1', status: 'completed', output: [item] }))
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect([textIn(updates), endOf(updates).outcome]).toEqual(['Hi.', { type: 'completed' }])
  })
})

test('arguments are never an input while they are half received, wherever it is cut (row 38)', async () => {
  const whole = { place: 'Oslo', days: [1, 2, 3] }
  const pieces = [...JSON.stringify(whole)]
  const script: ResponsesScript = {
    output: [
      { type: 'functionCall', name: 'weather', arguments: pieces },
      { type: 'mcpCall', server: 's', name: 'order', arguments: pieces, output: 'ok' },
      { type: 'codeInterpreter', code: pieces },
    ],
  }

  function inputs(updates: readonly Update[]): unknown[] {
    return updates.flatMap((update) =>
      update.type === 'part' && update.part.type === 'tool' && update.part.input !== undefined ? [update.part.input] : [],
    )
  }

  const { agent } = createProvider({ answer: script })
  const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
  const code = { code: pieces.join('') }
  expect(inputs(updates)).toEqual([whole, whole, code])
  const streaming = updates.filter((update) => update.type === 'part' && update.part.type === 'tool' && update.part.state === 'input-streaming')
  expect(streaming).toHaveLength(3)
  for (const { continuationToken } of updates) {
    if (continuationToken === null) continue
    const rest = await finish(collect(agent().runStreaming([], { ...run, continuationToken })))
    for (const input of inputs(rest)) expect([whole, code]).toContainEqual(input)
  }

  const half: ScriptedItem[] = [
    { type: 'functionCall', name: 'weather', arguments: pieces.slice(0, 9) },
    { type: 'codeInterpreter', code: ['remove(', '"/'] },
    { type: 'other', item: { type: 'custom_tool_call', status: 'incomplete', name: 'shell', input: 'rm -r /' } },
  ]
  for (const item of half) {
    const cut = await told({ output: [item], outcome: { status: 'incomplete', reason: 'max_output_tokens' } })
    for (const { parts } of [cut.streamed, cut.polled]) expect(parts).toMatchObject([{ type: 'tool', state: 'input-streaming' }])
    expect(inputs(cut.updates)).toEqual([])
  }
})
