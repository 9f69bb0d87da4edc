import { cursorOf, parseCursor, RejoinError, startCursor, type ChatMessage, type EndUpdate, type RunPhase } from '@rejoin/core'
import { entryBytes, type EventLog, type LoggedUpdate } from './eventLog.ts'

/** How much is kept in memory, and how long. */
export interface MemoryEventLogOptions {
  /** A run's log is dropped this long after its end, in milliseconds. @default 86400000 (24 h) */
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
  messages: readonly ChatMessage[]
  holder: string | null
  heldUntil: number
}

/** Keeps runs in this process: they end with it. Has no timers: what is too old goes when something new comes. */
export function memoryEventLog(options: MemoryEventLogOptions = {}): EventLog {
  const { retentionMs = 86_400_000, maxBytes = 256 * 1024 * 1024 } = options
  const running = new Map<string, RunLog>()
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
    for (const [key, log] of ended) {
      if (!tooOld(log) && bytes <= maxBytes) return
      ended.delete(key)
      bytes -= log.bytes
    }
  }

  return {
    async create(key, { lease, messages = [] } = {}) {
      sweep()
      if (find(key)) return false
      running.set(key, {
        startedAt: Date.now(),
        updates: [],
        readers: new Set(),
        bytes: 0,
        phase: 'working',
        end: null,
        endedAt: 0,
        checkpoint: null,
        messages,
        holder: lease?.holder ?? null,
        heldUntil: lease ? Date.now() + lease.ms : 0,
      })
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
        log.messages = []
        running.delete(key)
        ended.set(key, log)
        break
      }
      sweep()
      for (const wake of log.readers) wake()
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
      const { startedAt, phase, end, checkpoint } = log
      return { startedAt, phase, end, checkpoint, cursor: log.updates.at(-1)?.cursor ?? startCursor }
    },
    async messages(key) {
      return find(key)?.messages ?? []
    },
  }
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
