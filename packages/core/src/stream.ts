import { type AgentResponseUpdate } from './agent.ts'
import { joinToken, splitToken } from './continuationToken.ts'
import { isClosing, type Update } from './update.ts'

/** Updates that arrived together, and the handle their tokens share. */
export interface UpdateBatch {
  /** `null` while there is nothing to go on with. */
  readonly handle: string | null
  readonly updates: readonly Update[]
}

/**
 * A stream that can also be read in the batches it arrived in. A burst of thousands of updates then
 * costs one asynchronous step, not thousands.
 */
export interface BatchedStream extends AsyncIterable<AgentResponseUpdate> {
  /** The stream from its beginning; each call opens a leg of its own. */
  batches(): AsyncIterable<UpdateBatch>
}

/** An agent's stream, made from batches. Each iteration calls `batches` anew. */
export function streamOf(batches: () => AsyncIterable<UpdateBatch>): BatchedStream {
  return {
    batches,
    async *[Symbol.asyncIterator]() {
      for await (const { handle, updates } of batches()) {
        for (const update of updates) {
          const over = handle === null || isClosing(update)
          yield { ...update, continuationToken: over ? null : joinToken(handle, update.cursor) }
        }
      }
    },
  }
}

/** Any agent's stream in batches: its own where it has them, one update each where not. */
export function batchesOf(stream: AsyncIterable<AgentResponseUpdate>): AsyncIterable<UpdateBatch> {
  return isBatched(stream) ? stream.batches() : single(stream)
}

function isBatched(stream: AsyncIterable<AgentResponseUpdate>): stream is BatchedStream {
  return 'batches' in stream && typeof stream.batches === 'function'
}

async function* single(stream: AsyncIterable<AgentResponseUpdate>): AsyncGenerator<UpdateBatch> {
  let handle: string | null = null
  for await (const { continuationToken, ...update } of stream) {
    // A null in the middle (a tool round, a quick message) does not take back the last token.
    if (continuationToken !== null) handle = splitToken(continuationToken).handle
    yield { handle, updates: [update] }
  }
}
