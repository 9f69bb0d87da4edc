import { type RunOutcome, type RunPause } from '@rejoin/core'
import { type RunKey, type RunRegistry } from '../registry/registry.ts'

/** What an agent says of a run that goes on no further. */
export interface Said {
  readonly state: RunOutcome | RunPause
  readonly elapsedMs: number
  readonly conversation?: string | undefined
}

/** What is so for the run's caller. */
export interface Settled {
  readonly state: RunOutcome | RunPause
  /** Whether what the agent said with it is part of the run. */
  readonly counts: boolean
}

/**
 * Notes how a run has ended or what it waits for, and says what holds. Once cancelled, a late end of another kind does
 * not bring it back (Azure completes what it has said to be cancelled). A run that waits and was passed over has ended.
 */
export async function settle(registry: RunRegistry, run: RunKey, { state, elapsedMs, conversation }: Said): Promise<Settled> {
  if (state.type === 'paused') await registry.paused(run, { reason: state.reason, elapsedMs, conversation })
  else await registry.end(run, state, elapsedMs, conversation)
  const record = await registry.get(run)
  if (record?.state !== 'ended' || state.type === 'cancelled') return { state, counts: true }
  if (record.outcome.type === 'cancelled') return { state: record.outcome, counts: false }
  return { state: state.type === 'paused' ? record.outcome : state, counts: true }
}
