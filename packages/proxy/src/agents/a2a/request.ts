import { RejoinError, type AnswerPart, type RequestPart } from '@rejoin/core'
import { personsMessages } from './base.ts'
import { emptyPrint, printedOn } from './fingerprint.ts'
import { partsOfMessage, textOfMessage, type NamedPart } from './parts.ts'
import { isNameable, waits, type Task, type TaskStatus } from './protocol.ts'

/**
 * What a task that waits asks, behind whatever else its message holds.
 * @param asked how many messages of the person it has
 */
export function questionIn(taskId: string, status: TaskStatus, asked: number): readonly NamedPart[] {
  const { state, message } = status
  const prompt = message === null ? '' : textOfMessage(message)
  const others = message === null ? [] : partsOfMessage(message).filter(({ type }) => type !== 'text')
  const named = { type: 'request', id: requestIdOf(taskId, status, asked), prompt } as const
  if (state !== 'auth_required') return [...others, { ...named, kind: 'input' }]
  const url = linkIn(prompt)
  const request: RequestPart = { ...named, kind: 'auth', ...(url !== null && { url }) }
  return [...others, request]
}

/**
 * Which task answers go to, as the first of their requests' ids says.
 * @throws RejoinError `not_found` where that names none
 */
export function taskAnswered([answer]: readonly AnswerPart[]): string {
  const [, name = ''] = /^([^/]+)\/\w+$/.exec(answer?.request ?? '') ?? []
  try {
    const taskId = decodeURIComponent(name)
    if (taskId !== '' && isNameable(taskId)) return taskId
  } catch {
    // It is none of ours.
  }
  throw new RejoinError('not_found')
}

/** Whether a task waits for just these answers. */
export function asks(task: Task, answers: readonly AnswerPart[]): boolean {
  return waits(task.status.state) && answers.every(({ request }) => request === requestOf(task))
}

/** The id of what a task asks that waits. */
export function requestOf({ taskId, status, history }: Task): string {
  return requestIdOf(taskId, status, personsMessages(history))
}

function requestIdOf(taskId: string, { state, at, message }: TaskStatus, asked: number): string {
  // A question without words is told from the next one by its time, or by how often it was answered.
  const which = message === null ? [state, at, asked] : [state, message.id]
  return `${encodeURIComponent(taskId)}/${printedOn(emptyPrint, JSON.stringify(which)).toString(36)}`
}

/** The only address in a text, without what a sentence puts behind it. */
function linkIn(text: string): string | null {
  const [address, ...others] = text.match(/\bhttps?:\/\/[^\s<>"'`]+/gi) ?? []
  if (address === undefined || others.length > 0) return null
  const link = address.replace(/[.,;:!?)\]}]+$/, '')
  return URL.canParse(link) ? link : null
}
