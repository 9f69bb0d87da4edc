import { delay, isRejoinError, linkedAbort } from '@rejoin/core'
import { type EventLog, type LogHead } from '../../logs/eventLog.ts'
import { endingOf } from './ending.ts'

export interface AnswerOptions {
  readonly log: EventLog
  readonly holder: string
  /** Ends the wait. */
  readonly signal: AbortSignal
  /** A run that waits for so long ends as `expired`, in milliseconds. */
  readonly maxPauseMs: number
  /** A log that can not be read is tried again after so long, in milliseconds. */
  readonly againMs: number
  /** Of the end. */
  readonly conversation: string | undefined
  report(error: unknown): void
}

/** When a run that waits is to end by itself, in milliseconds since the epoch. */
export function dueAt({ startedAt, pause }: LogHead, maxPauseMs: number): number {
  return pause === null ? Infinity : startedAt + pause.elapsedMs + maxPauseMs
}

/**
 * Waits with a run until it has been answered, by whichever process.
 * @returns the run that answers it; `null` where it ended in another way
 */
export async function answerTo(handle: string, paused: LogHead, options: AnswerOptions): Promise<string | null> {
  const { log, signal, againMs, report } = options
  const over = linkedAbort(signal)
  void expireInTime(handle, paused, { ...options, signal: over.signal })
  try {
    while (true) {
      try {
        for await (const slice of log.read(handle, paused.cursor, signal)) if (slice.at(-1)?.type === 'end') break
        return (await log.peek(handle))?.answeredBy ?? null
      } catch (error) {
        signal.throwIfAborted()
        if (isRejoinError(error) && error.code === 'expired') return null
        report(error)
        await delay(againMs, signal)
      }
    }
  } finally {
    over.abort(new DOMException('The run does not wait any more.', 'AbortError'))
    over.release()
  }
}

async function expireInTime(handle: string, paused: LogHead, options: AnswerOptions): Promise<void> {
  const { log, holder, signal, maxPauseMs, conversation, report } = options
  const due = dueAt(paused, maxPauseMs)
  try {
    // A timer may be shorter than it was asked to be.
    while (Date.now() < due) await delay(due - Date.now(), signal)
    signal.throwIfAborted()
    await log.append(handle, [endingOf(paused, { type: 'expired' }, conversation)], { holder })
  } catch (error) {
    if (!signal.aborted) report(error)
  }
}
