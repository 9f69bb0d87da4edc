import { randomUUID } from 'node:crypto'
import { Role, TaskState, type Message, type Part, type Task, type TaskStatus } from '@a2a-js/sdk'
import { AgentEvent, type ExecutionEventBus } from '@a2a-js/sdk/server'

/** How an agent tells of one task. */
export interface Report {
  /** The task as it begins. */
  task(question: Message): Task
  /** What it is doing, or how it has ended. */
  status(state: TaskState, text?: string): void
  /** One more piece of an artifact. */
  artifact(id: string, part: Part): void
}

export function createReport(task: { readonly taskId: string; readonly contextId: string }, bus: ExecutionEventBus): Report {
  const begun = new Set<string>()

  function statusOf(state: TaskState, text?: string): TaskStatus {
    const message = text === undefined ? undefined : messageOf(text)
    return { state, message, timestamp: new Date().toISOString() }
  }

  function messageOf(text: string): Message {
    const parts = [textPart(text)]
    return { ...task, messageId: randomUUID(), role: Role.ROLE_AGENT, parts, metadata: undefined, extensions: [], referenceTaskIds: [] }
  }

  return {
    task: (question) => ({
      id: task.taskId,
      contextId: task.contextId,
      status: statusOf(TaskState.TASK_STATE_SUBMITTED),
      artifacts: [],
      history: [question],
      metadata: undefined,
    }),
    status(state, text) {
      bus.publish(AgentEvent.statusUpdate({ ...task, status: statusOf(state, text), metadata: undefined }))
    },
    artifact(id, part) {
      const artifact = { artifactId: id, name: id, description: '', parts: [part], metadata: undefined, extensions: [] }
      bus.publish(AgentEvent.artifactUpdate({ ...task, artifact, append: begun.has(id), lastChunk: false, metadata: undefined }))
      begun.add(id)
    },
  }
}

export function textPart(text: string): Part {
  return { content: { $case: 'text', value: text }, mediaType: 'text/plain', filename: '', metadata: undefined }
}

export function filePart(content: string, { filename, mediaType }: { filename: string; mediaType: string }): Part {
  return { content: { $case: 'raw', value: Buffer.from(content) }, mediaType, filename, metadata: undefined }
}

export function textIn({ parts }: Message): string {
  return parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join(' ')
}
