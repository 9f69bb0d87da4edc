import { type Artifact, type Message, type Part, Role, type Task, type TaskArtifactUpdateEvent, TaskState, type TaskStatus, type TaskStatusUpdateEvent } from '@a2a-js/sdk'
import { type A2aOutcome, type A2aPart, type A2aStep } from './script.ts'

/** Which task, in the agent's words. */
export interface TaskName {
  readonly taskId: string
  readonly contextId: string
}

/** How far into its script a task has come, as the task itself carries it: what the store has is what has been saved. */
const positionKey = 'rejoin.position'

export function positionOf({ metadata }: Pick<Task, 'metadata'>): number {
  const position: unknown = metadata?.[positionKey]
  return typeof position === 'number' ? position : 0
}

export function newTask({ taskId, contextId }: TaskName, message: Message): Task {
  return {
    id: taskId,
    contextId,
    status: statusOf(TaskState.TASK_STATE_SUBMITTED),
    artifacts: [],
    history: [message],
    metadata: { [positionKey]: 0 },
  }
}

export function artifactEvent(
  { taskId, contextId }: TaskName,
  { id, name = '', parts, append = true }: Extract<A2aStep, { type: 'artifact' }>,
  position: number,
): TaskArtifactUpdateEvent {
  const artifact: Artifact = { artifactId: id, name, description: '', parts: parts.map(partOf), metadata: undefined, extensions: [] }
  return { taskId, contextId, artifact, append, lastChunk: false, metadata: { [positionKey]: position } }
}

export function statusEvent(name: TaskName, state: TaskState, position: number, parts?: readonly A2aPart[]): TaskStatusUpdateEvent {
  const message = parts && agentMessage(name, `message-${position}-${state}`, parts)
  return { ...name, status: statusOf(state, message), metadata: { [positionKey]: position } }
}

export function agentMessage({ taskId, contextId }: TaskName, messageId: string, parts: readonly A2aPart[]): Message {
  return {
    messageId,
    taskId,
    contextId,
    role: Role.ROLE_AGENT,
    parts: parts.map(partOf),
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

export function stateOf(type: Exclude<A2aOutcome['type'], 'hangs'>): TaskState {
  switch (type) {
    case 'completed':
      return TaskState.TASK_STATE_COMPLETED
    case 'failed':
      return TaskState.TASK_STATE_FAILED
    case 'rejected':
      return TaskState.TASK_STATE_REJECTED
    case 'input_required':
      return TaskState.TASK_STATE_INPUT_REQUIRED
    case 'auth_required':
      return TaskState.TASK_STATE_AUTH_REQUIRED
  }
}

const over: ReadonlySet<TaskState | undefined> = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_REJECTED,
  TaskState.TASK_STATE_CANCELED,
])

export function isOver({ status }: Task): boolean {
  return over.has(status?.state)
}

function statusOf(state: TaskState, message?: Message): TaskStatus {
  return { state, message, timestamp: new Date().toISOString() }
}

function partOf(part: A2aPart): Part {
  const base = { metadata: undefined, filename: '', mediaType: '' }
  if (typeof part === 'string') return { ...base, content: { $case: 'text', value: part }, mediaType: 'text/plain' }
  if (part.type === 'data') return { ...base, content: { $case: 'data', value: part.data }, mediaType: 'application/json' }
  const { mediaType, filename = '' } = part
  if (part.type === 'file') return { ...base, content: { $case: 'url', value: part.url }, mediaType, filename }
  return { ...base, content: { $case: 'raw', value: Buffer.from(part.base64, 'base64') }, mediaType, filename }
}

export function textIn({ parts }: Message): string {
  return parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('')
}
