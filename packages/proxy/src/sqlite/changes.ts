import { type DatabaseSync } from 'node:sqlite'
import { integer } from './row.ts'

/** How often the file is looked at for what other processes have written, while somebody waits, in milliseconds. */
const lookMs = 50

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** To be woken at each look, for what leaves no trace in the file. */
  readonly restless?: boolean
}

export interface Changes {
  /** Resolves when something of a topic may have changed, when the signal aborts, and at the end. */
  next(topic: string, options: WaitOptions): Promise<void>
  /** Notes a change, to be told with `publish`. */
  touch(topic: string): void
  /** Wakes those who wait for what has been touched. */
  publish(): void
  end(): void
}

interface Waiter {
  readonly wake: () => void
  readonly restless: boolean
}

/** Wakes whoever waits: at once for what this store writes, within one look for what others do. */
export function createChanges(database: DatabaseSync): Changes {
  const dataVersion = database.prepare('PRAGMA data_version')
  const waiting = new Map<string, Set<Waiter>>()
  let touched = new Set<string>()
  // From the last look, however long ago: one more that nobody needed is better than one that is missed.
  let seen = integer(dataVersion.get(), 'data_version')
  let timer: ReturnType<typeof setInterval> | undefined
  let ended = false

  function look(): void {
    let version = seen
    try {
      version = integer(dataVersion.get(), 'data_version')
    } catch {
      // Locked just now; the next look will tell.
    }
    const all = version !== seen
    seen = version
    for (const waiters of waiting.values()) for (const { wake, restless } of waiters) if (all || restless) wake()
  }

  function add(topic: string, waiter: Waiter): void {
    const waiters = waiting.get(topic)
    if (waiters) waiters.add(waiter)
    else waiting.set(topic, new Set([waiter]))
    if (timer !== undefined) return
    timer = setInterval(look, lookMs)
    timer.unref()
  }

  function remove(topic: string, waiter: Waiter): void {
    const waiters = waiting.get(topic)
    if (waiters?.delete(waiter) && waiters.size === 0) waiting.delete(topic)
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    next(topic, { signal, restless = false }) {
      return new Promise((resolve) => {
        if (ended || signal?.aborted) return resolve()
        const wake = (): void => {
          remove(topic, waiter)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const waiter = { wake, restless }
        add(topic, waiter)
        signal?.addEventListener('abort', wake, { once: true })
      })
    },
    touch(topic) {
      touched.add(topic)
    },
    publish() {
      if (touched.size === 0) return
      const topics = touched
      touched = new Set()
      for (const topic of topics) for (const { wake } of waiting.get(topic) ?? []) wake()
    },
    end() {
      ended = true
      for (const waiters of waiting.values()) for (const { wake } of waiters) wake()
    },
  }
}
