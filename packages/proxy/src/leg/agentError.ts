import { isRejoinError, RejoinError, type RejoinErrorCode } from '@rejoin/core'

/** Codes that speak of the agent's side, in what they say to the caller's. */
const translated: Partial<Record<RejoinErrorCode, RejoinErrorCode>> = {
  // It is not this caller who has to sign in.
  unauthorized: 'internal',
  invalid_request: 'internal',
  messages_with_token: 'internal',
  missing_provider: 'internal',
  storage_unavailable: 'internal',
  bad_response: 'unavailable',
  stalled: 'unavailable',
  unreachable: 'unavailable',
  // The handle was authentic, so it is this agent that knows it no longer.
  token_invalid: 'expired',
}

/** An agent says with these that it has started nothing. */
const refusals: ReadonlySet<RejoinErrorCode> = new Set<RejoinErrorCode>([
  'busy',
  'conversation_lost',
  // Of the start itself: answers to other than what was asked.
  'invalid_request',
  // Nothing waits for this answer.
  'not_found',
  'rate_limited',
  'too_many_runs',
  'unavailable',
  'unreadable_file',
])

/** After these it can not be known whether the run has been started. */
const unclear: ReadonlySet<RejoinErrorCode> = new Set<RejoinErrorCode>(['bad_response', 'stalled', 'unreachable'])

/** What an agent threw on a leg, as the page may hear of it: a code. */
export function legError(error: unknown): RejoinError {
  if (!isRejoinError(error)) return new RejoinError('internal', { cause: error })
  return translate(error)
}

/** What an agent threw before it had named the run. `started: false` where the same run may be started again. */
export function startError(error: unknown): { error: RejoinError; started: boolean } {
  if (!isRejoinError(error) || unclear.has(error.code)) {
    return { error: new RejoinError('start_unknown', { cause: error }), started: true }
  }
  const refused = refusals.has(error.code)
  return { error: refused ? refusalOf(error) : translate(error), started: !refused }
}

function refusalOf(error: RejoinError): RejoinError {
  const { code, retryAfterMs } = error
  return new RejoinError(code, { retryAfterMs, cause: error })
}

function translate(error: RejoinError): RejoinError {
  const { code, retryAfterMs } = error
  return new RejoinError(translated[code] ?? code, { retryAfterMs, cause: error })
}
