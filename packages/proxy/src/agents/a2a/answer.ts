import { type ProgressStep, type RunPhase } from '@rejoin/core'
import { partsOfMessage, refusalIn, textOfMessage, withPieces, type NamedPart } from './parts.ts'
import { questionIn } from './request.ts'
import { isOver, waits, type A2aMessage, type Artifact, type TaskEvent, type Task, type TaskStatus } from './protocol.ts'

/** What a task comes to, for who asked for it. */
export interface Answer {
  readonly phase: RunPhase
  readonly parts: readonly NamedPart[]
  readonly steps: readonly ProgressStep[]
}

/** A task as far as somebody has been told of it. */
export interface Draft {
  /** Empty before anything has come. */
  readonly taskId: string
  readonly status: TaskStatus
  /** By their ids, in the order they began. */
  readonly artifacts: ReadonlyMap<string, ArtifactDraft>
  /** What the agent has said on its way, by the ids of its messages. */
  readonly said: ReadonlyMap<string, string>
}

interface ArtifactDraft {
  readonly name: string | null
  readonly parts: readonly NamedPart[]
}

export function draftOf({ taskId, status, artifacts, history }: Task): Draft {
  const messages = [...history.filter(({ fromAgent }) => fromAgent), ...(status.message ? [status.message] : [])]
  return {
    taskId,
    status,
    artifacts: new Map(artifacts.map((artifact) => [artifact.id, artifactDraft(undefined, artifact)])),
    said: new Map(messages.map((message) => [message.id, textOfMessage(message)])),
  }
}

/** The draft with what an event of a stream adds to it. */
export function drafted(draft: Draft, event: TaskEvent): Draft {
  switch (event.type) {
    case 'task':
      return draftOf(event.task)
    case 'status': {
      const { status } = event
      const said = status.message === null ? draft.said : withEntry(draft.said, status.message.id, textOfMessage(status.message))
      return { ...draft, taskId: event.name.taskId, status, said }
    }
    case 'artifact': {
      const { artifact, append } = event
      const before = append ? draft.artifacts.get(artifact.id) : undefined
      return { ...draft, artifacts: withEntry(draft.artifacts, artifact.id, artifactDraft(before, artifact)) }
    }
  }
}

export function answerOf({ taskId, status, artifacts, said }: Draft): Answer {
  const content = [...artifacts.values()].flatMap(({ parts }) => parts)
  const current = status.message?.id
  const steps = [...said].flatMap(([id, label]): ProgressStep[] => {
    // What it says last is its answer, and not what it is doing.
    if (label === '' || (id === current && isOver({ status }))) return []
    return [{ id, label, state: id === current ? 'active' : 'done' }]
  })
  return {
    phase: status.state === 'submitted' && content.length === 0 ? 'queued' : 'working',
    parts: [...content, ...lastWords(taskId, status)],
    steps,
  }
}

/** An answer that came without a task. */
export function answerIn(message: A2aMessage): Answer {
  return { phase: 'working', parts: partsOfMessage(message), steps: [] }
}

/**
 * What the agent said as it ended: its answer, its question, or why it will not answer. Of a failed task it is nobody's
 * business: there the SDK puts what the agent's code has thrown, secrets of its server included.
 */
function lastWords(taskId: string, status: TaskStatus): readonly NamedPart[] {
  const { state, message } = status
  if (waits(state)) return questionIn(taskId, status)
  if (message === null) return []
  switch (state) {
    case 'completed':
      return partsOfMessage(message)
    case 'rejected':
      return refusalIn(message)
    default:
      return []
  }
}

/** Only its first piece has to name an artifact. */
function artifactDraft(before: ArtifactDraft | undefined, artifact: Artifact): ArtifactDraft {
  const name = artifact.name ?? before?.name ?? null
  return { name, parts: withPieces(before?.parts ?? [], { ...artifact, name }) }
}

function withEntry<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value)
}
