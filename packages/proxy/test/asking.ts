import { newRun, reduce, requestsIn, type AgentResponseUpdate, type AnswerPart, type ChatMessage, type RequestPart, type Run } from '@rejoin/core'

/** What somebody shows who has read these. */
export function shownBy(updates: readonly AgentResponseUpdate[]): Run {
  return updates.reduce(reduce, newRun({ id: 'shown', session: 'support', message: null, createdAt: 0 }))
}

/** What a stream has asked, which has to be something. */
export function askedIn(updates: readonly AgentResponseUpdate[]): readonly [RequestPart, ...RequestPart[]] {
  const [first, ...others] = requestsIn(shownBy(updates))
  if (first === undefined) throw new Error(`Nothing is asked in ${JSON.stringify(updates)}.`)
  return [first, ...others]
}

/** The words, or the decision, for a request. */
export function answerTo({ id, kind }: RequestPart, answer: string | boolean): AnswerPart {
  if (kind === 'input') return { type: 'answer', kind, request: id, text: String(answer) }
  return { type: 'answer', kind, request: id, approved: answer === true }
}

/** The message that answers. */
export function answering(...parts: AnswerPart[]): ChatMessage {
  return { id: 'answer', role: 'user', parts }
}
