import { type ApiEvent } from './apiObject.ts'

/** Something that happens `at` milliseconds after the request came. */
export type LogEntry =
  | { readonly kind: 'event'; readonly at: number; readonly number: number; readonly event: ApiEvent }
  | { readonly kind: 'comment'; readonly at: number; readonly text: string }
  /** The first stream that gets here breaks, or ends. */
  | { readonly kind: 'cut' | 'endOfStream'; readonly at: number }
  /** The first stream that gets here is told this and ends. */
  | { readonly kind: 'error'; readonly at: number; readonly number: number; readonly event: ApiEvent }
  /** Streams that get here stay open and silent. */
  | { readonly kind: 'silence'; readonly at: number }

/** Whether it happens once only. */
export function isBreak({ kind }: LogEntry): boolean {
  return kind === 'cut' || kind === 'endOfStream' || kind === 'error'
}

/** Writes a log: keeps the time and the numbers. */
export interface LogWriter {
  readonly entries: readonly LogEntry[]
  /** The time of what comes next. */
  readonly at: number
  /** From now on, this passes before each event. */
  pace(ms: number): void
  wait(ms: number): void
  event(event: ApiEvent): void
  error(event: ApiEvent): void
  comment(text: string): void
  mark(kind: 'cut' | 'endOfStream' | 'silence'): void
  /** Leaves out this many numbers. */
  skip(numbers: number): void
}

export function createLogWriter(): LogWriter {
  const entries: LogEntry[] = []
  let at = 0
  let number = 0
  let paceMs = 0

  return {
    entries,
    get at() {
      return at
    },
    pace(ms) {
      paceMs = ms
    },
    wait(ms) {
      at += ms
    },
    event(event) {
      at += paceMs
      entries.push({ kind: 'event', at, number, event })
      number += 1
    },
    error(event) {
      entries.push({ kind: 'error', at, number, event })
      number += 1
    },
    comment(text) {
      entries.push({ kind: 'comment', at, text })
    },
    mark(kind) {
      entries.push({ kind, at })
    },
    skip(numbers) {
      number += numbers
    },
  }
}
