import { newRun, reduce, userMessage, type Run, type Update } from '@rejoin/core'

/** Counts the updates of a run over all of its streams, its end included. What opens a stream is none, what is sent again counts once. */
export interface UpdateCount {
  /** As far as it has come. */
  readonly run: Run
  readonly updates: number
  /** Whether the update is one that is new. */
  take(update: Update): boolean
}

export function countUpdates(id: string): UpdateCount {
  let run = newRun({ id, session: '', message: userMessage('', id), createdAt: 0 })
  let updates = 0

  return {
    get run() {
      return run
    },
    get updates() {
      return updates
    },
    take(update) {
      const next = reduce(run, update)
      if (next === run) return false
      run = next
      updates += 1
      return true
    },
  }
}
