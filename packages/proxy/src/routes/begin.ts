import { abortable, isRejoinError, joinToken, startCursor } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { isClosed } from '../leg/outcome.ts'
import { settledResponse } from '../leg/response.ts'
import { endRun } from '../leg/settle.ts'
import { type BeginResult, type RunIdentity, type RunRecord } from '../registry/registry.ts'

/** A run that stands in the way is asked for its state, but not waited for longer than this, in milliseconds. */
const checkMs = 2_000

interface Beginning {
  readonly replaces: string | undefined
  readonly signal: AbortSignal
}

/**
 * Takes the run, where nothing stands in its way. What does may have ended, or ask the person, while nobody was connected,
 * and then only the agent knows: it is asked before anybody is refused.
 */
export async function beginRun(context: ProxyContext, run: RunIdentity, { replaces, signal }: Beginning): Promise<BeginResult> {
  const { agent, registry, maxRunsPerCaller } = context
  const options = { maxRunsPerCaller, again: agent.startsOnce === true, replaces }
  const first = await registry.begin(run, options)
  const inTheWay =
    first.type === 'busy' ? [first.record] : first.type === 'too_many_runs' ? await registry.list(run.user) : []
  if (inTheWay.length === 0) return first
  const limit = AbortSignal.any([signal, AbortSignal.timeout(checkMs)])
  const gone = await Promise.all(inTheWay.map((record) => isOutOfTheWay(context, record, limit)))
  return gone.includes(true) ? await registry.begin(run, options) : first
}

async function isOutOfTheWay(context: ProxyContext, record: RunRecord, signal: AbortSignal): Promise<boolean> {
  const { agent, report } = context
  // What waits was in nobody's way.
  if (record.state !== 'running') return record.state === 'ended'
  const { user, runId, session, handle, startedAt } = record
  try {
    const continuationToken = joinToken(handle, startCursor)
    const asked = agent.run([], { user, runId, session, signal, continuationToken })
    const response = await abortable(asked, signal)
    const { state } = await settledResponse(context, record, response, record)
    if (isClosed(state)) context.recorder?.tell(record, response)
    return isClosed(state)
  } catch (error) {
    if (signal.aborted) return false
    report(error, 'poll')
    if (!isRejoinError(error) || (error.code !== 'expired' && error.code !== 'not_found')) return false
    await endRun(context, record, { type: 'expired' }, Date.now() - startedAt)
    return true
  }
}
