import { linkedAbort, type AgentCancelOptions, type AgentRunOptions, type LinkedAbort } from '@rejoin/core'

/** A start that is under way in this process. */
interface Start<Name> extends LinkedAbort {
  /** What the provider calls the run. Resolves with `null` where it ends without a name. */
  readonly named: Promise<Name | null>
  name(name: Name | null): void
}

/**
 * The starts under way here, for stops that come while there is no token: before the provider has named the
 * run, and as long as one lasts that ends with its connection.
 */
export interface Starts<Name> {
  begin(run: AgentRunOptions): Start<Name>
  /** `null` where it is not here. */
  find(run: AgentCancelOptions): Start<Name> | null
  end(run: AgentRunOptions, start: Start<Name>): void
}

/** Why the connection of a start is given up that only this ends. */
export const stopped: DOMException = new DOMException('The run was stopped.', 'AbortError')

export function createStarts<Name>(): Starts<Name> {
  const starts = new Map<string, Start<Name>>()
  return {
    begin(run) {
      const leg = linkedAbort(run.signal)
      let name: Start<Name>['name'] = () => {}
      const named = new Promise<Name | null>((resolve) => (name = resolve))
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
