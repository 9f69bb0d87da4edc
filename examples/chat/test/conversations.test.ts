import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { proxyAgent, textOf, userMessage, type Agent, type AgentRunOptions, type ChatMessage } from '@rejoin/core'
import { createAgentProxy } from '@rejoin/proxy'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator, type ResponsesEmulatorOptions } from '@rejoin/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createConversations, type Conversations } from '../server/conversations.ts'

const here = { user: 'ada', session: 'research' }
const runIdOf = (text: string): string => text.replaceAll(/\W/g, '-').padEnd(8, '-')

/** A desk as the server makes it, and a browser in front of it. */
function desk(options: Partial<ResponsesEmulatorOptions> = {}, file = ':memory:') {
  const answer = { output: [{ type: 'message', text: ['It ', 'is ', 'blue.'] }] } as const
  const emulator = responsesEmulator({ answer, paceMs: 1, ...options })
  const said: Conversations = createConversations(file)
  const model = openAIResponsesAgent({ apiKey: 'key', model: 'o3', fetch: handlerFetch(emulator.handler) })
  const told: string[][] = []
  const listening: Agent = {
    ...model,
    runStreaming(messages, run) {
      if (messages.length > 0) told.push(wordsOf(messages))
      return model.runStreaming(messages, run)
    },
  }
  const handler = createAgentProxy({
    agent: listening,
    secret: 'a secret for tests, long enough to be one',
    authorize: () => ({ user: here.user }),
    history: (conversation) => said.messages(conversation),
    record: (recorded) => said.save(recorded),
  })
  const agent = proxyAgent({ url: 'http://chat.test/api/agent', fetch: (url, init) => handler(new Request(url, init)) })
  return { told, said, agent }
}

interface Asked extends Partial<AgentRunOptions> {
  /** Leaves after this many updates. */
  updates?: number
}

async function ask({ agent }: { agent: Agent }, text: string, { updates = Infinity, ...options }: Asked = {}): Promise<void> {
  const run = { session: here.session, runId: runIdOf(text), background: true, ...options }
  let seen = 0
  for await (const _ of agent.runStreaming([userMessage(text, text)], run)) {
    seen += 1
    if (seen === updates) break
  }
}

/** The watcher of a run hears of its end a moment after the page. */
const soon = { timeout: 10_000 }

const wordsOf = (messages: readonly ChatMessage[]) => messages.map((message) => `${message.role}: ${textOf(message)}`)

describe('what was said before', () => {
  it('is the questions and their answers, and what the model is told', async () => {
    const chat = desk()
    await ask(chat, 'What is the sky?')
    // At once: the answer has just come.
    await ask(chat, 'And the sea?')
    await expect.poll(() => wordsOf(chat.said.messages(here)), soon).toEqual([
      'user: What is the sky?',
      'assistant: It is blue.',
      'user: And the sea?',
      'assistant: It is blue.',
    ])
    expect(chat.told.at(-1)).toEqual(['user: What is the sky?', 'assistant: It is blue.', 'user: And the sea?'])
  })

  it('has the whole answer also where nobody read to its end (row 17)', async () => {
    const chat = desk()
    await ask(chat, 'What is the sky?', { updates: 3 })
    await expect.poll(() => wordsOf(chat.said.messages(here)), soon).toEqual(['user: What is the sky?', 'assistant: It is blue.'])
  })

  it('holds a question once, however often its start is repeated (row 14)', async () => {
    const chat = desk()
    await ask(chat, 'What is the sky?')
    await ask(chat, 'What is the sky?')
    await expect.poll(() => wordsOf(chat.said.messages(here)), soon).toEqual(['user: What is the sky?', 'assistant: It is blue.'])
  })

  it('holds what was asked again once, with its last answer', async () => {
    const chat = desk()
    await ask(chat, 'What is the sky?')
    await ask(chat, 'What is the sky?', { runId: 'asked-again', replaces: runIdOf('What is the sky?') })
    await expect.poll(() => chat.said.messages(here).map(({ id }) => id), soon).toEqual(['What is the sky?', 'asked-again'])
  })

  it('is still known to a server that is started anew', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'said-')), 'conversations.sqlite')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    await ask(desk({}, file), 'What is the sky?')
    await expect.poll(() => wordsOf(createConversations(file).messages(here)), soon).toEqual(['user: What is the sky?', 'assistant: It is blue.'])
  })

  it('is nobody else’s, and no other conversation’s', async () => {
    const chat = desk()
    await ask(chat, 'What is the sky?')
    expect(chat.said.messages({ ...here, user: 'bob' })).toEqual([])
    expect(chat.said.messages({ ...here, user: null })).toEqual([])
    expect(chat.said.messages({ ...here, session: 'sales' })).toEqual([])
  })

  it('is the last hundred messages', () => {
    const said = createConversations(':memory:')
    for (let turn = 1; turn <= 102; turn += 1) {
      said.save({ ...here, runId: `run-${turn}`, message: userMessage(`Question ${turn}`), state: null, replaces: null })
    }
    const messages = said.messages(here)
    expect(messages).toHaveLength(100)
    expect(wordsOf(messages)[0]).toBe('user: Question 3')
  })
})
