import { batchesOf, streamOf, type Agent, type UpdateBatch } from '@rejoin/core'

/** An agent whose stream stands still, once. */
export interface HaltingAgent extends Agent {
  /** When the update has been taken in and nothing more comes. */
  readonly halted: Promise<void>
}

/**
 * The same agent, but the first stream that has brought so many updates brings no more: it stays open and silent
 * until whoever reads it leaves. All streams after it go on as they are. An `open` is not counted, an end is.
 */
export function haltAfter(updates: number, agent: Agent): HaltingAgent {
  let halt = (): void => {}
  const halted = new Promise<void>((resolve) => {
    halt = resolve
  })
  let left = updates

  async function* legOf(batches: AsyncIterable<UpdateBatch>, signal: AbortSignal | undefined): AsyncGenerator<UpdateBatch> {
    for await (const batch of batches) {
      const last = left > 0 ? lastOf(batch) : -1
      if (last === -1) {
        yield batch
        continue
      }
      try {
        yield { ...batch, updates: batch.updates.slice(0, last + 1) }
      } finally {
        // Whoever has read the end of a run does not come back for more.
        halt()
      }
      await aborted(signal)
    }
  }

  /** The place of the last update that passes, where it is in this batch. */
  function lastOf({ updates }: UpdateBatch): number {
    for (const [at, { type }] of updates.entries()) {
      if (type !== 'open') left -= 1
      if (left === 0) return at
    }
    return -1
  }

  return {
    halted,
    ...(agent.startsOnce !== undefined && { startsOnce: agent.startsOnce }),
    run: (messages, options) => agent.run(messages, options),
    runStreaming(messages, options) {
      const stream = agent.runStreaming(messages, options)
      return streamOf(() => legOf(batchesOf(stream), options.signal))
    },
    cancel: (options) => agent.cancel(options),
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
