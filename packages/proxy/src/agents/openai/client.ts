import { isRejoinError, RejoinError, retryAfterIn, within } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { parse, stringIn } from '../json.ts'
import { begun, bodyOf, headersOf, send, wasNeverSent, type Fetch } from '../request.ts'
import { apiResponseOf, type ApiObject, type ApiResponse } from './apiResponse.ts'
import { codeOf } from './outcome.ts'

/** Where a Responses API is, and how it is asked. */
export interface Endpoint {
  /** The address of a path below the API's root: `/responses`. */
  url(path: string): URL
  headers(): Promise<Headers>
  fetch?: Fetch | undefined
}

/** A response as a single answer gives it. */
export interface Polled {
  readonly response: ApiResponse
  readonly pollAfterMs: number | undefined
}

/**
 * The four calls of the Responses API that runs are made of, each sent exactly once. By plain `fetch`: the
 * `openai` package repeats a create up to twice without a key that would make it safe, and its stream helper
 * downloads everything again on a resume; what is left of it here would be one request and one header.
 */
export interface ResponsesClient {
  /**
   * Starts a response. The answer is a stream, or JSON from servers that can not stream.
   * @throws RejoinError as `Agent.runStreaming` promises: what says that nothing was started, or `start_unknown`
   */
  create(body: ApiObject, signal: AbortSignal | undefined): Promise<Response>
  /**
   * A stream of everything after an event; `null` where there is none to be had (any more).
   * @throws RejoinError `stalled` where it does not begin in time
   */
  stream(id: string, startingAfter: number, signal: AbortSignal | undefined): Promise<Response | null>
  retrieve(id: string, signal: AbortSignal | undefined): Promise<Polled>
  /** `null` where the provider will not cancel it: it has ended, or can not be cancelled at all. */
  cancel(id: string, signal: AbortSignal | undefined): Promise<Polled | null>
}

export interface ClientLimits {
  /** A create whose answer has not begun by then is given up, in milliseconds. */
  readonly startMs: number
  /** A poll or a cancel that is not answered by then has `stalled`, and a stream that has not begun. Milliseconds. */
  readonly answerMs: number
}

export function createResponsesClient(endpoint: Endpoint, { startMs, answerMs }: ClientLimits): ResponsesClient {
  async function sendTo(path: string, init: RequestInit, query: Record<string, string> = {}): Promise<Response> {
    const url = endpoint.url(path)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const headers = await headersOf(() => endpoint.headers())
    headers.set('accept', query.stream === 'true' || init.body !== undefined ? 'text/event-stream, application/json' : 'application/json')
    if (init.body !== undefined) headers.set('content-type', 'application/json')
    return await send(endpoint.fetch, url.href, { ...init, headers })
  }

  /** Of a request that may be repeated. */
  async function ask(path: string, init: RequestInit, query?: Record<string, string>): Promise<Response> {
    try {
      return await sendTo(path, init, query)
    } catch (cause) {
      init.signal?.throwIfAborted()
      if (isRejoinError(cause)) throw cause
      throw new RejoinError('unreachable', { cause })
    }
  }

  async function read(answer: Response): Promise<Polled> {
    const text = await bodyOf(answer)
    // Some servers know a response no more and say so by saying nothing.
    if (text.trim() === '') throw new RejoinError('expired')
    const response = apiResponseOf(parse(text))
    if (response === null) throw new RejoinError('bad_response')
    return { response, pollAfterMs: waitIn(answer.headers) }
  }

  return {
    async create(body, signal) {
      let answer: Response
      try {
        const init = { method: 'POST', body: JSON.stringify(body) }
        answer = await begun(startMs, signal, (limited) => sendTo('/responses', { ...init, signal: limited }))
      } catch (cause) {
        signal?.throwIfAborted()
        if (isRejoinError(cause) && cause.code === 'unavailable') throw cause
        throw new RejoinError(wasNeverSent(cause) ? 'unavailable' : 'start_unknown', { cause })
      }
      if (!answer.ok) throw await startFailure(answer, answerMs, body.previous_response_id !== undefined)
      return answer
    },
    async stream(id, startingAfter, signal) {
      const query = { stream: 'true', ...(startingAfter >= 0 && { starting_after: String(startingAfter) }) }
      const answer = await begun(answerMs, signal, (limited) => ask(pathOf(id), { signal: limited }, query))
      if (answer.ok) return answer
      const error = await failure(answer)
      // OpenAI streams a response for five minutes after it was created, and only if it was created with a stream.
      if (answer.status === 400 || answer.status === 405 || answer.status === 422) return null
      throw error
    },
    async retrieve(id, parent) {
      return await within(answerMs, parent, async (signal) => {
        const answer = await ask(pathOf(id), { signal })
        if (!answer.ok) throw await failure(answer)
        return await read(answer)
      })
    },
    async cancel(id, parent) {
      return await within(answerMs, parent, async (signal) => {
        const answer = await ask(`${pathOf(id)}/cancel`, { method: 'POST', signal })
        if (answer.ok) return await read(answer)
        const error = await failure(answer)
        if (answer.status === 400 || answer.status === 405 || answer.status === 409 || answer.status === 422) return null
        throw error
      })
    },
  }
}

