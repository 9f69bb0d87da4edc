import { cursorOf, parseCursor, RejoinError, startCursor, type EndUpdate, type PauseUpdate, type RunPhase } from '@rejoin/core'
import { entryBytes, type Answered, type Asked, type EventLog, type LogEntry, type LoggedUpdate } from './eventLog.ts'

/** How much is kept in memory, and how long. */
export interface MemoryEventLogOptions {
  /**
   * A run's log is dropped this long after its end, in milliseconds, and that of one that waits for the person when
   * nobody has held it for so long. @default 86400000 (24 h)
   */
  retentionMs?: number | undefined
  /** Beyond this many bytes in all, the logs that ended first are dropped early. @default 268435456 (256 MiB) */
  maxBytes?: number | undefined
}

/** A slice is no longer, so that a reader far behind gets its backlog piece by piece. */
export const maxSlice = 4_096

interface RunLog {
  readonly startedAt: number
  readonly updates: LoggedUpdate[]
  readonly readers: Set<() => void>
  bytes: number
  phase: RunPhase
  end: EndUpdate | null
  endedAt: number
  checkpoint: unknown
  readonly asked: Asked | null
  answeredBy: string | null
  /** Of one that waits: when to see whether anybody still holds it. */
  lookAt: number
  holder: string | null
  heldUntil: number
}

/** Keeps runs in this process: they end with it. Has no timers: what is too old goes when something new comes. */
export function memoryEventLog(options: MemoryEventLogOptions = {}): EventLog {
  const { retentionMs = 86_400_000, maxBytes = 256 * 1024 * 1024 } = options
  const running = new Map<string, RunLog>()
  // Those of them that wait for the person, in the order they are to be looked at.
  const paused = new Map<string, RunLog>()
  // In the order they ended.
  const ended = new Map<string, RunLog>()
  let bytes = 0

  function find(key: string): RunLog | undefined {
    const log = running.get(key) ?? ended.get(key)
    return log && !tooOld(log) ? log : undefined
  }

  function tooOld({ end, endedAt }: RunLog): boolean {
    return end !== null && endedAt + retentionMs <= Date.now()
  }

  function sweep(): void {
    for (const [key, log] of paused) {
      if (log.lookAt > Date.now()) break
      paused.delete(key)
      if (log.heldUntil + retentionMs > Date.now()) wait(key, log)
      else {
        running.delete(key)
        bytes -= log.bytes
      }
    }
    for (const [key, log] of ended) {
      if (!tooOld(log) && bytes <= maxBytes) return
      ended.delete(key)
      bytes -= log.bytes
    }
  }

  function wait(key: string, log: RunLog): void {
    log.lookAt = Date.now() + retentionMs
    paused.set(key, log)
  }

  function add(key: string, log: RunLog, entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const update = { ...entry, cursor: cursorOf(0, log.updates.length + 1) }
      const size = entryBytes(entry)
      log.updates.push(update)
      log.bytes += size
      bytes += size
      log.phase = update.type === 'status' ? update.status : 'working'
      if (update.type !== 'end') continue
      log.end = update
      log.endedAt = Date.now()
      running.delete(key)
      ended.set(key, log)
      break
    }
    paused.delete(key)
    if (pauseOf(log) !== null) wait(key, log)
    for (const wake of log.readers) wake()
  }

  /** @throws RejoinError `not_found` where it does not wait there */
  function waiting({ run, at }: Answered): RunLog {
    const log = running.get(run)
    if (log === undefined || pauseOf(log)?.cursor !== at) throw new RejoinError('not_found')
    return log
  }

  return {
    async create(key, { lease, asked = null, answers } = {}) {
      sweep()
      if (find(key)) return false
      const answered = answers && waiting(answers)
      const askedBytes = asked === null ? 0 : JSON.stringify(asked.messages).length
      running.set(key, {
        startedAt: Date.now(),
        updates: [],
        readers: new Set(),
        bytes: askedBytes,
        phase: 'working',
        end: null,
        endedAt: 0,
        checkpoint: null,
        asked,
        answeredBy: null,
        lookAt: 0,
        holder: lease?.holder ?? answered?.holder ?? null,
        heldUntil: lease ? Date.now() + lease.ms : (answered?.heldUntil ?? 0),
      })
      bytes += askedBytes
      if (answers && answered) {
        answered.answeredBy = key
        add(answers.run, answered, [answers.end])
      }
      return true
    },
    async hold(key, { holder, ms }) {
      const log = running.get(key)
      if (log === undefined || (log.holder !== holder && log.heldUntil > Date.now())) return false
      log.holder = holder
      log.heldUntil = Date.now() + ms
      return true
    },
    async append(key, entries, { holder, checkpoint } = {}) {
      const log = running.get(key)
      if (log === undefined || (holder !== undefined && holder !== log.holder)) return false
      if (checkpoint !== undefined) log.checkpoint = checkpoint
      add(key, log, entries)
      sweep()
      return true
    },
    async *read(key, after, signal) {
      const log = find(key)
      if (log === undefined) throw new RejoinError('expired')
      const { epoch, n } = parseCursor(after)
      const length = log.end ? log.updates.length - 1 : log.updates.length
      let at = epoch > 0 ? length : Math.min(n, length)
      while (true) {
        signal?.throwIfAborted()
        if (at < log.updates.length) {
          const slice = log.updates.slice(at, at + maxSlice)
          at += slice.length
          yield slice
        } else {
          if (log.end) return
          await nextAppend(log, signal)
        }
      }
    },
    async peek(key) {
      const log = find(key)
      if (log === undefined) return null
      const { startedAt, phase, end, answeredBy, checkpoint } = log
      const cursor = log.updates.at(-1)?.cursor ?? startCursor
      return { startedAt, phase, cursor, pause: pauseOf(log), end, answeredBy, checkpoint }
    },
    async asked(key) {
      return find(key)?.asked ?? null
    },
  }
}

function pauseOf({ updates }: RunLog): PauseUpdate | null {
  const last = updates.at(-1)
  return last?.type === 'pause' ? last : null
}

function nextAppend(log: RunLog, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      log.readers.delete(wake)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    log.readers.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}
