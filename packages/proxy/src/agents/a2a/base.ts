import { stringIn, type JsonObject } from '../json.ts'
import { emptyPrint, printedOn } from './fingerprint.ts'
import { waits, type A2aMessage, type Artifact, type TaskEvent, type Task, type TaskStatus } from './protocol.ts'

/**
 * What a task held when the message of a run came to it. None of that is this run's: the one that had asked has shown it.
 * Small, and the same for as long as the run lasts, since its tokens carry it.
 */
export interface Base {
  /** How many messages of the person there were, the run's own aside. */
  readonly asked: number
  /** How many of the agent. */
  readonly said: number
  /** The fingerprint of the status in which it waited, so that this is not taken for another question; `null` where it did not wait. */
  readonly waited: number | null
  /** Its artifacts, in their order. */
  readonly artifacts: readonly Extent[]
}

/** How much an artifact held, and what, so that it is known again. */
interface Extent {
  /** Characters, and one for each part that is no text. */
  readonly length: number
  readonly print: number
}

/** Tokens carry no more artifacts than that. Where a task had more, the answer shows the further ones whole, again. */
export const maxBaseArtifacts = 32

/** Of messages, where nobody has said how many there were. */
export const unknownCount = 999_999

/** That of a run which has begun its task. */
export const noBase: Base = { asked: 0, said: 0, waited: null, artifacts: [] }

/** What a task holds that a message is about to go to. */
export function baseOf({ status, artifacts, history }: Task, runId: string): Base {
  return {
    asked: otherMessages(history, runId),
    said: saidIn(history, status).size,
    waited: waits(status.state) ? printOf(status) : null,
    artifacts: artifacts.slice(0, maxBaseArtifacts).map(({ parts }) => {
      const length = lengthOf(parts)
      return { length, print: printUpTo(parts, length) }
    }),
  }
}

/** How many messages of the person a task holds, the run's own aside. Some servers put there what was said before it. */
export function otherMessages(history: readonly A2aMessage[], runId: string): number {
  return history.filter(({ id, fromAgent }) => !fromAgent && id !== runId).length
}

/** Whether the person has said more to a task since: then what follows is the answer of another run. */
export function isAnswered({ history }: Task, { asked }: Base, runId: string): boolean {
  // Not every server keeps what was said, and under its id. Where the run's own message is not found, nothing can be said of others.
  return history.some(({ id, fromAgent }) => !fromAgent && id === runId) && otherMessages(history, runId) > asked
}

/** A task as far as it is the run's: what has come since its message. */
export function taskSince(task: Task, base: Base): Task {
  if (base.waited === null) return task
  const before = new Set([...saidIn(task.history, task.status)].slice(0, base.said))
  return {
    ...task,
    status: statusSince(task.status, base, before),
    artifacts: task.artifacts.map((artifact, at) => artifactSince(artifact, base.artifacts[at])),
    history: task.history.filter(({ id, fromAgent }) => !fromAgent || !before.has(id)),
  }
}

/** @param ids the artifacts there are, in their order: an event does not say which place its own has */
export function eventSince(event: TaskEvent, base: Base, ids: Iterable<string>): TaskEvent {
  if (base.waited === null) return event
  if (event.type === 'task') return { ...event, task: taskSince(event.task, base) }
  if (event.type !== 'artifact' || event.append) return event
  return { ...event, artifact: artifactSince(event.artifact, base.artifacts[[...ids].indexOf(event.artifact.id)]) }
}

/** The ids of what the agent has said. Some servers keep the last of it with the status alone, some twice. */
function saidIn(history: readonly A2aMessage[], { message }: TaskStatus): ReadonlySet<string> {
  const messages = history.filter(({ fromAgent }) => fromAgent)
  return new Set([...messages, ...(message ? [message] : [])].map(({ id }) => id))
}

function statusSince(status: TaskStatus, { waited }: Base, before: ReadonlySet<string>): TaskStatus {
  const { state, message } = status
  // The agent has not taken the answer up yet.
  if (waits(state) && printOf(status) === waited) return { state: 'working', at: null, message: null }
  return state === 'working' && message !== null && before.has(message.id) ? { ...status, message: null } : status
}

function printOf({ state, at, message }: TaskStatus): number {
  return printedOn(emptyPrint, JSON.stringify([state, at, message?.id]))
}

function artifactSince(artifact: Artifact, before: Extent | undefined): Artifact {
  if (before === undefined) return artifact
  const { parts } = artifact
  // Where another was put in its place, that is new from its beginning on.
  if (lengthOf(parts) < before.length || printUpTo(parts, before.length) !== before.print) return artifact
  return { ...artifact, parts: piecesBehind(parts, before.length) }
}

function lengthOf(pieces: readonly JsonObject[]): number {
  return pieces.reduce((length, piece) => length + lengthOfPiece(piece), 0)
}

function lengthOfPiece(piece: JsonObject): number {
  return stringIn(piece, 'text')?.length ?? 1
}

/** The fingerprint of so much of them, however servers cut texts into pieces. */
function printUpTo(pieces: readonly JsonObject[], length: number): number {
  let print = emptyPrint
  let left = length
  for (const piece of pieces) {
    if (left <= 0) break
    print = printedOn(print, stringIn(piece, 'text')?.slice(0, left) ?? kindOf(piece))
    left -= lengthOfPiece(piece)
  }
  return print
}

/** Enough to tell files and data apart, without reading through them. */
function kindOf(piece: JsonObject): string {
  return JSON.stringify([stringIn(piece, 'filename'), stringIn(piece, 'url'), stringIn(piece, 'raw')?.length, 'data' in piece])
}

function piecesBehind(pieces: readonly JsonObject[], length: number): readonly JsonObject[] {
  let left = length
  return pieces.flatMap((piece) => {
    const skipped = Math.min(left, lengthOfPiece(piece))
    left -= skipped
    const rest = stringIn(piece, 'text')?.slice(skipped)
    if (skipped === 0) return [piece]
    return rest === undefined || rest === '' ? [] : [{ ...piece, text: rest }]
  })
}
