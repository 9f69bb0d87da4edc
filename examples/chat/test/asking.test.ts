import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChatMessage, MessagePart } from '@rejoin/core'
import type { AgentAnswers, Ask } from '@rejoin/proxy'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Letter } from '../agent/letter.ts'
import { salesAgent, type SalesAgentOptions } from '../agent/salesAgent.ts'
import { createOutbox } from '../server/outbox.ts'
import { contextOf, nobody } from './askedAgent.ts'

const file = new URL('../data/sales.csv', import.meta.url)

const saying = (...parts: MessagePart[]): ChatMessage => ({ id: 'q', role: 'user', parts })
const said = (text: string): ChatMessage => saying({ type: 'text', text })

/** Answers what the agent asks, in order, and notes what that was. */
function person(answers: Partial<{ [Kind in keyof AgentAnswers]: AgentAnswers[Kind][] }>) {
  const asked: object[] = []
  const ask: Ask = async (question) => {
    asked.push(question)
    const answer = answers[question.kind]?.shift()
    if (answer === undefined) throw new Error(`Nobody was to be asked for ${question.kind}.`)
    return answer
  }
  return { ask, asked }
}

async function answer(messages: readonly ChatMessage[], ask: Ask, options: Partial<SalesAgentOptions> = {}): Promise<string> {
  let text = ''
  for await (const item of salesAgent(contextOf({ messages, ask }), { ...nobody, file, pace: 0, ...options })) {
    if (typeof item === 'string') text += item
  }
  return text
}

describe('a question that leaves open which region is meant', () => {
  it.each(['How did my region do?', 'What about the region?', 'sales in our region in October'])('is asked back, with the regions: %s', async (text) => {
    const { ask, asked } = person({ input: ['the south'] })
    expect(await answer([said(text)], ask)).toMatch(/^## South, October 2026\n/)
    expect(asked).toEqual([{ kind: 'input', prompt: 'Which region?', options: ['Central', 'East', 'North', 'South', 'West'] }])
  })

  it('is a report where one is asked for', async () => {
    const { ask } = person({ input: ['North'] })
    expect(await answer([said('Sales report for my region')], ask)).toMatch(/^# Sales report for North: October 2026\n/)
  })

  it('is asked again until the answer names one', async () => {
    const { ask, asked } = person({ input: ['the moon', 'East'] })
    expect(await answer([said('How did my region do?')], ask)).toMatch(/^## East, October 2026\n/)
    expect(asked[1]).toMatchObject({ prompt: 'sales.csv has no region “the moon”. Which one is it?' })
  })

  it('is about all of them where the person says so', async () => {
    const { ask } = person({ input: ['all of them'] })
    expect(await answer([said('How did my region do?')], ask)).toMatch(/^## Sales by region, October 2026\n/)
  })

  it('is settled for what comes after it', async () => {
    const { ask } = person({})
    const reply = saying({ type: 'answer', kind: 'input', request: 'r', text: 'West' })
    expect(await answer([said('How did my region do?'), reply, said('and in March?')], ask)).toMatch(/^## West, March 2026\n/)
  })

  it.each(['Which region grew fastest?', 'How did the North do?', 'and the southern region?'])('is not this one: %s', async (text) => {
    const { ask, asked } = person({})
    await answer([said(text)], ask)
    expect(asked).toEqual([])
  })
})

describe('a report for the managers', () => {
  it('is sent once the person has approved it', async () => {
    const { ask, asked } = person({ approval: [{ approved: true }] })
    const sent: Letter[] = []
    const text = await answer([said('Send the report for the North to the managers')], ask, { send: (letter) => sent.push(letter) })
    const report = 'Sales report for North: October 2026'
    expect(asked).toEqual([
      { kind: 'approval', prompt: `Send the “${report}” to the managers?`, name: 'send_report', input: { report, to: 'the managers' } },
    ])
    expect(sent).toEqual([{ key: 'run-1', to: 'the managers', subject: report }])
    expect(text).toMatch(/^Sent: the managers have got \*\*Sales report for North: October 2026\*\*\./)
  })

  it('is the one that was talked about', async () => {
    const { ask, asked } = person({ approval: [{ approved: false }] })
    await answer([said('Report for East, March 2026'), said('Please send it to the managers')], ask)
    expect(asked).toMatchObject([{ input: { report: 'Sales report for East: March 2026' } }])
  })

  it('is not sent where the person declines', async () => {
    const { ask } = person({ approval: [{ approved: false, text: 'Too early' }] })
    expect(await answer([said('send the report to the managers')], ask)).toBe(
      'Not sent: the managers have not got it. You said: “Too early”.\n',
    )
  })

  it.each(['Don’t send the report to the managers', 'Create the monthly sales report'])('is not what this asks for: %s', async (text) => {
    const { ask, asked } = person({})
    await answer([said(text)], ask)
    expect(asked).toEqual([])
  })
})

it('a process that dies right after it has sent, and is followed by another, has sent once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const outbox = join(folder, 'outbox.jsonl')
  const messages = [said('Send the report to the managers')]
  const dying = createOutbox(outbox)
  function sendAndDie(letter: Letter): never {
    dying(letter)
    throw new Error('It has died.')
  }
  const yes = () => person({ approval: [{ approved: true }] }).ask
  await expect(answer(messages, yes(), { send: sendAndDie })).rejects.toThrow('It has died.')
  expect(await answer(messages, yes(), { send: createOutbox(outbox) })).toMatch(/^Sent: /)
  expect(readFileSync(outbox, 'utf8').trim().split('\n')).toHaveLength(1)
})

it('the outbox has a letter once, however often it is sent and by whichever process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const outbox = join(folder, 'outbox.jsonl')
  const letter = { key: 'one', to: 'the managers', subject: 'Sales report: May 2026' }
  createOutbox(outbox)(letter)
  createOutbox(outbox)(letter)
  createOutbox(outbox)({ ...letter, key: 'two' })
  const lines = readFileSync(outbox, 'utf8').trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([letter, { ...letter, key: 'two' }])
})

describe('files that come with a message', () => {
  const notes = { type: 'file', id: 'f', mediaType: 'text/plain', url: '/api/files/1/notes.txt', filename: 'notes*.txt' } as const

  it('are named with their size, before the answer', async () => {
    const { ask } = person({})
    const sizeOf = async (user: string | null, url: string) => (user === 'ada' && url === notes.url ? 1_234 : null)
    expect(await answer([saying({ type: 'text', text: 'North' }, notes)], ask, { sizeOf })).toMatch(
      /^I have got \*\*notes\\\*\.txt\*\* \(1\.2\u00a0kB\)\. I don’t look inside: what I know is in sales\.csv\.\n\n## North/,
    )
  })

  it('are told to be missing where they are not there', async () => {
    const { ask } = person({})
    expect(await answer([saying(notes)], ask)).toMatch(/^I can’t find \*\*notes\\\*\.txt\*\* any more\.\n\nI read sales\.csv/)
  })
})
