import { RejoinError } from '@rejoin/core'
import { type TaskName } from './protocol.ts'

/** A task, and when it began, which only its first leg is told. */
export interface KnownTask extends TaskName {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** How tokens name a task. */
export function handleOf({ taskId, contextId, startedAt }: KnownTask): string {
  return [encodeURIComponent(taskId), encodeURIComponent(contextId), startedAt].join('/')
}

/** Encoded. */
const maxNameLength = 1024
const form = new RegExp(`^([^/]{1,${maxNameLength}})/([^/]{0,${maxNameLength}})/(\\d{1,15})$`)

/** Whether tokens can carry an id: it is not too long for them, and no broken Unicode. */
export function isNameable(id: string): boolean {
  try {
    return encodeURIComponent(id).length <= maxNameLength
  } catch {
    return false
  }
}

/** @throws RejoinError `token_invalid` */
export function taskIn(handle: string): KnownTask {
  const [, taskId, contextId, startedAt] = form.exec(handle) ?? []
  if (taskId === undefined || contextId === undefined) throw new RejoinError('token_invalid')
  return { taskId: decoded(taskId), contextId: decoded(contextId), startedAt: Number(startedAt) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RejoinError('token_invalid')
  }
}
