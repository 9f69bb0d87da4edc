import { abortable, linkedAbort, RejoinError } from '@rejoin/core'
import { isObject } from '../isObject.ts'

/** How a provider is asked. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Sends a request once. Rejects as soon as its signal aborts, whatever `fetch` does about that. */
export async function send(fetch: Fetch | undefined, url: string, init: RequestInit): Promise<Response> {
  // Whoever is redirected to would get the conversation, and of the key what `fetch` does not know for one.
  const asked = (fetch ?? globalThis.fetch)(url, { ...init, redirect: 'manual' })
  return await (init.signal ? abortable(asked, init.signal) : asked)
}

/** What `ask` gives within `ms`. Its stream or body takes as long as it does, and follows `parent`; of `null` nothing is left open. */
export async function begun<T>(ms: number, parent: AbortSignal | undefined, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const leg = linkedAbort(parent)
  const timer = setTimeout(() => leg.abort(new RejoinError('stalled')), ms)
  let kept = false
  try {
    const given = await abortable(ask(leg.signal), leg.signal)
    kept = given !== null
    return given
  } finally {
    clearTimeout(timer)
    if (!kept) {
      leg.release()
      leg.abort(new DOMException('The request is over.', 'AbortError'))
    }
  }
}

/** @throws RejoinError `unreachable` where the connection breaks in the middle of it */
export async function bodyOf(answer: Response): Promise<string> {
  try {
    return await answer.text()
  } catch (cause) {
    throw new RejoinError('unreachable', { cause })
  }
}

/** @throws RejoinError `unavailable` where the app's own callback for a key or a token fails: nothing was sent */
export async function headersOf(ask: () => Promise<Headers>): Promise<Headers> {
  try {
    return await ask()
  } catch (cause) {
    throw new RejoinError('unavailable', { cause })
  }
}

/** Nothing was sent, so nothing can have been started: as Node's fetch and its like name it. */
const unsentCodes: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

export function wasNeverSent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return isObject(cause) && unsentCodes.has(cause.code)
}
