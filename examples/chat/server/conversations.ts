import type { ChatMessage } from '@rejoin/core'

/** What was asked so far, so that a follow-up (“and in the South?”) is understood. In memory: a restart forgets it. */
export interface Conversations {
  earlier(conversation: Conversation): readonly ChatMessage[]
  add(conversation: Conversation, message: ChatMessage): void
}

export interface Conversation {
  user: string | null
  session: string
}

/** The oldest questions of a conversation are forgotten beyond this many, and the oldest conversations. */
const maxMessages = 50
const maxConversations = 1_000

export function createConversations(): Conversations {
  const messages = new Map<string, readonly ChatMessage[]>()
  const nameOf = ({ user, session }: Conversation): string => JSON.stringify([user, session])
  return {
    earlier: (conversation) => messages.get(nameOf(conversation)) ?? [],
    add(conversation, message) {
      const name = nameOf(conversation)
      const asked = [...(messages.get(name) ?? []), message].slice(-maxMessages)
      // Set anew, so that the first of the map is the one that has been silent longest.
      messages.delete(name)
      messages.set(name, asked)
      const [oldest] = messages.keys()
      if (messages.size > maxConversations && oldest !== undefined) messages.delete(oldest)
    },
  }
}
