import { isRejoinError, linkedAbort, RejoinError, type AgentResponse, type RunOutcome, type RunPause } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { type RunKey, type RunRecord, type RunRegistry } from '../registry/registry.ts'
import { inTime } from './inTime.ts'

/** Where a run can be asked for. */
export type Place =
  | { readonly type: 'agent'; readonly session: string; readonly handle: string }
  | KnownPlace

/** Nowhere: it was over, or asked the person, before the agent had named it. */
export interface KnownPlace {
  readonly type: 'known'
  readonly state: RunOutcome | RunPause
  readonly elapsedMs: number
  /** As its asker has got it, or should have; `null` where it is kept nowhere. */
  readonly answer: AgentResponse | null
}

/**
 * The place of a run that the registry knows, once its start has come to something.
 * @throws RejoinError `unavailable` where the start turned out to have started nothing, or can be begun again
 */
export async function placeOf({ agent, registry, wholeAnswers }: ProxyContext, record: RunRecord, signal: AbortSignal): Promise<Place> {
  const again = agent.startsOnce === true
  const settled = record.state === 'starting' ? await registry.settled(record, { signal, again }) : record
  if (settled === null) throw new RejoinError('unavailable')
  return settledPlace(settled, await wholeAnswers.find(settled))
}

/**
 * A run's place for whoever asks without a stream: a start that takes its time is not waited for.
 * @throws RejoinError `unavailable` also where the start has come to nothing yet
 */
export async function placeSoon(context: ProxyContext, place: (signal: AbortSignal) => Promise<Place>, signal: AbortSignal): Promise<Place> {
  const waiting = linkedAbort(signal)
  try {
    return await inTime(context, place(waiting.signal))
  } finally {
    waiting.abort(new DOMException('The wait is over.', 'AbortError'))
    waiting.release()
  }
}

function settledPlace(record: RunRecord, answer: AgentResponse | null): Place {
  const { session } = record
  switch (record.state) {
    case 'starting':
      throw new RejoinError('unavailable')
    case 'running':
      return { type: 'agent', session, handle: record.handle }
    case 'paused':
    case 'ended': {
      const { handle, elapsedMs } = record
      return handle === null ? { type: 'known', state: stateOf(record, answer), elapsedMs, answer } : { type: 'agent', session, handle }
    }
  }
}

function stateOf(record: RunRecord & { readonly state: 'paused' | 'ended' }, answer: AgentResponse | null): KnownPlace['state'] {
  if (record.state === 'paused') return { type: 'paused', reason: record.reason }
  return answer ? record.outcome : toldAgain(record.outcome)
}

/** How a run has ended that its agent no longer knows, where the registry does; `null` where it does not. */
export async function overOf(registry: RunRegistry, run: RunKey, error: unknown): Promise<KnownPlace | null> {
  if (!isRejoinError(error) || error.code !== 'expired') return null
  const record = await registry.get(run)
  if (record?.state !== 'ended') return null
  const outcome = toldAgain(record.outcome)
  return outcome.type === 'expired' ? null : { type: 'known', state: outcome, elapsedMs: record.elapsedMs, answer: null }
}

/** Whoever was there has seen the answer. It is kept nowhere, so it must not look as if it had been empty. */
function toldAgain(outcome: RunOutcome): RunOutcome {
  return outcome.type === 'completed' || outcome.type === 'incomplete' ? { type: 'expired' } : outcome
}
