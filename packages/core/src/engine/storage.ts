import { RejoinError } from '../error.ts'
import { type RunStore } from '../store/runStore.ts'

/** A run store that may fail without the run failing. */
export interface Storage {
  readonly store: RunStore
  /** What `work` gives, or `otherwise` where the store fails or does not answer in time. */
  attempt<T>(work: (store: RunStore) => Promise<T>, otherwise: T): Promise<T>
  /** Warns, once for each engine. */
  fail(cause: unknown): void
}

/**
 * @param waitMs a store that has not answered by then (an open blocked by another tab) counts as failed
 */
export function guardedStorage(store: RunStore, waitMs: number, onWarning: (warning: RejoinError) => void): Storage {
  let warned = false

  function fail(cause: unknown): void {
    if (warned) return
    warned = true
    onWarning(new RejoinError('storage_unavailable', { cause }))
  }

  return {
    store,
    fail,
    attempt<T>(work: (store: RunStore) => Promise<T>, otherwise: T): Promise<T> {
      return new Promise((resolve) => {
        const give = (cause: unknown): void => {
          clearTimeout(timer)
          fail(cause)
          resolve(otherwise)
        }
        const timer = setTimeout(() => give(new Error('The store did not answer in time.')), waitMs)
        const keep = (value: T): void => {
          clearTimeout(timer)
          resolve(value)
        }
        try {
          work(store).then(keep, give)
        } catch (cause) {
          give(cause)
        }
      })
    },
  }
}
