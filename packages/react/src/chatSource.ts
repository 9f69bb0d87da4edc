import {
  restoringSnapshot,
  type Answer,
  type ChatMessage,
  type OutgoingMessage,
  type SendOptions,
  type SendResult,
  type Session,
  type SessionSnapshot,
} from '@rejoin/core'
import { createMergeMessages } from './mergeMessages.ts'

/** A chat: what to show and what can be done. A new object for each change; the functions stay the same. */
export interface BackgroundAgent extends SessionSnapshot {
  /** The session. */
  readonly id: string
  /**
   * With a `messageId`, that of the person's last message, it takes the place of that one and of the answer to it. Where the
   * agent waits for words, they are its answer. Never rejects: what was refused is said in the result and in `error`.
   */
  sendMessage(message: string | OutgoingMessage, options?: SendOptions): Promise<SendResult>
  /**
   * Answers one of `requests`: words for `input`; yes or no for `approval`; for `auth`, whether the person has signed in. The
   * agent goes on once all are answered, in a run of its own. Never rejects: an answer that comes too late is refused as `not_found`.
   */
  answer(requestId: string, answer: Answer): Promise<SendResult>
  /** Ends the run for good. Resolves when the server has acknowledged it. */
  stop(): Promise<void>
  /** Asks the last message again; the new answer takes the place of the earlier one. */
  regenerate(): Promise<SendResult>
  /** Tries the connection now: after signing in, or when the person will not wait. */
  reconnect(): void
  /** Takes `error` away: the person has seen it. */
  clearError(): void
}

/** Where a chat comes from: the same object while the chat changes, so that passing it on costs nothing. */
export interface ChatSource {
  subscribe(listener: () => void): () => void
  getChat(): BackgroundAgent
  getServerChat(): BackgroundAgent
}

export type ChatActions = Pick<BackgroundAgent, 'sendMessage' | 'answer' | 'stop' | 'regenerate'>

const sources = new WeakMap<BackgroundAgent, ChatSource>()

/** @param history what was said before */
export function createChatSource(
  session: Session,
  history: readonly ChatMessage[],
  actions: ChatActions,
): ChatSource {
  const { id, reconnect, clearError } = session
  const merge = createMergeMessages(history)
  const chats = new WeakMap<SessionSnapshot, BackgroundAgent>()

  function chatOf(snapshot: SessionSnapshot): BackgroundAgent {
    const known = chats.get(snapshot)
    if (known) return known
    const chat = { ...snapshot, id, messages: merge(snapshot.messages), reconnect, clearError, ...actions }
    chats.set(snapshot, chat)
    sources.set(chat, source)
    return chat
  }

  const source: ChatSource = {
    subscribe: session.subscribe,
    getChat: () => chatOf(session.getSnapshot()),
    getServerChat: () => chatOf(restoringSnapshot),
  }
  return source
}

/** For a chat that the app has put together itself, that chat and no more. */
export function sourceOf(chat: BackgroundAgent): ChatSource {
  return sources.get(chat) ?? { subscribe: () => () => {}, getChat: () => chat, getServerChat: () => chat }
}