function pathOf(id: string): string {
  // A segment of dots would be resolved away, and lead to another address.
  if (/^\.+$/.test(id)) throw new RejoinError('token_invalid')
  return `/responses/${encodeURIComponent(id)}`
}

/** What a refused create says. Only where the provider says that it did not take it on, it may be sent again. */
async function startFailure(answer: Response, answerMs: number, follows: boolean): Promise<RejoinError> {
  const { said, code, param } = await errorIn(answer, answerMs)
  const retryAfterMs = waitIn(answer.headers)
  const named = codeOf(code)
  const gone = named === 'conversation_lost' || param === 'previous_response_id'
  // Something is owed there that nobody knows of. Gone on from again, it would refuse each turn to come.
  const owes = follows && param === 'input' && named === 'agent_failed'
  if (answer.status < 500 && (gone || owes)) return new RejoinError('conversation_lost')
  switch (answer.status) {
    case 401:
    case 403:
      return new RejoinError('unauthorized')
    case 429:
      return named === 'quota_exceeded' ? new RejoinError(named) : new RejoinError('rate_limited', { retryAfterMs })
    case 503:
      // Gateways answer so as well when the provider was asked, and only did not answer.
      return said ? new RejoinError('unavailable', { retryAfterMs }) : new RejoinError('start_unknown')
    case 404:
      return new RejoinError('model_not_found')
    case 408:
    case 409:
      return new RejoinError('start_unknown')
    default:
      return new RejoinError(answer.status >= 500 ? 'start_unknown' : named)
  }
}

/** What a refusal about a response that is there says. */
async function failure(answer: Response): Promise<RejoinError> {
  const retryAfterMs = waitIn(answer.headers)
  void answer.body?.cancel().catch(() => {})
  switch (answer.status) {
    case 401:
    case 403:
      return new RejoinError('unauthorized')
    case 404:
    case 410:
      return new RejoinError('expired')
    case 429:
      return new RejoinError('rate_limited', { retryAfterMs })
    default:
      return new RejoinError('unavailable', { retryAfterMs })
  }
}

/** Whether it is the API itself that refuses, its name for why, and which field it is about. */
async function errorIn(answer: Response, answerMs: number): Promise<{ said: boolean; code: string | null; param: string | null }> {
  const body = parse(await within(answerMs, undefined, () => bodyOf(answer)).catch(() => ''))
  if (!isObject(body)) return { said: false, code: null, param: null }
  return { said: isObject(body.error), code: stringIn(body.error, 'code') ?? stringIn(body, 'code'), param: stringIn(body.error, 'param') }
}

/** How long the provider asks to wait, in milliseconds; the longest of what it says. */
function waitIn(headers: Headers): number | undefined {
  const waits = [
    numberIn(headers, 'openai-poll-after-ms'),
    numberIn(headers, 'retry-after-ms'),
    retryAfterIn(headers.get('retry-after')),
  ].filter((wait) => wait !== undefined)
  return waits.length === 0 ? undefined : Math.max(...waits)
}

function numberIn(headers: Headers, name: string): number | undefined {
  const value = headers.get(name)
  return value !== null && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
}
