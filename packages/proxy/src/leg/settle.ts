import { type RunOutcome } from '@rejoin/core'
import { type RunKey, type RunRegistry } from '../registry/registry.ts'

/**
 * Notes how a run has ended, and says how it has ended for its caller: once cancelled, a late end of another
 * kind does not bring it back (Azure completes what it has said to be cancelled).
 * @returns the very `outcome`, unless it does not count
 */
export async function settle(
  registry: RunRegistry,
  run: RunKey,
  { outcome, elapsedMs }: { readonly outcome: RunOutcome; readonly elapsedMs: number },
): Promise<RunOutcome> {
  await registry.end(run, outcome, elapsedMs)
  const record = await registry.get(run)
  if (record?.state !== 'ended' || record.outcome.type !== 'cancelled') return outcome
  return outcome.type === 'cancelled' ? outcome : record.outcome
}
