import {
  encodeUpdate,
  type ChatMessage,
  type Cursor,
  type EndUpdate,
  type OpenUpdate,
  type PauseUpdate,
  type RunPhase,
  type Update,
} from '@rejoin/core'

/** An update as it stands in a log; a leg's `open` is no part of the run. */
export type LoggedUpdate = Exclude<Update, OpenUpdate>

type WithoutCursor<T> = T extends unknown ? Omit<T, 'cursor'> : never

/** An update before the log has given it its place. */
export type LogEntry = WithoutCursor<LoggedUpdate>

/** Where the log of a run stands. */
export interface LogHead {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly phase: RunPhase
  /** Where the log stands. */
  readonly cursor: Cursor
  /** Why the run waits for the person: its last update, where that is a pause. */
  readonly pause: PauseUpdate | null
  readonly end: EndUpdate | null
  /** The run that brought the answer this one waited for, and ended it. */
  readonly answeredBy: string | null
  /** What the agent last noted for whoever goes on in its place; never sent to anybody. `null` before the first. */
  readonly checkpoint: unknown
}

/**
 * Says who works on a run, and for how long to take that for granted, in milliseconds. A process that dies
 * keeps its lease no longer than that; then another takes the run over.
 */
export interface Lease {
  readonly holder: string
  readonly ms: number
}

/** What a run was asked: kept as long as its updates, for whoever goes on in its place, and for the turns after it. */
export interface Asked {
  readonly session: string
  readonly messages: readonly ChatMessage[]
  /** The run that it follows: the turn before, or the one whose question it answers. */
  readonly previous: string | null
}

/** The run that a new one answers. */
export interface Answered {
  readonly run: string
  /** Where it waits: the cursor of its pause. */
  readonly at: Cursor
  /** What ends it. */
  readonly end: Omit<EndUpdate, 'cursor'>
}

/** Who works on a new run, and what is kept with it. */
export interface CreateOptions {
  /** Where it is left out, nobody holds the run, or whoever holds the one that it answers, for as long. */
  readonly lease?: Lease
  readonly asked?: Asked
  /** The run that waits for this one: it is ended in the same step, and says by whom it was answered. */
  readonly answers?: Answered
}

/** Who appends, and what is noted with it. */
export interface AppendOptions {
  /** Nothing is appended where somebody else holds the run: a process that was frozen must not write beside its successor. */
  readonly holder?: string
  /** Noted in the same step, in place of the one before; plain JSON. */
  readonly checkpoint?: unknown
}

/**
 * The updates of runs whose agent lives here. The log gives out the cursors, so that whoever appends
 * (the run itself, a cancel from elsewhere) needs to know of nobody else; an end closes a run's log for good. A pause
 * does not: readers wait on behind it.
 */
export interface EventLog {
  /**
   * False where the run has a log already: somebody else has started it. Of many at once, one gets true.
   * @throws RejoinError `not_found` where the run that it answers does not wait there (any more); then nothing is done
   */
  create(key: string, options?: CreateOptions): Promise<boolean>
  /** Takes a run that nobody holds, or keeps it; false where somebody else holds it, and where it has ended or is gone. */
  hold(key: string, lease: Lease): Promise<boolean>
  /** All of `entries` or none of them; false where the log has been closed by an end, is gone or held by somebody else. */
  append(key: string, entries: readonly LogEntry[], options?: AppendOptions): Promise<boolean>
  /**
   * Everything after a cursor in slices, live, until the end, which is always delivered. Each reader goes at its
   * own pace; a slow one costs no memory.
   * @throws RejoinError `expired` where there is no such log
   */
  read(key: string, after: Cursor, signal?: AbortSignal): AsyncIterable<readonly LoggedUpdate[]>
  /** `null` where there is no such log. */
  peek(key: string): Promise<LogHead | null>
  /** `null` where there is no such log, or nothing is kept with it. */
  asked(key: string): Promise<Asked | null>
}

/** What the frame around a delta's text takes on the wire, about. */
const textFrameBytes = 52

/** What an entry takes on the wire, about, in bytes: the measure of every limit on logs. */
export function entryBytes(entry: LogEntry): number {
  if (entry.type === 'text') return textFrameBytes + utf8Length(entry.delta)
  return encodeUpdate({ ...entry, cursor: '' }).length
}

/** Counted, since for a delta of a few characters an encoder costs more than the characters. */
function utf8Length(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800 || (unit >= 0xd800 && unit < 0xe000)) bytes += 2
    else bytes += 3
  }
  return bytes
}
