import { isClosing, textOf, userMessage, type Agent, type AgentRunOptions, type ChatMessage } from '@rejoin/core'
import { backgroundAgent, memoryEventLog, type AgentGenerator, type BackgroundAgentOptions } from '@rejoin/proxy'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { answering, answerTo, askedIn } from './asking.ts'
import { collect, textIn } from './serve.ts'

afterEach(() => void vi.useRealTimers())

const base = { session: 'support', user: 'ada' }

/** Answers each turn with how many messages there are, and notes them. */
function counting(seen: (readonly ChatMessage[])[]): AgentGenerator {
  return async function* ({ messages }) {
    seen.push(messages)
    yield `${messages.length}.`
  }
}

function conversing(options: BackgroundAgentOptions = {}) {
  const seen: (readonly ChatMessage[])[] = []
  return { seen, agent: backgroundAgent(counting(seen), options) }
}

/** One turn; what the next goes on from. */
async function turn(agent: Agent, n: number, conversation?: string | null, more: Partial<AgentRunOptions> = {}): Promise<string> {
  const updates = await collect(agent.runStreaming([userMessage(`Question ${n}`, `q${n}`)], { ...base, runId: `run-${n}`, conversation, ...more }))
  const last = updates.at(-1)
  if (last === undefined || !isClosing(last) || last.conversation === undefined) throw new Error(`No conversation in ${JSON.stringify(last)}.`)
  return last.conversation
}

function said(messages: readonly ChatMessage[] | undefined): string[] {
  return (messages ?? []).map((message) => `${message.role}: ${textOf(message)}`)
}

describe('a generator agent and what was said before', () => {
  test('gets the turns that the conversation of its start names, in order, and its own question (row 15)', async () => {
    const { agent, seen } = conversing()
    const first = await turn(agent, 1, null)
    const second = await turn(agent, 2, first)
    await turn(agent, 3, second)
    expect(said(seen[2])).toEqual(['user: Question 1', 'assistant: 1.', 'user: Question 2', 'assistant: 3.', 'user: Question 3'])
    expect(seen[2]?.map(({ id }) => id)).toEqual(['q1', 'run-1', 'q2', 'run-2', 'q3'])
  })

  test('goes on from an earlier turn where the start says so, and begins anew without one', async () => {
    const { agent, seen } = conversing()
    const first = await turn(agent, 1, null)
    await turn(agent, 2, first)
    await turn(agent, 3, first, { replaces: 'run-2' })
    await turn(agent, 4, null)
    await turn(agent, 5)
    expect(said(seen[2])).toEqual(['user: Question 1', 'assistant: 1.', 'user: Question 3'])
    expect(said(seen[3])).toEqual(['user: Question 4'])
    expect(said(seen[4])).toEqual(['user: Question 5'])
  })

  test('says the same conversation at the end of a stream, in a poll and when it was stopped (row 15)', async () => {
    const { agent } = conversing()
    const conversation = await turn(agent, 1, null)
    expect(await agent.run([], { ...base, runId: 'run-1' })).toMatchObject({ conversation })
    const endless = backgroundAgent(async function* () {
      yield 'a'
      await new Promise(() => {})
    })
    for await (const { type } of endless.runStreaming([userMessage('Hello?')], { ...base, runId: 'run-1' })) if (type === 'text') break
    expect(await endless.cancel({ ...base, runId: 'run-1', continuationToken: null })).toMatchObject({ conversation })
    expect(await endless.cancel({ ...base, runId: 'never-begun', continuationToken: null })).not.toHaveProperty('conversation')
  })

  test('gets no more than the latest turns', async () => {
    const { agent, seen } = conversing({ maxTurns: 2 })
    let conversation: string | null = null
    for (const n of [1, 2, 3, 4]) conversation = await turn(agent, n, conversation)
    expect(said(seen[3])).toEqual(['user: Question 2', 'assistant: 3.', 'user: Question 3', 'assistant: 5.', 'user: Question 4'])
  })

  test('is not told what failed before its first word', async () => {
    const seen: (readonly ChatMessage[])[] = []
    const agent = backgroundAgent(
      async function* ({ messages }) {
        seen.push(messages)
        if (seen.length === 1) throw new Error('no')
        yield 'yes'
      },
      { onError: () => {} },
    )
    await turn(agent, 2, await turn(agent, 1, null))
    expect(said(seen[1])).toEqual(['user: Question 1', 'user: Question 2'])
  })

  test('is told what it asked, and how that was answered', async () => {
    const seen: (readonly ChatMessage[])[] = []
    const agent = backgroundAgent(async function* ({ messages, ask }) {
      seen.push(messages)
      if (seen.length === 1) yield `${await ask({ kind: 'input', prompt: 'Which city?' })} it is.`
    })
    const updates = await collect(agent.runStreaming([userMessage('A trip!')], { ...base, runId: 'run-1' }))
    const message = answering(answerTo(askedIn(updates)[0], 'Rome'))
    const answered = await collect(agent.runStreaming([message], { ...base, runId: 'run-2' }))
    const end = answered.at(-1)
    await turn(agent, 3, end && isClosing(end) ? end.conversation : null)
    expect(said(seen[1])).toEqual(['user: A trip!', 'assistant: Which city?', 'user: Rome', 'assistant: Rome it is.', 'user: Question 3'])
  })

  test.each([
    ['of another user', { user: 'bob' }],
    ['of another session', { session: 'other' }],
    ['of a public page', { user: null }],
  ])('starts nothing from a conversation %s (row 88)', async (_, other) => {
    const log = memoryEventLog()
    const { agent, seen } = conversing({ log })
    const theirs = await turn(agent, 1, null, other)
    await expect(turn(agent, 2, theirs)).rejects.toMatchObject({ code: 'conversation_lost' })
    expect(seen).toHaveLength(1)
    expect(await log.peek(Buffer.from(JSON.stringify(['ada', 'run-2'])).toString('base64url'))).toBeNull()
  })

  test.each(['', 'guessed', Buffer.from('["ada"]').toString('base64url'), Buffer.from('["ada","run-9"]').toString('base64url')])(
    'starts nothing from what is no conversation: %j',
    async (conversation) => {
      const { agent, seen } = conversing()
      await expect(turn(agent, 1, conversation)).rejects.toMatchObject({ code: 'conversation_lost' })
      expect(seen).toEqual([])
    },
  )

  test('starts nothing where a turn is gone from the log, and a start that is repeated after that joins what is there', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const log = memoryEventLog({ retentionMs: 1_000 })
    const { agent, seen } = conversing({ log })
    const first = await turn(agent, 1, null)
    vi.setSystemTime(Date.now() + 900)
    const second = await turn(agent, 2, first)
    vi.setSystemTime(Date.now() + 900)
    await expect(turn(agent, 3, second)).rejects.toMatchObject({ code: 'conversation_lost' })
    expect(await turn(agent, 2, first)).toBe(second)
    expect(seen).toHaveLength(2)
  })

  test('takes the messages it is given as they are, where they bring the history', async () => {
    const { agent, seen } = conversing()
    const given = [userMessage('Before', 'a'), { id: 'b', role: 'assistant', parts: [{ type: 'text', text: 'Yes.' }] } as const, userMessage('Now', 'c')]
    expect(textIn(await collect(agent.runStreaming(given, { ...base, runId: 'run-1' })))).toBe('3.')
    expect(seen).toEqual([given])
  })
})
