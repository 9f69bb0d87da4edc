import { type ProgressStep, type RunPhase } from '@rejoin/core'
import { type JsonObject } from '../json.ts'
import { personsMessages, piecesSince, type Base, type Extent } from './base.ts'
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
  /** How many messages of the person there are. */
  readonly asked: number
}

interface ArtifactDraft {
  readonly name: string | null
  readonly parts: readonly NamedPart[]
  /** Pieces of which nobody can tell yet whether they are the run's. */
  readonly held: readonly JsonObject[] | null
}

/** @param base what a task held before the run */
export function draftOf({ taskId, status, artifacts, history }: Task, base: Base): Draft {
  const messages = [...history.filter(({ fromAgent }) => fromAgent), ...(status.message ? [status.message] : [])]
  return {
    taskId,
    status,
    artifacts: new Map(artifacts.map((artifact, at) => [artifact.id, artifactDraft(undefined, artifact, base.artifacts[at])])),
    said: new Map(messages.map((message) => [message.id, textOfMessage(message)])),
    asked: personsMessages(history),
  }
}

/** The draft with what an event of a stream adds to it. */
export function drafted(draft: Draft, event: TaskEvent, base: Base): Draft {
  switch (event.type) {
    case 'task':
      return draftOf(event.task, base)
    case 'status': {
      const { status } = event
      const said = status.message === null ? draft.said : withEntry(draft.said, status.message.id, textOfMessage(status.message))
      return { ...draft, taskId: event.name.taskId, status, said }
    }
    case 'artifact': {
      const { artifact, append } = event
      const before = append ? draft.artifacts.get(artifact.id) : undefined
      // It does not say which place its artifact has.
      const extent = base.artifacts[[...draft.artifacts.keys()].indexOf(artifact.id)]
      return { ...draft, artifacts: withEntry(draft.artifacts, artifact.id, artifactDraft(before, artifact, extent)) }
    }
  }
}

export function answerOf({ taskId, status, artifacts, said, asked }: Draft): Answer {
  // One that has ended shorter than the old one is not that.
  const over = isOver({ status })
  const content = [...artifacts].flatMap(([id, { name, parts, held }]) => (held !== null && over ? withPieces([], { id, name, parts: held }) : parts))
  const current = status.message?.id
  const steps = [...said].flatMap(([id, label]): ProgressStep[] => {
    // What it says last is its answer, and not what it is doing.
    if (label === '' || (id === current && over)) return []
    return [{ id, label, state: id === current ? 'active' : 'done' }]
  })
  return {
    phase: status.state === 'submitted' && content.length === 0 ? 'queued' : 'working',
    parts: [...content, ...lastWords(taskId, status, asked)],
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
function lastWords(taskId: string, status: TaskStatus, asked: number): readonly NamedPart[] {
  const { state, message } = status
  if (waits(state)) return questionIn(taskId, status, asked)
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
function artifactDraft(before: ArtifactDraft | undefined, artifact: Artifact, extent: Extent | undefined): ArtifactDraft {
  const name = artifact.name ?? before?.name ?? null
  if (before?.held === null) return { name, parts: withPieces(before.parts, { ...artifact, name }), held: null }
  const pieces = [...(before?.held ?? []), ...artifact.parts]
  const parts = piecesSince(pieces, extent)
  return parts === null ? { name, parts: [], held: pieces } : { name, parts: withPieces([], { ...artifact, name, parts }), held: null }
}

function withEntry<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value)
}
