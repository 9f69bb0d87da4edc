import { type Agent, type AgentResponse, type AgentRunOptions } from '../agent.ts'
import { assertRunInput } from '../assertRunInput.ts'
import { splitToken } from '../continuationToken.ts'
import { RejoinError } from '../error.ts'
import { type ChatMessage } from '../message.ts'
import { within } from '../sse/within.ts'
import { streamOf } from '../stream.ts'
import { decodeList } from '../wire/list.ts'
import { header, type CancelRequest, type StartRequest } from '../wire/protocol.ts'
import { decodeResponse } from '../wire/response.ts'
import { maxStreams } from './maxStreams.ts'
import { readFrames } from './readFrames.ts'
import { createRequester, type Request } from './request.ts'

/** Where the proxy is, and what each request to it carries. */
export interface ProxyAgentOptions {
  /** Where the proxy is served, without `/runs`: `/api/agent`. */
  url: string
  /** Sent with every request. A function is asked before each, and once more after a 401. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined
  /** @default 'same-origin' */
  credentials?: RequestCredentials | undefined
  /** @default the global fetch, looked up at each request */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /**
   * A stream that brings nothing for this long, not even a heartbeat, is closed as `stalled`; a poll and a
   * stop that are not answered within it are, too. Milliseconds; three heartbeats of the proxy's default.
   * @default 15000
   */
  stallMs?: number | undefined
  /**
   * How many streams one browser may have open at once, over all its tabs and whatever proxies they are of; further answers are polled until
   * there is a place. A whole number; 0: all are polled; `Infinity`: no limit.
   * @default 3, unless the browser says that it speaks HTTP/2 or 3 to the proxy: then there is no limit
   */
  maxStreams?: number | undefined
}

/**
 * The agent behind a proxy, over HTTP and server-sent events.
 * @throws RejoinError `invalid_request` where `maxStreams` is no number of streams
 */
export function proxyAgent(options: ProxyAgentOptions): Agent {
  const { stallMs = 15_000 } = options
  if (!isCount(options.maxStreams ?? Infinity)) throw new RejoinError('invalid_request', { message: noCount })
  const request = createRequester({ ...options, stallMs })

  function legRequest(messages: readonly ChatMessage[], run: AgentRunOptions): Request {
    assertRunInput(messages, run)
    const message = messages.at(-1)
    if (message !== undefined) {
      const { runId: id, session, background = false, conversation, replaces, answers } = run
      const turn = {
        ...(conversation !== undefined && { conversation }),
        ...(replaces !== undefined && { replaces }),
        ...(answers !== undefined && { answers }),
      }
      const body: StartRequest = { id, session, message, background, ...turn }
      return { method: 'POST', path: '/runs', body }
    }
    return { method: 'GET', path: `/runs/${encodeURIComponent(run.runId)}`, headers: tokenHeaders(run.continuationToken) }
  }

  return {
    async run(messages, run) {
      const leg = { ...legRequest(messages, run), accept: 'application/json' }
      const ask = async (signal?: AbortSignal): Promise<AgentResponse> => await readResponse(await request(leg, signal))
      // A whole answer takes as long as the agent does. Whatever else is asked is answered at once.
      if (messages.length > 0 && run.background !== true) return await ask(run.signal)
      return await within(stallMs, run.signal, ask)
    },
    runStreaming(messages, run) {
      const leg = legRequest(messages, run)
      const connect = (signal: AbortSignal): Promise<Response> => request({ ...leg, accept: 'text/event-stream' }, signal)
      return streamOf(() => readFrames(connect, { stallMs, signal: run.signal }))
    },
    maxStreams: () => options.maxStreams ?? maxStreams(options.url),
    async list({ signal }) {
      const listing: Request = { method: 'GET', path: '/runs', accept: 'application/json' }
      return await within(stallMs, signal, async (limited) => {
        const list = decodeList(await (await request(listing, limited)).json().catch(() => null))
        if (list === null) throw new RejoinError('bad_response')
        return list
      })
    },
    async cancel({ session, runId, continuationToken, signal }) {
      const path = `/runs/${encodeURIComponent(runId)}/cancel`
      const headers = tokenHeaders(continuationToken)
      const body = { session } satisfies CancelRequest
      const cancelling: Request = { method: 'POST', path, headers, body, accept: 'application/json' }
      return await within(stallMs, signal, async (limited) => await readResponse(await request(cancelling, limited)))
    },
  }
}

const noCount =
  'The option maxStreams of proxyAgent is no number of streams, so no answer could be followed by it. Give a whole number from 0 on, or Infinity; left out, it is found out.'

function isCount(value: number): boolean {
  return value >= 0 && (value === Infinity || Number.isInteger(value))
}

/** What a header can carry. */
const sendable = /^[\x21-\x7e]+$/

function tokenHeaders(token: string | null | undefined): Record<string, string> {
  if (token == null) return {}
  const { handle, cursor } = splitToken(token)
  if (!sendable.test(handle)) throw new RejoinError('token_invalid')
  return { [header.token]: handle, [header.lastEventId]: cursor }
}

async function readResponse(response: Response): Promise<AgentResponse> {
  const decoded = decodeResponse(await response.json().catch(() => null))
  if (decoded === null) throw new RejoinError('bad_response')
  return decoded
}
