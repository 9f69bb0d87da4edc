import { createParser } from 'eventsource-parser'
import { abortable, linkedAbort } from '../async.ts'
import { isRejoinError, RejoinError } from '../error.ts'
import { watchdog } from './watchdog.ts'

/** One event may not be larger than this many characters; the stream ends as `bad_response` if one is. */
export const maxEventLength: number = 16 * 1024 * 1024

/** A server-sent event. */
export interface ServerEvent {
  readonly id: string | undefined
  readonly data: string
}

/** When to give a stream up. */
export interface ReadEventsOptions {
  /** Silence, comments included, that ends the stream as `stalled`. Milliseconds. */
  readonly stallMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * The events of a stream in the batches their bytes arrived in, empty ones too: a heartbeat is a sign of life.
 * Each read is parsed whole, so that a burst costs one asynchronous step.
 * @throws RejoinError `stalled`, `unreachable` (the connection broke), `bad_response`, or what `connect` throws
 */
export async function* readEvents(
  connect: (signal: AbortSignal) => Promise<Response>,
  { stallMs, signal: parent }: ReadEventsOptions,
): AsyncGenerator<readonly ServerEvent[]> {
  const leg = linkedAbort(parent)
  const alive = watchdog(stallMs, () => leg.abort(new RejoinError('stalled')))
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    // What it waits for (headers that are asked for, a fetch of the app's own) may never settle, and know of no signal.
    const response = await abortable(connect(leg.signal), leg.signal)
    reader = response.body?.getReader()
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw new RejoinError('bad_response')
    if (reader === undefined) return

    let events: ServerEvent[] = []
    let tooLong = false
    const parser = createParser({
      maxBufferSize: maxEventLength,
      onEvent({ id, data }) {
        events.push({ id, data })
      },
      onError({ type }) {
        // Other kinds are fields that SSE tells a reader to pass over.
        tooLong ||= type === 'max-buffer-size-exceeded'
      },
    })
    const decoder = new TextDecoder()
    while (true) {
      const { done, value } = await read(reader, leg.signal)
      if (done) return
      alive.touch()
      parser.feed(decoder.decode(value, { stream: true }))
      yield events
      if (tooLong) throw new RejoinError('bad_response')
      events = []
    }
  } finally {
    alive.stop()
    leg.release()
    // Cancelling the reader settles before the source hears of it; aborting the request is what closes the socket.
    leg.abort(new DOMException('The stream is over.', 'AbortError'))
    void reader?.cancel().catch(() => {})
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await abortable(reader.read(), signal)
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (isRejoinError(cause)) throw cause
    throw new RejoinError('unreachable', { cause })
  }
}
