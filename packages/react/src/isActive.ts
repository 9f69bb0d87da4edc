import { isAsking, isOutcome, type RunState, type RunView } from '@rejoin/core'

type KnownRun = RunView & { readonly id: string }

/** Whether a run is known that has not ended: an answer is being produced, or waits for the person. */
export function isUnfinished(run: RunView | null): run is KnownRun {
  return run !== null && run.id !== null && !isOutcome(run.state)
}

/** Whether an answer is being produced. One that waits for the person is not: they can write. */
export function isActive(run: RunView | null): run is KnownRun {
  return isUnfinished(run) && !isAsking(run.state)
}

type ReconnectingRun = RunView & { readonly state: Extract<RunState, { type: 'reconnecting' }> }

/** Whether something went wrong, so that a next try is waited for or under way; of what a page only picks up again, nothing has. */
export function isReconnecting(run: RunView | null): run is ReconnectingRun {
  return run?.state.type === 'reconnecting' && (run.state.reason === 'offline' || run.attempt > 0)
}
