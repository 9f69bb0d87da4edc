import { type ProxyContext } from '../context.ts'
import { type RunIdentity } from '../registry/registry.ts'
import { endRun } from './settle.ts'

/**
 * The start of a run has not been refused: what waited in its session has ended, and that is told.
 * @param answers the run whose questions it answers; on a public page nobody knows what else there is in a session
 */
export async function follow(context: ProxyContext, run: RunIdentity, answers: string | undefined): Promise<void> {
  const { registry, teller, recorder } = context
  for (const over of await registry.follow(run)) {
    teller?.closed(over, { state: over.outcome, elapsedMs: over.elapsedMs })
    recorder?.tell(over, null)
  }
  const asked = answers === undefined ? null : await registry.get({ user: run.user, runId: answers })
  if (asked?.state !== 'paused' || asked.session !== run.session) return
  await endRun(context, asked, { type: 'completed' }, asked.elapsedMs)
  recorder?.tell(asked, null)
}
