import { lastMoved } from '../store/movedHead.ts'
import { type RunKey, type RunSummary } from '../store/runStore.ts'
import { type Storage } from './storage.ts'

/** Removes from the store what is older than it is kept for. */
export interface Sweep {
  /** Whether a run is too old to be shown or read: the sweep may not have come to it yet. */
  hasExpired(run: Pick<RunSummary, 'start' | 'head'>): boolean
  /** Where it is time for it again: once the page has come to rest, since all that reads the store would wait for it. */
  due(): void
  stop(): void
}

export interface SweepOptions {
  storage: Storage
  keepMs: number
  /** Whether this tab reads the run, or waits to: it is passed over. */
  isReading(key: RunKey): boolean
  /** Whether any tab does, as far as can be known. */
  isRead(key: RunKey): Promise<boolean>
}

/** So long after the last sweep it is time for another. Milliseconds. */
const intervalMs = 60 * 60 * 1000
/** A page that begins or wakes reads what it shows within this time; then the sweep waits for it to be idle. Milliseconds. */
const restMs = 1_000
/** A page that is busy for this long is not waited for any more. Milliseconds. */
const busyMs = 10_000

export function createSweep({ storage, keepMs, isReading, isRead }: SweepOptions): Sweep {
  let sweptAt = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | null = null

  async function sweep(): Promise<void> {
    const before = Date.now() - keepMs
    const expire = (isSpared: (key: RunKey) => boolean): Promise<void> => storage.attempt((store) => store.expire(before, isSpared), undefined)
    const old = new Map<string, RunKey>()
    // No transaction waits until it is known what other tabs read, so at first no run goes.
    await expire((key) => {
      old.set(key.id, key)
      return true
    })
    for (const [id, key] of old) if (await isRead(key)) old.delete(id)
    if (old.size > 0) await expire((key) => !old.has(key.id) || isReading(key))
  }

  return {
    hasExpired: (run) => lastMoved(run) < Date.now() - keepMs,
    due() {
      const now = Date.now()
      if (cancel || Math.abs(now - sweptAt) < intervalMs) return
      sweptAt = now
      cancel = whenIdle(() => {
        cancel = null
        void sweep()
      })
    },
    stop() {
      if (cancel === null) return
      cancel()
      cancel = null
      sweptAt = Number.NEGATIVE_INFINITY
    },
  }
}

/** Gives back how to give it up. */
function whenIdle(work: () => void): () => void {
  let idle: number | undefined
  const timer = setTimeout(() => {
    if (typeof requestIdleCallback === 'function') idle = requestIdleCallback(work, { timeout: busyMs })
    else work()
  }, restMs)
  return () => {
    clearTimeout(timer)
    if (idle !== undefined) cancelIdleCallback(idle)
  }
}
