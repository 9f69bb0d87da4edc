import { type PauseReason, type RequestPart, type RunOutcome, type Usage } from '@rejoin/core'
import { entryBytes, type EventLog, type LogEntry } from './eventLog.ts'

/** What closes the leg of a run, as its agent says it. */
interface Closing {
  readonly conversation?: string
  readonly usage?: Usage
}

/** How a run has ended. */
interface RunEnd extends Closing {
  readonly outcome: RunOutcome
}

/** What a run waits for. */
interface RunQuestion extends Closing {
  readonly reason: PauseReason
  readonly requests: readonly RequestPart[]
  /** Noted with it. */
  readonly checkpoint?: unknown
}

export interface LogWriter {
  /**
   * False when nothing more can be written: the log has been closed, or the run is too large.
   * @param checkpoint noted together with the entries
   */
  write(entries: readonly LogEntry[], checkpoint?: unknown): boolean
  /** Whether all that has been written so far is in the log. */
  written(): Promise<boolean>
  /** Writes what is left and the end, unless there is one. */
  end(end: RunEnd): Promise<void>
  /** Writes what is left, what is asked and that the run waits, unless it has ended. */
  pause(question: RunQuestion): Promise<void>
}

export interface LogWriterOptions {
  log: EventLog
  key: string
  holder: string
  /** Milliseconds since the epoch. */
  startedAt: number
  /** What the next turn goes on from, where what closes the run does not say. */
  conversation: string | undefined
  /** A run that grows beyond this ends as `incomplete` with the reason `max_bytes`. */
  maxRunBytes: number
  /** Somebody else has ended the run. */
  onClosed(): void
  /** The log can not be written; nothing more is. */
  onError(error: unknown): void
}

/**
 * The first entry is appended at once; what follows it in the same turn of the event loop, or while an append is
 * in flight, goes together in the next. A slow writer has no latency, a flood few appends.
 */
export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { log, key, holder, startedAt, maxRunBytes, conversation: ownConversation } = options
  let bytes = 0
  let open = true
  let waiting: LogEntry[] = []
  let checkpoint: unknown
  let timer: ReturnType<typeof setTimeout> | undefined
  let flushing: Promise<void> | null = null

  /** Lets entries gather until the event loop's next turn. */
  function gather(): void {
    timer = setTimeout(() => {
      timer = undefined
      if (isWaiting()) flushAndGather()
    }, 0)
  }

  function flushAndGather(): void {
    void flush()
    gather()
  }

  function flush(): Promise<void> {
    // With nothing waiting the drain would end before it is noted.
    if (flushing === null && !isWaiting()) return Promise.resolve()
    flushing ??= drain()
    return flushing
  }

  function isWaiting(): boolean {
    return waiting.length > 0 || checkpoint !== undefined
  }

  async function drain(): Promise<void> {
    try {
      while (isWaiting()) {
        const entries = waiting
        const noted = checkpoint === undefined ? { holder } : { holder, checkpoint }
        waiting = []
        checkpoint = undefined
        if (await log.append(key, entries, noted)) continue
        open = false
        return options.onClosed()
      }
    } catch (error) {
      open = false
      options.onError(error)
    } finally {
      // In one step with the last look at `waiting`: what is written after that must find a new drain.
      flushing = null
    }
  }

  function closingOf({ conversation = ownConversation, usage }: Closing): Closing & { readonly elapsedMs: number } {
    const elapsedMs = Math.max(0, Date.now() - startedAt)
    return { elapsedMs, ...(conversation !== undefined && { conversation }), ...(usage !== undefined && { usage }) }
  }

  async function close(entries: readonly LogEntry[], note?: unknown): Promise<void> {
    if (!open) return
    open = false
    clearTimeout(timer)
    waiting.push(...entries)
    if (note !== undefined) checkpoint = note
    await flush()
  }

  async function end(end: RunEnd): Promise<void> {
    await close([{ type: 'end', outcome: end.outcome, ...closingOf(end) }])
  }

  return {
    write(entries, note) {
      if (!open) return false
      for (const entry of entries) bytes += entryBytes(entry)
      if (bytes > maxRunBytes) {
        void end({ outcome: { type: 'incomplete', reason: 'max_bytes' } })
        return false
      }
      waiting.push(...entries)
      if (note !== undefined) checkpoint = note
      if (timer === undefined && isWaiting()) flushAndGather()
      return true
    },
    async written() {
      await flush()
      return open
    },
    end,
    async pause(question) {
      const { reason, requests, checkpoint } = question
      const asked = requests.map((part) => ({ type: 'part', part }) as const)
      await close([...asked, { type: 'pause', reason, ...closingOf(question) }], checkpoint)
    },
  }
}
