import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { textOf, userMessage, type AgentResponse, type AgentRunOptions, type ChatMessage } from '@rejoin/core'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator, type ResponsesEmulatorOptions } from '@rejoin/testkit'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createConversations } from '../server/conversations.ts'
import { remembering, type Remembering } from '../server/remembering.ts'

const here = { user: 'ada', session: 'research' }

function remembered(options: Partial<ResponsesEmulatorOptions> = {}, file = ':memory:') {
  const answer = { output: [{ type: 'message', text: ['It ', 'is ', 'blue.'] }] } as const
  const emulator = responsesEmulator({ answer, paceMs: 10, ...options })
  const agent = openAIResponsesAgent({ apiKey: 'key', model: 'o3', fetch: handlerFetch(emulator.handler) })
  return { emulator, ...remembering(agent, createConversations(file)) }
}

interface Asked extends Partial<AgentRunOptions> {
  /** Leaves after this many updates. */
  updates?: number
}

async function ask({ agent }: Remembering, text: string, { updates = Infinity, ...options }: Asked = {}): Promise<void> {
  const run = { ...here, runId: text, background: true, ...options }
  let seen = 0
  for await (const _ of agent.runStreaming([userMessage(text)], run)) {
    seen += 1
    if (seen === updates) break
  }
}

async function passed<T>(promise: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(30_000)
  return await promise
}

const wordsOf = (messages: readonly ChatMessage[]) => messages.map((message) => `${message.role}: ${textOf(message)}`)

describe('what was said before', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('is the questions and their answers', async () => {
    const desk = remembered()
    await passed(ask(desk, 'What is the sky?'))
    await passed(ask(desk, 'And the sea?'))
    const said = ['user: What is the sky?', 'assistant: It is blue.', 'user: And the sea?', 'assistant: It is blue.']
    expect(wordsOf(await desk.history(here))).toEqual(said)
    const requests = desk.emulator.requests.length
    // They are asked for once.
    expect(wordsOf(await desk.history(here))).toEqual(said)
    expect(desk.emulator.requests).toHaveLength(requests)
  })

  it('has the whole answer also where nobody read to its end (row 17)', async () => {
    const desk = remembered()
    await passed(ask(desk, 'What is the sky?', { updates: 3 }))
    expect(wordsOf(await desk.history(here))).toEqual(['user: What is the sky?', 'assistant: It is blue.'])
  })

  it('has answers that were polled for, and those that came at once', async () => {
    const desk = remembered({ paceMs: 100 })
    const run = { ...here, runId: 'r1', background: true }
    const first: AgentResponse = await passed(desk.agent.run([userMessage('Now?')], run))
    expect(first.continuationToken).not.toBe(null)
    expect(wordsOf(await desk.history(here))).toEqual(['user: Now?', 'assistant: It is blue.'])

    const quick = remembered({ paceMs: 0 })
    const whole = await passed(quick.agent.run([userMessage('Now?')], run))
    expect(whole.continuationToken).toBe(null)
    expect(wordsOf(await quick.history(here))).toEqual(['user: Now?', 'assistant: It is blue.'])
    expect(quick.emulator.requests).toHaveLength(1)
  })

  it('leaves out an answer that can not be had', async () => {
    const desk = remembered({ answer: { output: ['never'], queuedMs: 600_000 } })
    const asked = ask(desk, 'What is the sky?', { updates: 1 })
    await passed(asked)
    expect(wordsOf(await desk.history(here))).toEqual(['user: What is the sky?'])
  })

  it('holds a question once, however often its start is repeated', async () => {
    const desk = remembered()
    await passed(ask(desk, 'What is the sky?', { runId: 'r1' }))
    await passed(ask(desk, 'What is the sky?', { runId: 'r1' }))
    expect(wordsOf(await desk.history(here))).toEqual(['user: What is the sky?', 'assistant: It is blue.'])
  })

  it('is still known to a server that is started anew', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'said-')), 'conversations.sqlite')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    const desk = remembered({}, file)
    await passed(ask(desk, 'What is the sky?'))
    const again = remembering(desk.agent, createConversations(file))
    expect(wordsOf(await again.history(here))).toEqual(['user: What is the sky?', 'assistant: It is blue.'])
  })

  it('is nobody else’s, and no other conversation’s', async () => {
    const desk = remembered()
    await passed(ask(desk, 'What is the sky?'))
    expect(await desk.history({ ...here, user: 'bob' })).toEqual([])
    expect(await desk.history({ ...here, user: null })).toEqual([])
    expect(await desk.history({ ...here, session: 'sales' })).toEqual([])
  })

  it('is the last fifty turns', async () => {
    const desk = remembered({ paceMs: 0 })
    for (let turn = 1; turn <= 52; turn += 1) await passed(ask(desk, `Question ${turn}`))
    const said = await desk.history(here)
    expect(said).toHaveLength(100)
    expect(wordsOf(said)[0]).toBe('user: Question 3')
  })
})
