import { isRejoinError, readEvents, RejoinError, retryAfterIn, within, type RejoinErrorCode } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { parse, type JsonObject } from '../json.ts'
import { begun, bodyOf, headersOf, send, wasNeverSent, type Fetch } from '../request.ts'
import { serviceOf, type Service } from './card.ts'
import { eventOf, taskIdOf, taskOf, type StreamEvent, type Task } from './protocol.ts'

/** What a stream brought at once; nothing where that was a sign of life. */
export type Events = AsyncGenerator<readonly StreamEvent[]>

/**
 * The five calls of an A2A agent that runs are made of, each sent exactly once. By plain `fetch`: of the SDK's client
 * one request and one header would be left here. It looks for a line's end from the line's beginning with each piece of it that
 * arrives, knows of no silence, quotes what the agent has said in its errors, and its types need Node's.
 */
export interface A2aClient {
  /** Whether it streams. @throws RejoinError `unavailable` */
  streams(signal: AbortSignal | undefined): Promise<boolean>
  /**
   * Gives the agent a message. Where it does not stream, it answers at once with how far it is.
   * @throws RejoinError as `Agent.runStreaming` promises: what says that nothing was started, or `start_unknown`
   */
  start(message: JsonObject, signal: AbortSignal | undefined): Promise<Events>
  /** A task and what comes behind it; `null` where the task has ended, or there are no streams. */
  subscribe(taskId: string, signal: AbortSignal | undefined): Promise<Events | null>
  /** @throws RejoinError `expired` where the agent does not know it */
  task(taskId: string, signal: AbortSignal | undefined): Promise<Task>
  /** `null` where it can not be cancelled: it has ended, say. */
  cancel(taskId: string, signal: AbortSignal | undefined): Promise<Task | null>
}

export interface A2aClientOptions {
  url: URL
  /** What is sent to an address. */
  headers(address: URL): Promise<Headers>
  fetch: Fetch | undefined
  /** Silence that ends a stream, in milliseconds. */
  stallMs: number
  /** A start that has not been answered by then, with a first event where that is a stream, is given up. Milliseconds. */
  startMs: number
  /** Any other call that is not answered by then has `stalled`, and a stream whose first event has not come. Milliseconds. */
  answerMs: number
}

/** What the protocol's errors are numbered with. */
const taskNotFound = -32001
const taskNotCancelable = -32002
const unsupportedOperation = -32004
const internalError = -32603

export function createA2aClient({ url, headers, fetch, stallMs, startMs, answerMs }: A2aClientOptions): A2aClient {
  const service = serviceOf(url, readCard)

  async function readCard(address: string): Promise<string> {
    return await within(answerMs, undefined, async (signal) => {
      const asked = await headersOf(() => headers(new URL(address)))
      asked.set('accept', 'application/json')
      const answer = await send(fetch, address, { headers: asked, signal })
      if (!answer.ok) throw refused(answer)
      return await bodyOf(answer)
    })
  }

  async function call({ url, tenant }: Service, method: string, params: JsonObject, signal: AbortSignal | undefined): Promise<Response> {
    const asked = await headersOf(() => headers(new URL(url)))
    asked.set('content-type', 'application/json')
    asked.set('accept', 'text/event-stream, application/json')
    asked.set('a2a-version', '1.0')
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, ...(tenant !== null && { tenant }) } })
    return await send(fetch, url, { method: 'POST', headers: asked, body, ...(signal && { signal }) })
  }

  /** A call that may be repeated. */
  async function ask(method: string, params: JsonObject, signal: AbortSignal): Promise<Response> {
    try {
      return await call(await service(signal), method, params, signal)
    } catch (cause) {
      signal.throwIfAborted()
      if (isRejoinError(cause)) throw cause
      throw new RejoinError('unreachable', { cause })
    }
  }

  /** @param taskId `null` where the first event of a task says which */
  async function* eventsOf(answer: Response, taskId: string | null, signal: AbortSignal): Events {
    let known = taskId
    for await (const events of readEvents(async () => answer, { stallMs, signal })) {
      yield events.flatMap(({ data }) => {
        const reply = replyIn(data)
        // In the middle of a stream an error is one of that stream. What became of the task, the task says.
        if (reply.type === 'error') throw new RejoinError('unreachable')
        const event = reply.type === 'result' ? eventOf(reply.result) : null
        if (event === null) return []
        const of = taskIdOf(event)
        known ??= of
        // Those of another task may be somebody else's.
        return of === null || of === known ? [event] : []
      })
    }
  }

  return {
    async streams(signal) {
      return (await service(signal)).streaming
    },
    async start(message, signal) {
      const found = await service(signal)
      const method = found.streaming ? 'SendStreamingMessage' : 'SendMessage'
      const params = { message, ...(!found.streaming && { configuration: { returnImmediately: true } }) }
      return await begun(startMs, signal, async (limited) => {
        let answer: Response
        try {
          answer = await call(found, method, params, limited)
        } catch (cause) {
          signal?.throwIfAborted()
          if (isRejoinError(cause) && cause.code === 'unavailable') throw cause
          throw new RejoinError(wasNeverSent(cause) ? 'unavailable' : 'start_unknown', { cause })
        }
        if (answer.ok && isStream(answer)) return await led(eventsOf(answer, null, limited))
        const text = await within(answerMs, limited, () => bodyOf(answer)).catch(() => '')
        const reply = replyIn(text)
        const event = reply.type === 'result' ? eventOf(reply.result) : null
        if (event === null) throw startFailure(answer, reply, 'taskId' in message)
        return once(event)
      }).catch((cause: unknown) => {
        signal?.throwIfAborted()
        throw isRejoinError(cause) && lost.has(cause.code) ? new RejoinError('start_unknown', { cause }) : cause
      })
    },
    async subscribe(taskId, signal) {
      return await begun(answerMs, signal, async (limited) => {
        const answer = await ask('SubscribeToTask', { id: taskId }, limited)
        if (answer.ok && isStream(answer)) return await led(eventsOf(answer, taskId, limited))
        const reply = replyIn(answer.ok ? await bodyOf(answer) : '')
        if (reply.type === 'error' && reply.code === unsupportedOperation) return null
        throw failure(answer, reply)
      })
    },
    async task(taskId, parent) {
      return await within(answerMs, parent, async (signal) => {
        const answer = await ask('GetTask', { id: taskId }, signal)
        const reply = replyIn(await bodyOf(answer))
        const task = reply.type === 'result' ? taskOf(reply.result) : null
        if (task === null) throw failure(answer, reply)
        return task
      })
    },
    async cancel(taskId, parent) {
      return await within(answerMs, parent, async (signal) => {
        const answer = await ask('CancelTask', { id: taskId }, signal)
        const reply = replyIn(await bodyOf(answer))
        if (reply.type === 'error' && reply.code === taskNotCancelable) return null
        const task = reply.type === 'result' ? taskOf(reply.result) : null
        if (task === null) throw failure(answer, reply)
        return task
      })
    },
  }
}

