import { type RunOutcome, type RunPause, type Usage } from '@rejoin/core'
import { type ProxyEvent } from './events.ts'
import { callHook } from './hook.ts'
import { type RunIdentity } from './registry/registry.ts'

/** Tells the app's log what happens. */
export interface Teller {
  tell(event: ProxyEvent): void
  /** Of the legs that hear at the same time that a run has ended or waits, the first tells it. */
  closed(run: RunIdentity, closed: ClosedRun): void
}

interface ClosedRun {
  readonly state: RunOutcome | RunPause
  readonly elapsedMs: number
  readonly usage?: Usage | undefined
}

/** So many runs are remembered as told. The registry knows of the older ones. */
const maxTold = 1_000

export function createTeller(onEvent: (event: ProxyEvent) => void): Teller {
  const told = new Set<string>()

  function tell(event: ProxyEvent): void {
    void callHook(() => onEvent(event))
  }

  return {
    tell,
    closed({ user, runId, session }, { state, elapsedMs, usage }) {
      // A run can wait, go on by itself and wait again.
      const key = JSON.stringify([user, runId, state.type === 'paused' ? elapsedMs : null])
      if (told.has(key)) return
      told.add(key)
      for (const oldest of told) {
        if (told.size <= maxTold) break
        told.delete(oldest)
      }
      const run = { runId, session, elapsedMs, ...(usage && { usage }) }
      tell(state.type === 'paused' ? { type: 'paused', reason: state.reason, ...run } : { type: 'ended', outcome: state, ...run })
    },
  }
}
