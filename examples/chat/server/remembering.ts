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
import { createConversations, type Conversation, type Turn } from './conversations.ts'

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
export function remembering(agent: Agent): Remembering {
  const conversations = createConversations()

  function begin(messages: readonly ChatMessage[], { user = null, session, runId }: AgentRunOptions): Turn | null {
    const question = messages.at(-1)
    if (question === undefined) return null
    const turn: Turn = { runId, question, token: null, answer: null }
    conversations.add({ user, session }, turn)
    return turn
  }

  /** The answer as it ended; `null` where it can not be had. */
  async function answerTo({ runId, token, answer }: Turn, conversation: Conversation): Promise<ChatMessage | null> {
    if (answer !== null || token === null) return answer
    const asked = agent.run([], { ...conversation, runId, continuationToken: token })
    const response = await asked.catch(() => null)
    return response !== null && isOutcome(response.state) ? response.message : null
  }

  return {
    agent: {
      async run(messages, options) {
        const turn = begin(messages, options)
        const response = await agent.run(messages, options)
        if (turn) {
          turn.token = response.continuationToken
          if (isOutcome(response.state)) turn.answer = response.message
        }
        return response
      },
      runStreaming(messages, options) {
        const stream = agent.runStreaming(messages, options)
        const turn = begin(messages, options)
        return turn === null ? stream : streamOf(() => noting(turn, batchesOf(stream)))
      },
      cancel: (options) => agent.cancel(options),
    },
    async history(conversation) {
      const turns = conversations.turns(conversation)
      await Promise.all(
        turns.map(async (turn) => {
          turn.answer = await answerTo(turn, conversation)
        }),
      )
      return turns.flatMap(({ question, answer }) => (answer === null ? [question] : [question, answer]))
    },
  }
}

/** Notes on the way what leads back to the answer. */
async function* noting(turn: Turn, batches: AsyncIterable<UpdateBatch>): AsyncGenerator<UpdateBatch> {
  for await (const batch of batches) {
    if (batch.handle !== null) turn.token = joinToken(batch.handle, startCursor)
    yield batch
  }
}
