import { newRun, reduce, userMessage, type MessagePart } from '@rejoin/core'
import { backgroundAgent, type AgentGenerator, type GeneratorItem, type GeneratorPart } from '@rejoin/proxy'
import { describe, expect, test } from 'vitest'
import { collect, runId } from './serve.ts'

const run = { runId, session: 'support' }
const ask = [userMessage('Hello?')]

const tool = { type: 'tool', id: 'call', name: 'look', state: 'input-available', input: { city: 'Rome' } } as const
const parts: GeneratorPart[] = [
  tool,
  { type: 'source-url', id: 'page', url: 'https://example.test/a', title: 'A page', cites: { part: 'intro', start: 0, end: 4 } },
  { type: 'source-document', id: 'document', filename: 'report.pdf', fileId: 'f-1' },
  { type: 'file', id: 'chart', mediaType: 'image/png', url: '/files/chart.png', filename: 'chart.png' },
  { type: 'data', id: 'table', name: 'sales', data: { rows: [1, 2] } },
]

async function partsOf(generator: AgentGenerator): Promise<readonly MessagePart[]> {
  const updates = await collect(backgroundAgent(generator).runStreaming(ask, run))
  const start = { id: runId, session: 'support', message: ask[0] ?? null, createdAt: 0 }
  return updates.reduce(reduce, newRun(start)).parts
}

describe('a generator yields', () => {
  test('text, reasoning and refusals, each to the part it names, or to the last one', async () => {
    const shown = await partsOf(async function* () {
      yield { type: 'reasoning', delta: 'Let me ' }
      yield { type: 'reasoning', delta: 'think.' }
      yield { type: 'text', id: 'intro', delta: 'Once' }
      yield { type: 'text', id: 'body', delta: 'There' }
      yield { type: 'text', id: 'intro', delta: ' upon' }
      yield { type: 'reasoning', delta: '' }
      yield 'plain'
      yield { type: 'refusal', delta: 'No.' }
    })
    expect(shown).toEqual([
      { type: 'reasoning', text: 'Let me think.' },
      { type: 'text', id: 'intro', text: 'Once upon' },
      { type: 'text', id: 'body', text: 'There' },
      { type: 'text', text: 'plain' },
      { type: 'refusal', text: 'No.' },
    ])
  })

  test('parts of each kind, and one with the id of another takes its place', async () => {
    const shown = await partsOf(async function* () {
      for (const part of parts) yield { type: 'part', part }
      yield { type: 'part', part: { ...tool, state: 'output-available', output: { degrees: 20 } } }
    })
    expect(shown).toEqual([{ ...tool, state: 'output-available', output: { degrees: 20 } }, ...parts.slice(1)])
  })

  test('parts as they were then: what it does to its own afterwards does not count', async () => {
    const rows = [1]
    const shown = await partsOf(async function* () {
      yield { type: 'part', part: { type: 'data', id: 'table', name: 'sales', data: { rows } } }
      rows.push(2)
    })
    expect(shown).toMatchObject([{ data: { rows: [1] } }])
  })

  test.each([
    ['a source that would run a script', { type: 'source-url', id: 'page', url: 'javascript:alert(1)' }],
    ['a file that would run a script', { type: 'file', id: 'f', mediaType: 'text/html', url: 'javascript:alert(1)' }],
    ['a part without an id', { type: 'data', name: 'sales', data: 1 }],
    ['a tool in no state', { ...tool, state: 'running' }],
    ['a value that has no JSON', { type: 'data', id: 'a', name: 'sales', data: 1n }],
    ['no value', { type: 'data', id: 'a', name: 'sales', data: undefined }],
    ['text as a part', { type: 'text', id: 'a', text: 'Hello' }],
    ['a question as a part', { type: 'request', id: 'a', kind: 'input', prompt: 'Which?' }],
    ['an answer as a part', { type: 'answer', id: 'a', kind: 'input', request: 'b', text: 'Rome' }],
    ['nothing', undefined],
  ])('%s, and is told how to', async (_, part) => {
    const errors: unknown[] = []
    const agent = backgroundAgent(
      // @ts-expect-error what a generator without types could do
      async function* () {
        yield { type: 'part', part }
      },
      { onError: (error) => errors.push(error) },
    )
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates).toMatchObject([{ type: 'open' }, { type: 'end', outcome: { type: 'failed', code: 'agent_failed' } }])
    expect(errors).toMatchObject([{ name: 'TypeError', message: expect.stringContaining('plain JSON') }])
  })

  test.each([
    { type: 'reasoning' },
    { type: 'refusal', delta: 7 },
    { type: 'text', delta: 'a', id: 7 },
    { type: 'pause', reason: 'input' },
    { type: 'end', outcome: { type: 'completed' } },
  ])('what is no item, and is told how to: %j', async (item) => {
    const errors: unknown[] = []
    const agent = backgroundAgent(
      // @ts-expect-error what a generator without types could do
      async function* () {
        yield item
      },
      { onError: (error) => errors.push(error) },
    )
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates.map(({ type }) => type)).toEqual(['open', 'end'])
    expect(String(errors)).toMatch(/Yield a string/)
  })
})

test('the types of a generator tell what can be yielded and asked', () => {
  const generator: AgentGenerator = async function* ({ ask }): AsyncGenerator<GeneratorItem> {
    const city: string = await ask({ kind: 'input', prompt: 'Which city?', options: ['Rome'] })
    const { approved }: { approved: boolean } = await ask({ kind: 'approval', prompt: 'Book it?', name: 'book', input: { city } })
    await ask({ kind: 'auth', prompt: 'Sign in', url: 'https://example.test' })
    // @ts-expect-error an approval is no text
    const text: string = await ask({ kind: 'approval', prompt: 'Book it?' })
    // @ts-expect-error there is no such kind
    await ask({ kind: 'guess', prompt: 'What?' })
    // @ts-expect-error options belong to words
    await ask({ kind: 'approval', prompt: 'Book it?', options: ['a'] })
    // @ts-expect-error a question has a prompt
    await ask({ kind: 'input' })
    yield `${city} ${approved} ${text}`
  }
  backgroundAgent(async function* ({ ask }) {
    yield { type: 'part', part: { type: 'tool', id: 'a', name: 'look', state: 'input-streaming' } }
    yield (await ask({ kind: 'input', prompt: 'Which?' })).toUpperCase()
  })
  expect(generator).toBeTypeOf('function')
})
