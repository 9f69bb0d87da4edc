import { RejoinError } from '../error.ts'
import { throwLater } from '../fault.ts'
import { type RunStore } from '../store/runStore.ts'

/** A run store that may fail without the run failing. */
export interface Storage {
  readonly store: RunStore
  /**
   * What `work` gives, or `otherwise` where the store fails or does not answer in time.
   * @param late gets what came after that
   */
  attempt<T>(work: (store: RunStore) => Promise<T>, otherwise: T, late?: (value: T) => void): Promise<T>
  /** Warns, once for each engine. */
  fail(cause: unknown): void
}

/** The wait is counted in this many steps, so that a thread that was blocked, or asleep, uses up one of them only. */
const steps = 10

/**
 * @param waitMs a store that has not answered by then (an open blocked by another tab) counts as failed; until
 * it answers something, nothing waits for it again
 */
export function guardedStorage(store: RunStore, waitMs: number, onWarning: (warning: RejoinError) => void): Storage {
  let warned = false
  let silent = false

  function fail(cause: unknown): void {
    if (warned) return
    warned = true
    onWarning(new RejoinError('storage_unavailable', { cause }))
  }

  function attempt<T>(work: (store: RunStore) => Promise<T>, otherwise: T, late?: (value: T) => void): Promise<T> {
    return new Promise((resolve) => {
      let waiting = true
      let left = steps
      let timer: ReturnType<typeof setTimeout> | undefined

      function over(): boolean {
        const was = waiting
        waiting = false
        clearTimeout(timer)
        return was
      }

      function keep(value: T): void {
        silent = false
        if (over()) resolve(value)
        else late?.(value)
      }

      function give(cause: unknown): void {
        if (!over()) return
        // First: a handler that throws must not keep the run waiting.
        resolve(otherwise)
        fail(cause)
      }

      function step(): void {
        left -= 1
        if (left > 0) {
          timer = setTimeout(step, waitMs / steps)
          return
        }
        silent = true
        give(new Error('The store did not answer in time.'))
      }

      if (silent) give(new Error('The store does not answer.'))
      else timer = setTimeout(step, waitMs / steps)
      try {
        work(store).then(keep, give).catch(throwLater)
      } catch (cause) {
        give(cause)
      }
    })
  }

  return { store, fail, attempt }
}
