import { header, problemContentType, problemOf, protocolVersion, type RejoinErrorCode } from '@rejoin/core'

/** In every answer: the version, and that nobody may keep it. */
const commonHeaders: Readonly<Record<string, string>> = { [header.version]: protocolVersion, 'cache-control': 'no-store' }

const refusals = new WeakMap<Response, RejoinErrorCode>()

/** What a response refuses with; `null` for one that does not. */
export function refusalIn(response: Response): RejoinErrorCode | null {
  return refusals.get(response) ?? null
}

/** A refusal in our own words. Nothing but the code decides what it says. */
export function problem(code: RejoinErrorCode, retryAfterMs?: number): Response {
  const headers = new Headers({ ...commonHeaders, 'content-type': problemContentType })
  if (retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  const body = problemOf(code)
  return refusal(code, new Response(JSON.stringify(body), { status: body.status, headers }))
}

export function methodNotAllowed(allow: string): Response {
  const headers = { ...commonHeaders, 'content-type': problemContentType, allow }
  return refusal('invalid_request', new Response(JSON.stringify({ ...problemOf('invalid_request'), status: 405 }), { status: 405, headers }))
}

function refusal(code: RejoinErrorCode, response: Response): Response {
  refusals.set(response, code)
  return response
}

export function json(value: object): Response {
  return new Response(JSON.stringify(value), { headers: { ...commonHeaders, 'content-type': 'application/json' } })
}
