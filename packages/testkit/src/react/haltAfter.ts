import { batchesOf, hasEnded, streamOf, type Agent, type UpdateBatch } from '@rejoin/core'
import { countUpdates, type UpdateCount } from '../countUpdates.ts'

/** An agent whose stream stands still, once. */
export interface HaltingAgent extends Agent {
  /**
   * When the update has been taken in and nothing more comes. Need not be awaited. Rejects where every run that has
   * begun is over before it.
   */
  readonly halted: Promise<void>
}

/**
 * The same agent, but the first run that gets to this update is brought no more: its stream stays open and silent
 * until whoever reads it leaves. All streams after it go on as they are. Each run is counted on its own, over all of
 * its streams: what opens one does not count, what is sent again counts once, an end counts. Polls pass.
 * @param updates how many come through, 1 or more
 * @throws RangeError at once for a number of updates that there is not
 */
export function haltAfter(updates: number, agent: Agent): HaltingAgent {
  if (!Number.isInteger(updates) || updates < 1) {
    throw new RangeError(`There is no update ${updates} to halt after. Updates are counted from 1; the last of an answer is its end.`)
  }
  let halt = (): void => {}
  let miss: (reason: Error) => void = () => {}
  const halted = new Promise<void>((resolve, reject) => {
    halt = resolve
    miss = reject
  })
  // For who does not await it; who does hears of it all the same.
  halted.catch(() => {})
  const counts = new Map<string, UpdateCount>()
  const over = new Set<string>()
  let halting = false

  function countOf(id: string): UpdateCount {
    const count = counts.get(id) ?? countUpdates(id)
    counts.set(id, count)
    return count
  }

  async function* legOf(id: string, batches: AsyncIterable<UpdateBatch>, signal: AbortSignal | undefined): AsyncGenerator<UpdateBatch> {
    const count = countOf(id)
    for await (const batch of batches) {
      const last = halting ? -1 : lastOf(batch, count)
      if (last === -1) {
        if (hasEnded(count.run)) end(id)
        yield batch
        continue
      }
      halting = true
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
  function lastOf(batch: UpdateBatch, count: UpdateCount): number {
    return batch.updates.findIndex((update) => count.take(update) && count.updates === updates)
  }

  function end(id: string): void {
    over.add(id)
    if (halting || over.size < counts.size) return
    const most = Math.max(...[...counts.values()].map((count) => count.updates))
    miss(
      new Error(
        `Nothing was halted after update ${updates}: the longest run ended after ${most}. A test without its halt shows ` +
          'nothing. Halt after an update that the answer has; what is polled brings none.',
      ),
    )
  }

  return {
    halted,
    ...(agent.startsOnce !== undefined && { startsOnce: agent.startsOnce }),
    async run(messages, options) {
      countOf(options.runId)
      const response = await agent.run(messages, options)
      if (response.continuationToken === null) end(options.runId)
      return response
    },
    runStreaming(messages, options) {
      const stream = agent.runStreaming(messages, options)
      return streamOf(() => legOf(options.runId, batchesOf(stream), options.signal))
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
