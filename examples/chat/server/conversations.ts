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

/** The oldest questions of a conversation are forgotten beyond this many. */
const maxMessages = 50

export function createConversations(): Conversations {
  const messages = new Map<string, readonly ChatMessage[]>()
  const nameOf = ({ user, session }: Conversation): string => JSON.stringify([user, session])
  return {
    earlier: (conversation) => messages.get(nameOf(conversation)) ?? [],
    add(conversation, message) {
      const name = nameOf(conversation)
      messages.set(name, [...(messages.get(name) ?? []), message].slice(-maxMessages))
    },
  }
}
