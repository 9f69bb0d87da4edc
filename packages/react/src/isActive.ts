import { isOutcome, type RunView } from '@rejoin/core'

/** Whether an answer is being produced: the run is known, and has not ended. */
export function isActive(run: RunView | null): run is RunView & { readonly id: string } {
  return run !== null && run.id !== null && !isOutcome(run.state)
}
