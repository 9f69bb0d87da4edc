import {
  batchesOf,
  isOutcome,
  joinToken,
  startCursor,
  streamOf,
  type Agent,
  type AgentRunOptions,
  type ChatMessage,
  type UpdateBatch,
} from '@rejoin/core'
import type { Conversation, Conversations, Turn } from './conversations.ts'

export interface Remembering {
  /** The same agent. */
  readonly agent: Agent
  /** What was said before in a conversation, oldest first. */
  history(conversation: Conversation): Promise<readonly ChatMessage[]>
}

/**
 * Remembers what an agent is asked. Its answers are not kept here but asked for when they are needed: the agent
 * has them, also those that nobody was connected for.
 */
export function remembering(agent: Agent, conversations: Conversations): Remembering {
  /** Notes a question; what leads to its answer is noted with the function that this gives. */
  function begin(messages: readonly ChatMessage[], { user = null, session, runId }: AgentRunOptions): Note | null {
    const question = messages.at(-1)
    if (question === undefined) return null
    const note: Note = (found) => conversations.put({ user, session }, { runId, question, ...found })
    note({ token: null, answer: null })
    return note
  }

  /** The answer as it ended; `null` where it can not be had. */
  async function answerTo({ runId, token }: Turn, conversation: Conversation): Promise<ChatMessage | null> {
    if (token === null) return null
    const asked = agent.run([], { ...conversation, runId, continuationToken: token })
    const response = await asked.catch(() => null)
    return response !== null && isOutcome(response.state) ? response.message : null
  }

  return {
    agent: {
      ...(agent.startsOnce && { startsOnce: true }),
      async run(messages, options) {
        const note = begin(messages, options)
        const response = await agent.run(messages, options)
        note?.({ token: response.continuationToken, answer: isOutcome(response.state) ? response.message : null })
        return response
      },
      runStreaming(messages, options) {
        const stream = agent.runStreaming(messages, options)
        const note = begin(messages, options)
        return note === null ? stream : streamOf(() => noting(note, batchesOf(stream)))
      },
      cancel: (options) => agent.cancel(options),
    },
    async history(conversation) {
      const turns = await Promise.all(
        conversations.turns(conversation).map(async (turn) => {
          if (turn.answer !== null) return turn
          const found: Turn = { ...turn, answer: await answerTo(turn, conversation) }
          if (found.answer !== null) conversations.put(conversation, found)
          return found
        }),
      )
      return turns.flatMap(({ question, answer }) => (answer === null ? [question] : [question, answer]))
    },
  }
}

type Note = (found: Pick<Turn, 'token' | 'answer'>) => void

/** Notes on the way what leads back to the answer. */
async function* noting(note: Note, batches: AsyncIterable<UpdateBatch>): AsyncGenerator<UpdateBatch> {
  let known: string | null = null
  for await (const batch of batches) {
    if (batch.handle !== null && batch.handle !== known) {
      known = batch.handle
      note({ token: joinToken(known, startCursor), answer: null })
    }
    yield batch
  }
}
