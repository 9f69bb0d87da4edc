import { type ProxyContext } from '../context.ts'
import { type RunIdentity } from '../registry/registry.ts'

/** The start of a run has not been refused: what waited in its session has ended, and that is told. */
export async function follow({ registry, teller, recorder }: ProxyContext, run: RunIdentity): Promise<void> {
  for (const over of await registry.follow(run)) {
    teller?.closed(over, { state: over.outcome, elapsedMs: over.elapsedMs })
    recorder?.tell(over, null)
  }
}
