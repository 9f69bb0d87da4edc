import { RejoinError, splitToken, startCursor, type AgentCancelOptions, type AgentRunOptions, type Cursor } from '@rejoin/core'
import { base64url } from 'jose'

/** Whose run a handle names. */
export interface Owner {
  readonly user: string | null
  readonly runId: string
}

/** A run's handle follows from whose it is and its id, so that repeated starts, early cancels and answers find it. */
export function handleOf({ user = null, runId }: { readonly user?: string | null | undefined; readonly runId: string }): string {
  return base64url.encode(JSON.stringify([user, runId]))
}

/** `null` for what is no handle of ours. */
export function ownerOf(handle: string): Owner | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(base64url.decode(handle)))
    if (!Array.isArray(value)) return null
    const [user, runId]: unknown[] = value
    return (user === null || typeof user === 'string') && typeof runId === 'string' ? { user, runId } : null
  } catch {
    return null
  }
}

/**
 * The run that is meant, and where to go on with it.
 * @throws RejoinError `token_invalid`, or `expired` for a token of another run
 */
export function placeOf(run: AgentRunOptions | AgentCancelOptions): { handle: string; cursor: Cursor } {
  const handle = handleOf(run)
  if (run.continuationToken == null) return { handle, cursor: startCursor }
  const parts = splitToken(run.continuationToken)
  if (parts.handle !== handle) throw new RejoinError('expired')
  return parts
}
