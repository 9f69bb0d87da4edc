import { joinToken, startCursor, streamOf, userMessage, type Agent, type ChatMessage, type MessagePart, type Update } from '@rejoin/core'
import { traced } from '@rejoin/proxy/telemetry'
import { scriptedAgent } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { end, open, response, text } from './puppetAgent.ts'
import { ask, collect, lastToken, question, run, runId } from './runs.ts'
import { recordSpans } from './telemetry/recorder.ts'

const recorder = recordSpans()
const { tracer } = recorder
const input = 'gen_ai.input.messages'
const output = 'gen_ai.output.messages'

function attributesAt(at: number): { [input]?: unknown; [output]?: unknown } {
  const attributes = recorder.spans()[at]?.attributes ?? {}
  const parsed = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : undefined)
  return { [input]: parsed(attributes[input]), [output]: parsed(attributes[output]) }
}

function tracedWith(updates: readonly Update[], parts: readonly MessagePart[] = []): Agent {
  const bare: Agent = {
    run: async () => ({ ...response(runId, { type: 'completed' }, null), message: { id: runId, role: 'assistant', parts } }),
    runStreaming: () =>
      streamOf(async function* () {
        yield { handle: 'h', updates }
      }),
    cancel: async () => response(runId, { type: 'cancelled' }, null),
  }
  return traced(bare, { name: 'Support', tracer, content: true })
}

describe('with `content`, a span tells', () => {
  test('what was asked and answered, in the form of the conventions (row 18)', async () => {
    await collect(traced(scriptedAgent({ steps: ['Be', 'cause.'] }), { name: 'Support', tracer, content: true }).runStreaming(ask, run))
    expect(attributesAt(0)).toEqual({
      [input]: [{ role: 'user', parts: [{ type: 'text', content: question }] }],
      [output]: [{ role: 'assistant', parts: [{ type: 'text', content: 'Because.' }], finish_reason: 'stop' }],
    })
  })

  test('the answer of a poll, and nothing of what was asked (row 18)', async () => {
    await tracedWith([], [{ type: 'text', text: 'Because.' }]).run([], { ...run, continuationToken: joinToken('h', startCursor) })
    expect(attributesAt(0)).toEqual({
      [output]: [{ role: 'assistant', parts: [{ type: 'text', content: 'Because.' }], finish_reason: 'stop' }],
    })
  })

  test('what its leg has brought: first the one half of an answer that was cut, then the other', async () => {
    const token = lastToken(await collect(tracedWith([open(), text(1, 'Be')]).runStreaming(ask, run)))
    await collect(tracedWith([open(), text(2, 'cause.'), end(3)]).runStreaming([], { ...run, continuationToken: token }))
    expect(recorder.spans()).toHaveLength(2)
    expect(attributesAt(0)[output]).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'Be' }], finish_reason: 'cut' }])
    expect(attributesAt(1)).toEqual({
      [output]: [{ role: 'assistant', parts: [{ type: 'text', content: 'cause.' }], finish_reason: 'stop' }],
    })
  })

  test('each kind of part, and of a file where it is, not what is in it', async () => {
    const parts: MessagePart[] = [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'refusal', text: 'No.' },
      { type: 'tool', id: 't', name: 'look', state: 'output-available', input: { at: 'sky' }, output: 'blue' },
      { type: 'tool', id: 'u', name: 'look', state: 'input-available', input: {} },
      { type: 'file', id: 'f', mediaType: 'image/png', url: 'https://files.test/1.png' },
      { type: 'file', id: 'g', mediaType: 'text/csv', url: 'data:text/csv,1' },
      { type: 'data', id: 'd', name: 'order', data: { number: 7 } },
    ]
    const answer: ChatMessage = { ...userMessage('Because.', 'a'), role: 'assistant' }
    await tracedWith([], parts).run([userMessage('Why?', 'q'), answer, userMessage('Why not?', 'r')], run)
    expect(attributesAt(0)).toEqual({
      [input]: [
        { role: 'user', parts: [{ type: 'text', content: 'Why?' }] },
        { role: 'assistant', parts: [{ type: 'text', content: 'Because.' }] },
        { role: 'user', parts: [{ type: 'text', content: 'Why not?' }] },
      ],
      [output]: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Hm.' },
            { type: 'refusal', content: 'No.' },
            { type: 'tool_call', id: 't', name: 'look', arguments: { at: 'sky' } },
            { type: 'tool_call_response', id: 't', response: 'blue' },
            { type: 'tool_call', id: 'u', name: 'look', arguments: {} },
            { type: 'uri', modality: 'image', mime_type: 'image/png', uri: 'https://files.test/1.png' },
            { type: 'uri', modality: 'document', mime_type: 'text/csv', uri: 'data:' },
            { type: 'data', id: 'd', name: 'order', data: { number: 7 } },
          ],
          finish_reason: 'stop',
        },
      ],
    })
  })
})
