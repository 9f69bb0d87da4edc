import { isAsking, isOutcome, type RunView } from '@rejoin/core'

type KnownRun = RunView & { readonly id: string }

/** Whether a run is known that has not ended: an answer is being produced, or waits for the person. */
export function isUnfinished(run: RunView | null): run is KnownRun {
  return run !== null && run.id !== null && !isOutcome(run.state)
}

/** Whether an answer is being produced. One that waits for the person is not: they can write. */
export function isActive(run: RunView | null): run is KnownRun {
  return isUnfinished(run) && !isAsking(run.state)
}
