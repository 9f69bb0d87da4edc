import { type RunOutcome, type RunPause, type Usage } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { notedLater } from './noted.ts'
import { type RunIdentity, type RunRecord } from '../registry/registry.ts'

/** Who notes it, and who tells it. */
export type Settling = Pick<ProxyContext, 'registry' | 'teller' | 'report'>

/** What an agent says of a run that goes on no further. */
export interface Said {
  readonly state: RunOutcome | RunPause
  readonly elapsedMs: number
  readonly conversation?: string | undefined
  readonly usage?: Usage | undefined
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
export async function settle(context: Settling, run: RunIdentity, said: Said): Promise<Settled> {
  const { registry } = context
  const { state, elapsedMs, conversation } = said
  const told = await isTold(context, run, state)
  if (state.type === 'paused') await registry.paused(run, { reason: state.reason, elapsedMs, conversation })
  else await registry.end(run, state, elapsedMs, conversation)
  const settled = held(await registry.get(run), state)
  if (!told) context.teller?.closed(run, { ...said, state: settled.state })
  return settled
}

/** The same for what the agent says once only: where the registry fails, it holds as it was said, and is noted later. */
export async function settleOnce(context: Settling, run: RunIdentity, said: Said): Promise<Settled> {
  try {
    return await settle(context, run, said)
  } catch (error) {
    context.report(error, 'proxy')
    void notedLater(() => settle(context, run, said))
    return { state: said.state, counts: true }
  }
}

function held(record: RunRecord | null, state: Said['state']): Settled {
  if (record?.state !== 'ended' || state.type === 'cancelled') return { state, counts: true }
  if (record.outcome.type === 'cancelled') return { state: record.outcome, counts: false }
  return { state: state.type === 'paused' ? record.outcome : state, counts: true }
}

/** Notes an end that the agent has not told. */
export async function endRun(context: Settling, run: RunIdentity, state: RunOutcome, elapsedMs: number): Promise<void> {
  const told = await isTold(context, run, state)
  await context.registry.end(run, state, elapsedMs)
  if (!told) context.teller?.closed(run, { state, elapsedMs })
}

/** Whether the log knows; another leg or process may have heard of it before. */
async function isTold({ registry, teller }: Settling, run: RunIdentity, state: Said['state']): Promise<boolean> {
  if (teller === null) return true
  const before = await registry.get(run)
  return before?.state === 'ended' || (before?.state === 'paused' && state.type === 'paused')
}
