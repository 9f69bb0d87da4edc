import { abortable } from '@rejoin/core'
import { playBody } from './playBody.ts'

/** What a faulty fetch is made from: the global one, or a handler as one. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>

/**
 * A request handler called as if it stood behind a network, without ports. An abort reaches the handler
 * as one of its request and a cancelled body, whoever answers and however late.
 * @param base what relative addresses are relative to
 */
export function handlerFetch(
  handler: (request: Request) => Response | Promise<Response>,
  base: string = 'http://localhost',
): Fetch {
  return async (url, init) => {
    const signal = init?.signal ?? undefined
    signal?.throwIfAborted()
    const request = new Request(new URL(url, base), init)
    const response = await answerOf(async () => await handler(request), signal)
    return withBody(response, response.body && playBody(response.body, { faults: [], signal }))
  }
}

/** The answer, or the signal's reason; an answer that comes after that is dropped. */
export async function answerOf(ask: () => Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  const answer = ask()
  if (signal === undefined) return await answer
  try {
    return await abortable(answer, signal)
  } catch (error) {
    void answer.then(drop, () => {})
    throw error
  }
}

/** Lets go of an answer that nobody will read. */
export function drop(response: Response): void {
  void response.body?.cancel().catch(() => {})
}

export function withBody(response: Response, body: ReadableStream<Uint8Array> | null): Response {
  const { status, statusText, headers } = response
  return new Response(body, { status, statusText, headers })
}
