import { type AnswerPart } from '@rejoin/core'
import { baseOf, isAnswered } from './base.ts'
import { handleOf, taskIn, type KnownTask } from './handle.ts'
import { type Task } from './protocol.ts'
import { requestOf } from './request.ts'

/**
 * A task as it waited for a sign-in. The agent may hear of that elsewhere, and go on before the person says that it is done. What the
 * task held when it asked is told by nobody then: so it goes into the conversation, which comes back with the answer.
 */
export interface SignIn {
  readonly task: KnownTask
  /** What it asked. */
  readonly request: string
}

const mark = 'sign-in:'

/** The conversation with a task that waits for a sign-in. */
export function signInConversation(task: Task, startedAt: number): string {
  const base = { ...baseOf(task, ''), sent: false }
  return `${mark}${handleOf({ taskId: task.taskId, contextId: task.contextId, startedAt, base })}|${requestOf(task)}`
}

/** `null` for any other conversation. */
export function signInOf(conversation: string | null | undefined): SignIn | null {
  if (!conversation?.startsWith(mark)) return null
  const [handle = '', request = ''] = conversation.slice(mark.length).split('|')
  try {
    return { task: taskIn(handle), request }
  } catch {
    // A server that names its contexts like that.
    return null
  }
}

/** Whether the task has gone on by itself, and not because somebody has answered. */
export function goesOnFrom({ task, request }: SignIn, found: Task, answers: readonly AnswerPart[], runId: string): boolean {
  return found.taskId === task.taskId && answers.every((answer) => answer.request === request) && !isAnswered(found, task.base, runId)
}
