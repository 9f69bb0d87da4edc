import { problemContentType, problemOf, type RejoinErrorCode } from '@rejoin/core'
import { type Fault } from './fault.ts'

/** What a gateway, or a server that has a fault of its own, says. */
export function errorAnswer({ status, retryAfter, body }: Extract<Fault, { kind: 'error' }>): Response {
  const headers = new Headers({ 'content-type': body === 'html' ? 'text/html' : problemContentType })
  if (retryAfter !== null) headers.set('retry-after', String(retryAfter))
  const problem = { ...problemOf(codes[status] ?? 'unavailable'), status }
  return new Response(body === 'html' ? page(`Error ${status}`) : JSON.stringify(problem), { status, headers })
}

/** What a server says to whom it does not know. */
export function unauthorizedAnswer(): Response {
  return errorAnswer({ kind: 'error', status: 401, retryAfter: null, body: 'problem', reached: false })
}

/** What a captive portal says to everything. */
export function portalAnswer(): Response {
  return new Response(page('Sign in to this network'), { headers: { 'content-type': 'text/html; charset=utf-8' } })
}

const codes: Partial<Record<number, RejoinErrorCode>> = { 401: 'unauthorized', 429: 'rate_limited', 500: 'internal' }

function page(title: string): string {
  return `<!doctype html><title>${title}</title><h1>${title}</h1>\n`
}
