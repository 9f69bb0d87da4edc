import { delay, type RunStore } from '@rejoin/core'
import { wrappedStore } from './wrappedStore.ts'

/** A store as one page sees it. */
export interface PageStore extends RunStore {
  /** The page has left: the transactions it has begun are committed before the next page reads, and it begins no more. */
  finish(): void
  /** The page is gone: what it has not committed never will be. */
  close(): void
}

/** Each transaction takes `ms`, then counts as a whole or, where the page is gone by then, not at all. */
export function slowStore(store: RunStore, ms: number): PageStore {
  let open = true
  const finished = new AbortController()

  async function commit<T>(write: () => Promise<T>): Promise<T> {
    if (finished.signal.aborted) return await gone()
    if (ms > 0) await delay(ms, finished.signal).catch(() => {})
    return open ? await write() : await gone()
  }

  return {
    ...wrappedStore(store, commit),
    load: (session) => store.load(session),
    finish: () => finished.abort(),
    close() {
      open = false
    },
  }
}

function gone<T>(): Promise<T> {
  return new Promise(() => {})
}
