import { type DatabaseSync } from 'node:sqlite'
import { type LoggedUpdate } from '../logs/eventLog.ts'
import { integer } from './row.ts'

/** How often the file is looked at for what other processes have written, while somebody waits, in milliseconds. */
const lookMs = 50

/** What has just been appended, for readers who have read up to there: they need not look. */
export interface Tail {
  /** The number of the update before it. */
  readonly after: number
  readonly updates: readonly LoggedUpdate[]
}

interface FollowOptions {
  readonly signal?: AbortSignal | undefined
  /** To be woken at each look, for what leaves no trace in the file. */
  readonly restless?: boolean
}

interface Follower {
  /** Resolves at a change, also one since the last call, at an abort and at the end. `null`: look what it is. */
  next(): Promise<Tail | null>
  close(): void
}

export interface Changes {
  /** Follows what happens to a topic, from before the first look at it. */
  follow(topic: string, options?: FollowOptions): Follower
  /** To be called when a change is committed. */
  tell(topic: string, tail?: () => Tail | null): void
  end(): void
}

interface Followed {
  readonly restless: boolean
  tell(tail: Tail | null): void
}

/** Wakes whoever waits: at once for what this store writes, within one look for what others do. */
export function createChanges(database: DatabaseSync): Changes {
  const dataVersion = database.prepare('PRAGMA data_version')
  const followers = new Map<string, Set<Followed>>()
  // From the last look, however long ago: one more that nobody needed is better than one that is missed.
  let seen = integer(dataVersion.get(), 'data_version')
  let waiting = 0
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
    for (const some of followers.values()) for (const one of some) if (all || one.restless) one.tell(null)
  }

  function count(change: number): void {
    waiting += change
    if (waiting === 0) {
      clearInterval(timer)
      timer = undefined
    } else if (timer === undefined) {
      timer = setInterval(look, lookMs)
      timer.unref()
    }
  }

  return {
    follow(topic, { signal, restless = false } = {}) {
      let resolve: ((tail: Tail | null) => void) | null = null
      let missed = false

      function tell(tail: Tail | null): void {
        if (resolve === null) missed = true
        else {
          count(-1)
          resolve(tail)
          resolve = null
        }
      }
      const wake = (): void => tell(null)
      const one: Followed = { restless, tell }
      const others = followers.get(topic)
      if (others) others.add(one)
      else followers.set(topic, new Set([one]))
      signal?.addEventListener('abort', wake, { once: true })

      return {
        next() {
          if (missed || ended || signal?.aborted) {
            missed = false
            return Promise.resolve(null)
          }
          count(1)
          return new Promise((wakeUp) => (resolve = wakeUp))
        },
        close() {
          signal?.removeEventListener('abort', wake)
          const some = followers.get(topic)
          if (some?.delete(one) && some.size === 0) followers.delete(topic)
        },
      }
    },
    tell(topic, tail) {
      const some = followers.get(topic)
      if (some === undefined) return
      const news = tail?.() ?? null
      for (const one of some) one.tell(news)
    },
    end() {
      ended = true
      for (const some of followers.values()) for (const one of some) one.tell(null)
    },
  }
}
