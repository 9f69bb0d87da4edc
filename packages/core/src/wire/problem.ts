import { delay } from '../async.ts'
import { RejoinError, describeError, isErrorCode, type RejoinErrorCode } from '../error.ts'
import { isObject } from './isObject.ts'
import { problemContentType, type Problem } from './protocol.ts'

const statuses: Partial<Record<RejoinErrorCode, number>> = {
  empty_message: 400,
  invalid_request: 400,
  messages_with_token: 400,
  token_invalid: 400,
  unauthorized: 401,
  not_found: 404,
  busy: 409,
  conversation_lost: 410,
  expired: 410,
  too_large: 413,
  rate_limited: 429,
  too_many_runs: 429,
  unavailable: 503,
  unreadable_file: 422,
}

/** Problems of this protocol, whatever their code. Others may be of anybody on the way. */
const ours = 'urn:rejoin:'

/** A problem with our own sentence for the code. */
export function problemOf(code: RejoinErrorCode): Problem {
  return { type: ours + code, title: describeError(code), status: statuses[code] ?? 500, code }
}

/**
 * The error an answer that is not OK stands for. Reads the body only where it is problem JSON, and for no longer than `ms`: a body
 * that stands still must not make one forget what the headers say.
 */
export async function errorOf(response: Response, ms: number): Promise<RejoinError> {
  const retryAfterMs = retryAfterIn(response.headers.get('retry-after'))
  // A server that says when to come back says no more: whoever is interrupted while they read on would not know of it.
  const saysAll = response.status === 503 && retryAfterMs !== undefined
  if (!saysAll && response.headers.get('content-type')?.startsWith(problemContentType)) {
    const problem: unknown = await soon(response.json(), ms)
    const code = codeOf(problem)
    if (code !== null) return new RejoinError(code, { retryAfterMs })
  }
  return new RejoinError(codeOfStatus(response.status), { retryAfterMs })
}

/** `null` where it does not come in time, or fails. */
async function soon(value: Promise<unknown>, ms: number): Promise<unknown> {
  const over = new AbortController()
  try {
    return await Promise.race([value.catch(() => null), delay(ms, over.signal).catch(() => null)])
  } finally {
    over.abort(new DOMException('It has come.', 'AbortError'))
  }
}

/** The code in problem JSON; of one that this version does not know, the code its status says. `null` where it is none of ours. */
export function codeOf(problem: unknown): RejoinErrorCode | null {
  if (!isObject(problem)) return null
  const { type, code, status } = problem
  if (isErrorCode(code)) return code
  if (typeof type !== 'string' || !type.startsWith(ours) || typeof status !== 'number') return null
  return codeOfRefusal(status)
}

/** What a proxy means by a status, whatever else it says. */
function codeOfRefusal(status: number): RejoinErrorCode {
  if (status >= 500) return status === 500 ? 'agent_failed' : 'unavailable'
  const known = refusals.find((code) => statuses[code] === status)
  return known ?? (status >= 400 ? 'invalid_request' : 'bad_response')
}

const refusals = ['unauthorized', 'not_found', 'busy', 'expired', 'too_large', 'rate_limited'] as const

/**
 * For answers that did not come from the proxy: a gateway, a login page, a static host. A bare 404 says
 * nothing about the run (a deployment may be under way), so it must not read as `not_found`.
 */
function codeOfStatus(status: number): RejoinErrorCode {
  if (status === 401) return 'unauthorized'
  if (status === 413) return 'too_large'
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'unavailable'
  return 'bad_response'
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); `undefined` for what is neither. */
export function retryAfterIn(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
