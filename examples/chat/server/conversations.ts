import type { ChatMessage } from '@rejoin/core'

/** What was said so far, so that a follow-up (“and in the South?”) is understood. In memory: a restart forgets it. */
export interface Conversations {
  turns(conversation: Conversation): readonly Turn[]
  /** A turn of the same run takes the place of the one before. */
  add(conversation: Conversation, turn: Turn): void
}

export interface Conversation {
  readonly user: string | null
  readonly session: string
}

/** A question, and what leads to its answer. */
export interface Turn {
  readonly runId: string
  readonly question: ChatMessage
  /** `null` while there is none. */
  token: string | null
  /** `null` while it is not known. */
  answer: ChatMessage | null
}

/** The oldest turns of a conversation are forgotten beyond this many, and the oldest conversations. */
const maxTurns = 50
const maxConversations = 1_000

export function createConversations(): Conversations {
  const conversations = new Map<string, readonly Turn[]>()
  const nameOf = ({ user, session }: Conversation): string => JSON.stringify([user, session])
  return {
    turns: (conversation) => conversations.get(nameOf(conversation)) ?? [],
    add(conversation, turn) {
      const name = nameOf(conversation)
      const others = (conversations.get(name) ?? []).filter(({ runId }) => runId !== turn.runId)
      // Set anew, so that the first of the map is the one that has been silent longest.
      conversations.delete(name)
      conversations.set(name, [...others, turn].slice(-maxTurns))
      const [oldest] = conversations.keys()
      if (conversations.size > maxConversations && oldest !== undefined) conversations.delete(oldest)
    },
  }
}
