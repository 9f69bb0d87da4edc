import { createParser } from 'eventsource-parser'
import { abortable, linkedAbort } from '../async.ts'
import { isRejoinError, RejoinError } from '../error.ts'
import { type UpdateBatch } from '../stream.ts'
import { type Update } from '../update.ts'
import { decodeFrame, type Frame } from '../wire/frame.ts'
import { watchdog } from './watchdog.ts'

/** One event may not be larger than this many characters; the leg ends as `bad_response` if one is. */
export const maxFrameLength: number = 16 * 1024 * 1024

/**
 * The updates of one leg, in the batches its bytes arrived in.
 * @throws RejoinError `stalled`, `unreachable` (the connection broke), `bad_response`, or what the proxy said
 */
export async function* readFrames(
  connect: (signal: AbortSignal) => Promise<Response>,
  stallMs: number,
  parent: AbortSignal | undefined,
): AsyncGenerator<UpdateBatch> {
  const leg = linkedAbort(parent)
  const alive = watchdog(stallMs, () => leg.abort(new RejoinError('stalled')))
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    // `headers` may never settle, and knows of no signal.
    const response = await abortable(connect(leg.signal), leg.signal)
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw new RejoinError('bad_response')
    reader = response.body?.getReader()
    if (reader === undefined) return

    let handle: string | null = null
    let frames: Frame[] = []
    const parser = createParser({
      maxBufferSize: maxFrameLength,
      onEvent({ id, data }) {
        const frame = decodeFrame(id, data)
        if (frame === null) throw new RejoinError('bad_response')
        frames.push(frame)
      },
      onError(error) {
        // Other kinds are fields that SSE tells a reader to pass over.
        if (error.type === 'max-buffer-size-exceeded') throw new RejoinError('bad_response')
      },
    })
    const decoder = new TextDecoder()
    while (true) {
      const { done, value } = await read(reader, leg.signal)
      if (done) return
      alive.touch()
      let broken: unknown
      try {
        parser.feed(decoder.decode(value, { stream: true }))
      } catch (error) {
        // What was read before the broken frame still counts.
        broken = error
      }
      for (const batch of batchesIn(frames, handle)) {
        handle = batch.handle
        // An empty one too: a heartbeat is a sign of life.
        yield batch
      }
      const failed = frames.find((frame) => frame.kind === 'error')
      if (failed) throw new RejoinError(failed.code)
      if (broken !== undefined) throw broken
      frames = []
    }
  } finally {
    alive.stop()
    leg.release()
    // Cancelling the reader settles before the source hears of it; aborting the request is what closes the socket.
    leg.abort(new DOMException('The leg is over.', 'AbortError'))
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

/** Updates grouped by the handle that holds for them, up to the first error. */
function* batchesIn(frames: readonly Frame[], handle: string | null): Generator<UpdateBatch> {
  let updates: Update[] = []
  for (const frame of frames) {
    if (frame.kind === 'error') break
    if (frame.kind === 'update') {
      updates.push(frame.update)
      continue
    }
    yield { handle, updates }
    handle = frame.sealed
    updates = []
  }
  yield { handle, updates }
}
