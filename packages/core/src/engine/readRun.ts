import { type Agent, type AgentResponse } from '../agent.ts'
import { abortable } from '../async.ts'
import { joinToken } from '../continuationToken.ts'
import { hasEnded, isOutcome, type ReconnectReason, type Run } from '../run.ts'
import { batchesOf, type UpdateBatch } from '../stream.ts'
import { type ConnectionEvent } from '../reduce.ts'
import { type RunOutcome } from '../update.ts'
import { backoff, type BackoffOptions } from './backoff.ts'
import { classify } from './classify.ts'
import { isHidden } from './isHidden.ts'
import { type Waker } from './waker.ts'

/** What the read loop needs of the run it reads. */
export interface ReadableRun {
  run(): Run
  handle(): string | null
  receive(batch: UpdateBatch): void
  connection(event: ConnectionEvent): void
  end(outcome: RunOutcome, response?: AgentResponse): void
}

export interface ReadOptions {
  agent(): Agent
  waker: Waker
  backoff?: BackoffOptions | undefined
}

/** How a leg ended that did not end the run. */
type LegResult =
  | { readonly type: 'closed' }
  /** Its end was our own doing: the page woke up and does not trust the connection. */
  | { readonly type: 'woken' }
  | { readonly type: 'error'; readonly error: unknown }

/**
 * Reads a run to its end, leg after leg, until a terminal update has come or `signal` aborts. A stream
 * that ends cleanly without one is resumed; where a leg brought nothing at all, the run is polled first.
 */
export async function readRun(live: ReadableRun, options: ReadOptions, signal: AbortSignal): Promise<void> {
  const { waker } = options
  let attempt = 0
  let poll = false

  const over = (): boolean => signal.aborted || hasEnded(live.run())

  async function retry(reason: ReconnectReason, floorMs: number): Promise<void> {
    attempt += 1
    const waitMs = backoff(attempt, floorMs, isHidden(), options.backoff)
    live.connection({ type: 'connection', state: { type: 'reconnecting', reason, attempt, retryAt: Date.now() + waitMs } })
    await waker.sleep(waitMs, signal, floorMs)
    if (!over()) live.connection({ type: 'connection', state: { type: 'reconnecting', reason, attempt, retryAt: null } })
  }

  try {
    while (!over()) {
      const { cursor, state } = live.run()
      const starting = live.handle() === null
      if (starting && state.type === 'stopping') {
        // Reading would start it. Its end comes from the stop.
        await waker.pause(signal)
        continue
      }
      const result = poll ? await pollOnce(live, options, signal) : await streamLeg(live, options, signal)
      if (over()) return
      const progressed = live.run().cursor > cursor
      if (progressed) attempt = 0

      if (result.type === 'woken') continue
      if (result.type === 'closed') {
        if (!poll && !progressed && live.handle() !== null) {
          // A leg that brought nothing: asking for the state is what tells a lost end from a slow agent.
          poll = true
          live.connection({ type: 'connection', state: { type: 'polling' } })
          continue
        }
        poll = false
        await retry('ended', 0)
        continue
      }
      // A leg may have brought the first token before it broke; then it was no failed start.
      const verdict = classify(result.error, starting && live.handle() === null)
      poll = false
      if (verdict.type === 'end') return live.end(verdict.outcome)
      if (verdict.type === 'pause') {
        live.connection({ type: 'connection', state: { type: 'paused', reason: 'unauthorized' } })
        await waker.pause(signal)
        continue
      }
      await retry(verdict.reason, verdict.floorMs)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function streamLeg(live: ReadableRun, { agent, waker }: ReadOptions, signal: AbortSignal): Promise<LegResult> {
  const leg = waker.leg(signal)
  const { start, cursor } = live.run()
  const handle = live.handle()
  const base = { session: start.session, runId: start.id, background: true, signal: leg.signal }
  try {
    const stream =
      handle === null
        ? agent().runStreaming([start.message], base)
        : agent().runStreaming([], { ...base, continuationToken: joinToken(handle, cursor) })
    const batches = batchesOf(stream)[Symbol.asyncIterator]()
    try {
      while (true) {
        const { done, value } = await abortable(batches.next(), leg.signal)
        if (done) return { type: 'closed' }
        waker.touch()
        live.receive(value)
        if (hasEnded(live.run())) return { type: 'closed' }
      }
    } finally {
      // Not awaited: a generator that hangs in a read settles its return only after that read.
      void batches.return?.()?.catch(() => {})
    }
  } catch (error) {
    return legFailure(error, leg.signal, signal)
  } finally {
    leg.release()
    leg.abort(new DOMException('The leg is over.', 'AbortError'))
  }
}

async function pollOnce(live: ReadableRun, { agent, waker }: ReadOptions, signal: AbortSignal): Promise<LegResult> {
  const leg = waker.leg(signal)
  const { start, cursor } = live.run()
  const handle = live.handle()
  try {
    const response = await agent().run([], {
      session: start.session,
      runId: start.id,
      continuationToken: handle === null ? null : joinToken(handle, cursor),
      signal: leg.signal,
    })
    if (isOutcome(response.state)) live.end(response.state, response)
    return { type: 'closed' }
  } catch (error) {
    return legFailure(error, leg.signal, signal)
  } finally {
    leg.release()
  }
}

function legFailure(error: unknown, leg: AbortSignal, signal: AbortSignal): LegResult {
  return leg.aborted && !signal.aborted ? { type: 'woken' } : { type: 'error', error }
}
