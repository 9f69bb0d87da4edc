import { type RunOutcome } from '@rejoin/core'
import { entryBytes, type EventLog, type LogEntry } from './eventLog.ts'

export interface LogWriter {
  /** False when nothing more can be written: the log has been closed, or the run is too large. */
  write(entry: LogEntry): boolean
  /** Writes what is left and the end, unless there is one. */
  end(outcome: RunOutcome): Promise<void>
}

export interface LogWriterOptions {
  log: EventLog
  key: string
  /** Milliseconds since the epoch. */
  startedAt: number
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
  const { log, key, startedAt, maxRunBytes } = options
  let bytes = 0
  let open = true
  let waiting: LogEntry[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let flushing: Promise<void> | null = null

  /** Lets entries gather until the event loop's next turn. */
  function gather(): void {
    timer = setTimeout(() => {
      timer = undefined
      if (waiting.length > 0) flushAndGather()
    }, 0)
  }

  function flushAndGather(): void {
    void flush()
    gather()
  }

  /** Only with something waiting, so that the drain does not end before it is noted. */
  function flush(): Promise<void> {
    flushing ??= drain()
    return flushing
  }

  async function drain(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const entries = waiting
        waiting = []
        if (await log.append(key, entries)) continue
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

  function endEntry(outcome: RunOutcome): LogEntry {
    return { type: 'end', outcome, elapsedMs: Math.max(0, Date.now() - startedAt) }
  }

  async function end(outcome: RunOutcome): Promise<void> {
    if (!open) return
    open = false
    clearTimeout(timer)
    waiting.push(endEntry(outcome))
    await flush()
  }

  return {
    write(entry) {
      if (!open) return false
      bytes += entryBytes(entry)
      if (bytes > maxRunBytes) {
        void end({ type: 'incomplete', reason: 'max_bytes' })
        return false
      }
      waiting.push(entry)
      if (timer === undefined) flushAndGather()
      return true
    },
    end,
  }
}
