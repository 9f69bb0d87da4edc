import { isOutcome, type RunState } from '@rejoin/core'

export function isOver(state: RunState | null): boolean {
  return state !== null && isOutcome(state)
}
