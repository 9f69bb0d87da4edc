import { type Agent } from '../agent.ts'
import { isRejoinError, type RejoinError } from '../error.ts'
import { type RunListing } from '../wire/protocol.ts'
import { msSince } from './msSince.ts'
import { type Network } from './network.ts'

/**
 * The runs that the server knows of; `undefined` where it can not tell, or there is no network. Whoever looks at the page again asks
 * again: until the server wants to be asked, they hear the same refusal from here.
 * @throws RejoinError what the agent answers with
 */
export type ListRuns = (signal: AbortSignal | undefined) => Promise<readonly RunListing[] | undefined>

export function createListing(agent: () => Agent, network: Network): ListRuns {
  let refused: { readonly error: RejoinError; readonly at: number; readonly forMs: number } | null = null

  return async (signal) => {
    if (network.isOffline()) return undefined
    if (refused && msSince(refused.at) < refused.forMs) throw refused.error
    try {
      return await agent().list?.({ signal })
    } catch (error) {
      if (isRejoinError(error) && error.retryAfterMs !== undefined) refused = { error, at: Date.now(), forMs: error.retryAfterMs }
      throw error
    }
  }
}
