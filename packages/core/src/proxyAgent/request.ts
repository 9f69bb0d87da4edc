import { isRejoinError, RejoinError } from '../error.ts'
import { errorOf } from '../wire/problem.ts'
import { header, protocolVersion } from '../wire/protocol.ts'
import { abortable } from '../async.ts'
import { type ProxyAgentOptions } from './proxyAgent.ts'

export interface Request {
  method: 'GET' | 'POST'
  path: string
  accept?: string
  headers?: Record<string, string>
  body?: object
}

export type Requester = (request: Request, signal: AbortSignal | undefined) => Promise<Response>

type RequesterOptions = ProxyAgentOptions & { readonly stallMs: number }

/** What a refusal says beside its status is waited for so long at most, and for half of what is a stall. Milliseconds. */
const problemMs = 5_000

/**
 * Sends a request and gives back the answer if it is OK.
 * @throws RejoinError with the problem's code; `unreachable` when no answer came; `unauthorized` only after
 * the headers were asked for a second time
 */
export function createRequester(options: RequesterOptions): Requester {
  const { url, headers, credentials = 'same-origin', stallMs } = options
  const base = url.replace(/\/+$/, '')

  async function attempt(request: Request, signal: AbortSignal | undefined): Promise<Response> {
    const all = new Headers(typeof headers === 'function' ? await headers() : headers)
    all.set('accept', request.accept ?? '*/*')
    all.set(header.version, protocolVersion)
    for (const [name, value] of Object.entries(request.headers ?? {})) all.set(name, value)
    const init: RequestInit = { method: request.method, headers: all, credentials, cache: 'no-store' }
    if (request.body !== undefined) {
      all.set('content-type', 'application/json')
      init.body = JSON.stringify(request.body)
    }
    if (signal) init.signal = signal
    // Looked up late: a page may replace the global one (mocks, instrumentation) after this module ran.
    const send = options.fetch ?? globalThis.fetch
    const answer = send(base + request.path, init)
    return signal ? await abortable(answer, signal) : await answer
  }

  async function again(request: Request, refused: Response, signal: AbortSignal | undefined): Promise<Response> {
    // Nobody reads it, and until then it would hold its connection.
    void refused.body?.cancel().catch(() => {})
    return await reach(() => attempt(request, signal), signal)
  }

  return async (request, signal) => {
    const response = await reach(() => attempt(request, signal), signal)
    const answer = response.status === 401 ? await again(request, response, signal) : response
    if (answer.ok) return answer
    throw await errorOf(answer, Math.min(problemMs, stallMs / 2))
  }
}

/** What `fetch` throws says nothing reliable but that no answer came: its wording differs from engine to engine. */
async function reach(attempt: () => Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await attempt()
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (isRejoinError(cause)) throw cause
    throw new RejoinError('unreachable', { cause })
  }
}
