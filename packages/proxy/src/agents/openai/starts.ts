import { linkedAbort, type AgentCancelOptions, type AgentRunOptions, type LinkedAbort } from '@rejoin/core'
import { type ResponseIdentity } from './readResponse.ts'

/** A start that is under way in this process. */
interface Start extends LinkedAbort {
  /** Resolves with `null` where it ends without one. */
  readonly named: Promise<ResponseIdentity | null>
  name(identity: ResponseIdentity | null): void
}

/**
 * The starts under way here, for stops that come while there is no token: before the provider has named the
 * response, and as long as one lasts that was not created in the background.
 */
export interface Starts {
  begin(run: AgentRunOptions): Start
  /** `null` where it is not here. */
  find(run: AgentCancelOptions): Start | null
  end(run: AgentRunOptions, start: Start): void
}

/** Why the connection of a start is given up that only this ends. */
export const stopped: DOMException = new DOMException('The run was stopped.', 'AbortError')

export function createStarts(): Starts {
  const starts = new Map<string, Start>()
  return {
    begin(run) {
      const leg = linkedAbort(run.signal)
      let name: Start['name'] = () => {}
      const named = new Promise<ResponseIdentity | null>((resolve) => (name = resolve))
      const start = { ...leg, named, name }
      starts.set(keyOf(run), start)
      return start
    },
    find: (run) => starts.get(keyOf(run)) ?? null,
    end(run, start) {
      start.name(null)
      start.release()
      if (starts.get(keyOf(run)) === start) starts.delete(keyOf(run))
    },
  }
}

function keyOf({ user = null, runId }: AgentRunOptions | AgentCancelOptions): string {
  return JSON.stringify([user, runId])
}
