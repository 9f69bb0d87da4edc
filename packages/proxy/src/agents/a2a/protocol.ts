import { RejoinError } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { objectsIn, stringIn, type JsonObject } from '../json.ts'

/** Where a task stands, as version 1.0 of the protocol names it, without its `TASK_STATE_`. */
export type TaskState =
  | 'submitted'
  | 'working'
  | 'completed'
  | 'failed'
  | 'canceled'
  | 'rejected'
  | 'input_required'
  | 'auth_required'

/** The protocol's names for a run: constant, and all there is to know for going on with it. */
export interface TaskName {
  readonly taskId: string
  readonly contextId: string
}

export interface TaskStatus {
  readonly state: TaskState
  /** Milliseconds since the epoch, by the agent's clock; `null` where it does not say. */
  readonly at: number | null
  readonly message: A2aMessage | null
}

export interface A2aMessage {
  readonly id: string
  /** Of the task, or of what is answered without one; `null` where it does not say. */
  readonly contextId: string | null
  readonly fromAgent: boolean
  readonly parts: readonly JsonObject[]
}

export interface Artifact {
  readonly id: string
  readonly name: string | null
  readonly parts: readonly JsonObject[]
}

/** A task as its server keeps it. */
export interface Task extends TaskName {
  readonly status: TaskStatus
  readonly artifacts: readonly Artifact[]
  readonly history: readonly A2aMessage[]
}

/** What a stream brings. */
export type StreamEvent =
  | { readonly type: 'task'; readonly task: Task }
  | { readonly type: 'message'; readonly message: A2aMessage }
  | { readonly type: 'status'; readonly name: TaskName; readonly status: TaskStatus }
  | { readonly type: 'artifact'; readonly name: TaskName; readonly artifact: Artifact; readonly append: boolean }

/** What it brings of a task. */
export type TaskEvent = Exclude<StreamEvent, { type: 'message' }>

const over: ReadonlySet<TaskState> = new Set<TaskState>(['completed', 'failed', 'canceled', 'rejected', 'input_required', 'auth_required'])

/** Which task an event is of; `null` for a message, which may be of none. */
export function taskIdOf(event: StreamEvent): string | null {
  switch (event.type) {
    case 'task':
      return event.task.taskId
    case 'message':
      return null
    default:
      return event.name.taskId
  }
}

/** Whether a task waits for the person. */
export function waits(state: TaskState): boolean {
  return state === 'input_required' || state === 'auth_required'
}

/** Whether a task has ended, or waits for the person. */
export function isOver({ status }: { readonly status: TaskStatus }): boolean {
  return over.has(status.state)
}

/** @throws RejoinError `bad_response` */
export function taskOf(value: unknown): Task | null {
  const name = isObject(value) ? nameOf(value.id, value.contextId) : null
  if (!isObject(value) || name === null) return null
  return {
    ...name,
    status: statusOf(value.status),
    artifacts: objectsIn(value.artifacts).map(artifactOf),
    history: objectsIn(value.history).map(messageOf),
  }
}

/**
 * `null` for kinds that this version does not know.
 * @throws RejoinError `bad_response`
 */
export function eventOf(result: unknown): StreamEvent | null {
  if (!isObject(result)) return null
  const { task, message, statusUpdate, artifactUpdate } = result
  const found = taskOf(task)
  if (found !== null) return { type: 'task', task: found }
  if (isObject(message)) return { type: 'message', message: messageOf(message) }
  if (isObject(statusUpdate)) {
    const name = nameOf(statusUpdate.taskId, statusUpdate.contextId)
    return name && { type: 'status', name, status: statusOf(statusUpdate.status) }
  }
  if (isObject(artifactUpdate) && isObject(artifactUpdate.artifact)) {
    const name = nameOf(artifactUpdate.taskId, artifactUpdate.contextId)
    return name && { type: 'artifact', name, artifact: artifactOf(artifactUpdate.artifact), append: artifactUpdate.append === true }
  }
  return null
}

/** Of an id in a token, encoded. */
export const maxNameLength = 1024

/** Whether tokens can carry an id: it is not too long for them, and no broken Unicode. */
export function isNameable(id: string): boolean {
  try {
    return encodeURIComponent(id).length <= maxNameLength
  } catch {
    return false
  }
}

/** @throws RejoinError `bad_response` for a task that no token could name */
function nameOf(taskId: unknown, contextId: unknown): TaskName | null {
  if (typeof taskId !== 'string' || taskId === '') return null
  const name = { taskId, contextId: typeof contextId === 'string' ? contextId : '' }
  if (!isNameable(name.taskId) || !isNameable(name.contextId)) throw new RejoinError('bad_response')
  return name
}

const states: ReadonlyMap<unknown, TaskState> = new Map<unknown, TaskState>([
  ['TASK_STATE_SUBMITTED', 'submitted'],
  ['TASK_STATE_COMPLETED', 'completed'],
  ['TASK_STATE_FAILED', 'failed'],
  ['TASK_STATE_CANCELED', 'canceled'],
  ['TASK_STATE_REJECTED', 'rejected'],
  ['TASK_STATE_INPUT_REQUIRED', 'input_required'],
  ['TASK_STATE_AUTH_REQUIRED', 'auth_required'],
])

function statusOf(value: unknown): TaskStatus {
  const { state, timestamp, message }: JsonObject = isObject(value) ? value : {}
  return {
    state: states.get(state) ?? 'working',
    at: typeof timestamp === 'string' ? timeIn(timestamp) : null,
    message: isObject(message) ? messageOf(message) : null,
  }
}

/** Servers write the year 1 where they know no time. */
function timeIn(timestamp: string): number | null {
  const at = Date.parse(timestamp)
  return at >= Date.UTC(2000) && at < Date.UTC(2100) ? at : null
}

function artifactOf(value: JsonObject): Artifact {
  return { id: stringIn(value, 'artifactId') ?? '', name: stringIn(value, 'name') || null, parts: objectsIn(value.parts) }
}

function messageOf(value: JsonObject): A2aMessage {
  const contextId = stringIn(value, 'contextId') || null
  return { id: stringIn(value, 'messageId') ?? '', contextId, fromAgent: value.role === 'ROLE_AGENT', parts: objectsIn(value.parts) }
}
