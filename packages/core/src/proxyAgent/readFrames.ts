import { RejoinError } from '../error.ts'
import { readEvents, type ReadEventsOptions, type ServerEvent } from '../sse/readEvents.ts'
import { type UpdateBatch } from '../stream.ts'
import { type Update } from '../update.ts'
import { decodeFrame } from '../wire/frame.ts'

/**
 * The updates of one leg, in the batches its bytes arrived in.
 * @throws RejoinError as `readEvents`, `bad_response` for what is no frame, or what the proxy said
 */
export async function* readFrames(
  connect: (signal: AbortSignal) => Promise<Response>,
  options: ReadEventsOptions,
): AsyncGenerator<UpdateBatch> {
  let handle: string | null = null
  for await (const events of readEvents(connect, options)) {
    for (const batch of batchesIn(events, handle)) {
      handle = batch.handle
      yield batch
    }
  }
}

/** Updates grouped by the handle that holds for them. What comes before a broken frame still counts. */
function* batchesIn(events: readonly ServerEvent[], handle: string | null): Generator<UpdateBatch> {
  let updates: Update[] = []
  for (const { id, data } of events) {
    const frame = decodeFrame(id, data)
    if (frame?.kind === 'update') {
      updates.push(frame.update)
      continue
    }
    yield { handle, updates }
    if (frame === null) throw new RejoinError('bad_response')
    if (frame.kind === 'error') throw new RejoinError(frame.code, { retryAfterMs: frame.retryAfterMs })
    handle = frame.sealed
    updates = []
  }
  yield { handle, updates }
}
