import { isAsking, type AnswerPart, type MessagePart } from '@rejoin/core'
import { type BackgroundAgent } from '../chatSource.ts'
import { isActive } from '../isActive.ts'

/**
 * How it is with a request of the agent. `coming`: the agent has not stopped to wait for it yet, or goes on by itself. `given`: it
 * is answered, others are not, and its answer goes with theirs. `closed`: nobody waits for it any more, and what was said to it is
 * not known here. An answer: that was sent.
 */
export type RequestState = 'coming' | 'open' | 'given' | 'closed' | AnswerPart

/**
 * @param messageId which message asks: an agent may use the id of a request again, and what counts is the person's next
 * message. Without one, the last message that asks this
 */
export function requestState({ messages, requests, run }: BackgroundAgent, request: string, messageId: string | null): RequestState {
  const at = messages.findLastIndex(({ id, parts }) => (messageId === null ? asks(parts, request) : id === messageId))
  const reply = messages.find(({ role }, index) => at !== -1 && index > at && role === 'user')
  const stands = requests.some(({ id }) => id === request)
  // Its answer has come to nothing, and can be given again.
  if (stands && run?.state.type === 'failed' && reply !== undefined && reply === messages.findLast(({ role }) => role === 'user')) return 'open'
  if (reply) return answerTo(reply.parts, request) ?? 'closed'
  if (run === null || messages[at]?.id !== run.id) return 'closed'
  if (isAsking(run.state)) return stands ? 'open' : 'given'
  return isActive(run) && run.state.type !== 'stopping' ? 'coming' : 'closed'
}

function asks(parts: readonly MessagePart[], request: string): boolean {
  return parts.some(({ type, id }) => type === 'request' && id === request)
}

function answerTo(parts: readonly MessagePart[], request: string): AnswerPart | undefined {
  return parts.filter((part) => part.type === 'answer').find((answer) => answer.request === request)
}