/** How a connection is lost. */
export const lost: ReadonlySet<RejoinErrorCode> = new Set<RejoinErrorCode>(['stalled', 'unreachable', 'bad_response'])

/** A stream as soon as it has brought something: a server that is at a loss may still give signs of life. */
async function led(events: Events): Promise<Events> {
  while (true) {
    const { done, value } = await events.next()
    if (done) return events
    if (value.length > 0) return behind(value, events)
  }
}

async function* behind(first: readonly StreamEvent[], others: Events): Events {
  try {
    yield first
    yield* others
  } finally {
    // Ended at its first events, it has not come to the others.
    await others.return(undefined)
  }
}

async function* once(event: StreamEvent): Events {
  yield [event]
}

type Reply =
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly code: number }
  /** Not of the protocol: the page of a gateway, say. */
  | { readonly type: 'other' }

function replyIn(text: string): Reply {
  const body = parse(text)
  if (!isObject(body)) return { type: 'other' }
  const { result, error } = body
  if (isObject(error)) return { type: 'error', code: typeof error.code === 'number' ? error.code : internalError }
  return result === undefined ? { type: 'other' } : { type: 'result', result }
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false
}

/** What a refused start says. Only where it says that it did not take the message on, that may be sent again. */
function startFailure(answer: Response, reply: Reply, answersTask: boolean): RejoinError {
  const retryAfterMs = retryAfterIn(answer.headers.get('retry-after'))
  if (answer.status === 401 || answer.status === 403) return new RejoinError('unauthorized')
  if (answer.status === 429) return new RejoinError('rate_limited', { retryAfterMs })
  if (reply.type === 'error') {
    if (answersTask && reply.code === taskNotFound) return new RejoinError('not_found')
    // The SDK also says that it does not support what its own agent has done, once that has begun.
    const unclear = reply.code === internalError || reply.code === unsupportedOperation
    return new RejoinError(unclear ? 'start_unknown' : 'agent_failed')
  }
  const known = answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 409
  return new RejoinError(known ? 'agent_failed' : 'start_unknown')
}

/** What a refusal about a task that is there says. */
function failure(answer: Response, reply: Reply): RejoinError {
  if (reply.type === 'error' && reply.code === taskNotFound) return new RejoinError('expired')
  if (answer.ok) return new RejoinError(reply.type === 'error' ? 'unavailable' : 'bad_response')
  return refused(answer)
}

function refused({ status, headers }: Response): RejoinError {
  const retryAfterMs = retryAfterIn(headers.get('retry-after'))
  const codes: Readonly<Record<number, RejoinErrorCode>> = { 401: 'unauthorized', 403: 'unauthorized', 429: 'rate_limited' }
  return new RejoinError(codes[status] ?? 'unavailable', { retryAfterMs })
}
