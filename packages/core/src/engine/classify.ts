import { isRejoinError, type RejoinErrorCode } from '../error.ts'
import { type ReconnectReason } from '../run.ts'
import { type RunOutcome } from '../update.ts'

/** What a failed leg means for its run. */
export type Verdict =
  | { readonly type: 'again'; readonly reason: ReconnectReason; readonly floorMs: number }
  | { readonly type: 'pause' }
  | { readonly type: 'end'; readonly outcome: RunOutcome }

const reasons: Partial<Record<RejoinErrorCode, ReconnectReason>> = {
  unreachable: 'network',
  stalled: 'stalled',
  unavailable: 'unavailable',
  rate_limited: 'rate_limited',
  bad_response: 'bad_response',
}

/** Whether a server, or something on the way to it, has said it: then there is a network. */
export function isAnswer(error: unknown): boolean {
  return isRejoinError(error) && !noAnswer.has(error.code)
}

/** Nothing came, or nothing was sent. */
const noAnswer: ReadonlySet<RejoinErrorCode> = new Set(['unreachable', 'stalled', 'token_invalid', 'messages_with_token'])

/**
 * Every error is classified before anything is tried again. A start that was refused has failed; a run
 * that is known to exist ends only where the server says that it is gone.
 * @param starting no token has been received, so the leg was the start itself
 */
export function classify(error: unknown, starting: boolean): Verdict {
  // Not one of ours: a fault in the agent object itself. Trying a start again would only repeat it.
  if (!isRejoinError(error)) return starting ? failed('agent_failed') : again('unavailable')
  switch (error.code) {
    case 'unauthorized':
      return { type: 'pause' }
    case 'not_found':
    case 'expired':
    // Damaged where it was kept: nothing leads back to the run.
    case 'token_invalid':
      return starting ? failed(error.code) : { type: 'end', outcome: { type: 'expired' } }
    case 'unreachable':
    case 'stalled':
    case 'unavailable':
    case 'rate_limited':
    case 'internal':
    // A portal or a gateway in between: it says nothing about the run, not even that it was not started.
    case 'bad_response':
      return again(reasons[error.code] ?? 'unavailable', error.retryAfterMs)
    default:
      return starting ? failed(error.code) : again(reasons[error.code] ?? 'unavailable', error.retryAfterMs)
  }
}

function again(reason: ReconnectReason, floorMs = 0): Verdict {
  return { type: 'again', reason, floorMs }
}

function failed(code: RejoinErrorCode): Verdict {
  return { type: 'end', outcome: { type: 'failed', code } }
}
