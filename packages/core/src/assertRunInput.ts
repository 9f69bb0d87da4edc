import { type AgentRunOptions } from './agent.ts'
import { RejoinError } from './error.ts'
import { saysSomething, type ChatMessage } from './message.ts'

/**
 * What every agent checks before anything else.
 * @throws RejoinError `messages_with_token`, `token_invalid` or `empty_message`
 */
export function assertRunInput(messages: readonly ChatMessage[], { continuationToken }: AgentRunOptions): void {
  if (messages.length > 0 && continuationToken != null) throw new RejoinError('messages_with_token')
  if (continuationToken === '') throw new RejoinError('token_invalid')
  const last = messages.at(-1)
  if (last !== undefined && !saysSomething(last)) throw new RejoinError('empty_message')
}
