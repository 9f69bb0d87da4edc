import { stringIn, type JsonObject } from '../json.ts'
import { emptyPrint, printedOn } from './fingerprint.ts'
import { waits, type A2aMessage, type TaskEvent, type Task, type TaskStatus } from './protocol.ts'

/**
 * What a task held when the message of a run came to it. None of that is this run's: the one that had asked has shown it.
 * Small, and the same for as long as the run lasts, since its tokens carry it.
 */
export interface Base {
  /** How many messages of the person there were, the run's own aside. */
  readonly asked: number
  /** Whether it has sent one: it may also follow what has gone on by itself. */
  readonly sent: boolean
  /** The fingerprint of the id of the agent's last message in the history; `null` where there is none. */
  readonly said: number | null
  /** The same of the message that it waited with. */
  readonly asking: number | null
  /** The fingerprint of the status in which it waited, so that this is not taken for another question; `null` where it did not wait. */
  readonly waited: number | null
  /** Its artifacts, in their order. */
  readonly artifacts: readonly Extent[]
}

/** How much an artifact held, and what, so that it is known again. */
export interface Extent {
  /** Characters, and one for each part that is no text. */
  readonly length: number
  /** Of its first `headLength` characters. */
  readonly head: number
  readonly print: number
}

/** Another artifact that is put in the place of one is known by its beginning, where that is not the same. Characters. */
const headLength = 32

/** Tokens carry no more artifacts than that. Where a task had more, the answer shows the further ones whole, again. */
export const maxBaseArtifacts = 32

/** Of messages, where nobody has said how many there were: then those behind the run's own are new. */
export const unknownCount = 999_999

/** That of a run which has begun its task. */
export const noBase: Base = { asked: 0, sent: true, said: null, asking: null, waited: null, artifacts: [] }

/** What a task holds to which the message of a run is about to go. */
export function baseOf({ status, artifacts, history }: Task, runId: string): Base {
  return {
    asked: otherMessages(history, runId),
    sent: true,
    said: printOfId(history.findLast(({ fromAgent }) => fromAgent)),
    asking: printOfId(status.message),
    waited: waits(status.state) ? printOf(status) : null,
    artifacts: artifacts.slice(0, maxBaseArtifacts).map(({ parts }) => {
      const length = lengthOf(parts)
      return { length, head: printUpTo(parts, headLength), print: printUpTo(parts, length) }
    }),
  }
}

/** How many messages of the person a task holds, the run's own aside. Some servers put there what was said before it. */
export function otherMessages(history: readonly A2aMessage[], runId: string): number {
  return personsMessages(history.filter(({ id }) => id !== runId))
}

export function personsMessages(history: readonly A2aMessage[]): number {
  return history.filter(({ fromAgent }) => !fromAgent).length
}

/** Whether the person has said more to a task since: then what follows is the answer of another run. */
export function isAnswered({ history }: Task, { asked, sent }: Base, runId: string): boolean {
  const others = otherMessages(history, runId)
  if (!sent) return others > asked
  // Not every server keeps what was said, and under its id. Where the run's own message is not found, nothing can be said of others.
  const messages = history.filter(({ fromAgent }) => !fromAgent)
  const own = messages.findIndex(({ id }) => id === runId)
  return own !== -1 && (asked === unknownCount ? own < messages.length - 1 : others > asked)
}

/** A task as far as it is the run's: what has come since its message. Of its artifacts `piecesSince` says that. */
export function taskSince(task: Task, base: Base): Task {
  if (base.waited === null) return task
  const before = saidBefore(task, base)
  const history = task.history.filter(({ id, fromAgent }) => !fromAgent || !before.has(id))
  return { ...task, status: statusSince({ ...task, history }, base, before), history }
}

export function eventSince(event: TaskEvent, base: Base): TaskEvent {
  return event.type === 'task' ? { ...event, task: taskSince(event.task, base) } : event
}

/**
 * What of an artifact's pieces is the run's; `null` as long as that can not be told, since they may be the old ones that are being written
 * anew. It only grows while they do, so whoever reads them later is told nothing else.
 */
export function piecesSince(pieces: readonly JsonObject[], before: Extent | undefined): readonly JsonObject[] | null {
  if (before === undefined) return pieces
  const length = lengthOf(pieces)
  if (length >= before.length) return printUpTo(pieces, before.length) === before.print ? piecesBehind(pieces, before.length) : pieces
  return length >= headLength && printUpTo(pieces, headLength) !== before.head ? pieces : null
}

/** The ids of what the agent had said. Some servers keep the last of it with the status alone, some twice, and some keep no history. */
function saidBefore({ history, status }: Task, { said, asking }: Base): ReadonlySet<string> {
  const messages = [...history.filter(({ fromAgent }) => fromAgent), ...(status.message ? [status.message] : [])]
  const last = messages.findLastIndex((message) => [said, asking].includes(printOfId(message)))
  return new Set(messages.slice(0, last + 1).map(({ id }) => id))
}

/** @param task with the history that has come since */
function statusSince(task: Task, base: Base, before: ReadonlySet<string>): TaskStatus {
  const { status } = task
  const { state, at, message } = status
  // The agent has not taken the answer up yet. Of questions with neither a time nor words one is like the other.
  const same = waits(state) && printOf(status) === base.waited && (at !== null || message !== null || !hasMore(task, base))
  if (same) return { state: 'working', at: null, message: null }
  return state === 'working' && message !== null && before.has(message.id) ? { ...status, message: null } : status
}

/** Whether something has come that the task did not hold. */
function hasMore({ artifacts, history }: Task, base: Base): boolean {
  const others = artifacts.slice(0, maxBaseArtifacts).some(({ parts }, at) => {
    const before = base.artifacts[at]
    return lengthOf(parts) !== before?.length || printUpTo(parts, before.length) !== before.print
  })
  return others || history.some(({ fromAgent }) => fromAgent)
}

function printOfId(message: A2aMessage | null | undefined): number | null {
  return message ? printedOn(emptyPrint, message.id) : null
}

function printOf({ state, at, message }: TaskStatus): number {
  return printedOn(emptyPrint, JSON.stringify([state, at, message?.id]))
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
