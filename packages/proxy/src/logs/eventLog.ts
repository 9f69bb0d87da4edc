import { encodeUpdate, type Cursor, type EndUpdate, type OpenUpdate, type RunPhase, type Update } from '@rejoin/core'

/** An update as it stands in a log; a leg's `open` is no part of the run. */
export type LoggedUpdate = Exclude<Update, OpenUpdate>

type WithoutCursor<T> = T extends unknown ? Omit<T, 'cursor'> : never

/** An update before the log has given it its place. */
export type LogEntry = WithoutCursor<LoggedUpdate>

export interface LogHead {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly phase: RunPhase
  /** Where the log stands. */
  readonly cursor: Cursor
  readonly end: EndUpdate | null
}

/**
 * The updates of runs whose agent lives here. The log gives out the cursors, so that whoever appends
 * (the run itself, a cancel from elsewhere) needs to know of nobody else; an end closes a run's log for good.
 */
export interface EventLog {
  /** False where the run has a log already: somebody else has started it. Of many at once, one gets true. */
  create(key: string): Promise<boolean>
  /** All of `entries` or none of them; false where the log has been closed by an end, or is gone. */
  append(key: string, entries: readonly LogEntry[]): Promise<boolean>
  /**
   * Everything after a cursor in slices, live, until the end, which is always delivered. Each reader goes at its
   * own pace; a slow one costs no memory.
   * @throws RejoinError `expired` where there is no such log
   */
  read(key: string, after: Cursor, signal?: AbortSignal): AsyncIterable<readonly LoggedUpdate[]>
  /** `null` where there is no such log. */
  peek(key: string): Promise<LogHead | null>
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
