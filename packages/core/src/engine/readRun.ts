import { type Agent, type AgentResponse } from '../agent.ts'
import { abortable } from '../async.ts'
import { joinToken, splitToken } from '../continuationToken.ts'
import { lengthOf } from '../message.ts'
import { hasEnded, isOutcome, type ReconnectReason, type Run } from '../run.ts'
import { batchesOf, type UpdateBatch } from '../stream.ts'
import { type ConnectionEvent } from '../reduce.ts'
import { type RunOutcome } from '../update.ts'
import { backoff, type BackoffOptions } from './backoff.ts'
import { classify } from './classify.ts'
import { isHidden } from './isHidden.ts'
import { pollDelay, type PollOptions } from './pollDelay.ts'
import { type Waker } from './waker.ts'

/** What the read loop needs of the run it reads. */
export interface ReadableRun {
  run(): Run
  handle(): string | null
  receive(batch: UpdateBatch): void
  connection(event: ConnectionEvent): void
  end(outcome: RunOutcome, response?: AgentResponse): void
}

/** How a run is followed: `stream` as it is written, `poll` by asking how far it is, for its answer at its end. */
export type RunMode = 'stream' | 'poll'

export interface ReadOptions {
  agent(): Agent
  mode(): RunMode
  waker: Waker
  backoff?: BackoffOptions | undefined
  poll?: PollOptions | undefined
}

/** How a leg ended that did not end the run. */
type LegResult =
  | { readonly type: 'closed' }
  /** Its end was our own doing: the page woke up and does not trust the connection. */
  | { readonly type: 'woken' }
  | { readonly type: 'error'; readonly error: unknown }
  /** A poll found it at work. */
  | { readonly type: 'running'; readonly response: AgentResponse }
  /** It has ended, but not all of it has come. */
  | { readonly type: 'doubt'; readonly end: UpdateBatch }

/**
 * Reads a run to its end, leg after leg, until a terminal update has come or `signal` aborts. A stream
 * that ends cleanly without one is resumed; where a leg brought nothing at all, the run is polled first.
 */
export async function readRun(live: ReadableRun, options: ReadOptions, signal: AbortSignal): Promise<void> {
  const { waker } = options
  let attempt = 0
  let polls = 0
  /** The next leg is to be a poll, whatever the mode. */
  let poll = false

  const over = (): boolean => signal.aborted || hasEnded(live.run())

  async function retry(reason: ReconnectReason, floorMs: number): Promise<void> {
    attempt += 1
    const waitMs = backoff(attempt, floorMs, isHidden(), options.backoff)
    live.connection({ type: 'connection', state: { type: 'reconnecting', reason, attempt, retryAt: Date.now() + waitMs } })
    await waker.sleep(waitMs, signal, floorMs)
    if (!over()) live.connection({ type: 'connection', state: { type: 'reconnecting', reason, attempt, retryAt: null } })
  }

  /** Asks for the whole answer; where there is no more to be had, the end counts as it came. */
  async function settled(end: UpdateBatch): Promise<boolean> {
    const asked = live.handle() === null ? { type: 'closed' as const } : await pollOnce(live, options, signal)
    if (over()) return true
    if (asked.type === 'woken') return await settled(end)
    const lost = asked.type === 'error' && classify(asked.error, false).type === 'end'
    if (asked.type === 'error' && !lost) return false
    live.receive(end)
    return true
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
      const polling = options.mode() === 'poll'
      const phase = live.run().phase
      const result = polling || poll ? await pollOnce(live, options, signal) : await streamLeg(live, options, signal)
      if (over()) return
      const progressed = live.run().cursor > cursor
      if (progressed) attempt = 0

      if (result.type === 'woken') continue
      if (result.type === 'doubt') {
        if (!(await settled(result.end))) await retry('ended', 0)
        continue
      }
      if (result.type === 'running' && polling) {
        attempt = 0
        polls = live.run().phase === phase ? polls + 1 : 1
        const floorMs = result.response.pollAfterMs ?? 0
        await waker.sleep(pollDelay(polls, floorMs, options.poll), signal, floorMs)
        continue
      }
      if (result.type === 'closed' || result.type === 'running') {
        if (!poll && !polling && !progressed && live.handle() !== null) {
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
  const base = { session: start.session, runId: start.id, background: start.background ?? true, signal: leg.signal }
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
        const { fresh, end } = split(value)
        live.receive(fresh)
        if (end && doubtful(end, live.run())) return { type: 'doubt', end }
        if (end) live.receive(end)
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

/** In poll mode the start too: it gives the answer, or a token to poll with. */
async function pollOnce(live: ReadableRun, { agent, waker }: ReadOptions, signal: AbortSignal): Promise<LegResult> {
  const leg = waker.leg(signal)
  const { start, cursor } = live.run()
  const handle = live.handle()
  const base = { session: start.session, runId: start.id, signal: leg.signal }
  try {
    const asked =
      handle === null
        ? agent().run([start.message], { ...base, background: start.background ?? true })
        : agent().run([], { ...base, continuationToken: joinToken(handle, cursor) })
    const response = await abortable(asked, leg.signal)
    const { state, continuationToken, elapsedMs, steps } = response
    if (isOutcome(state)) {
      live.end(state, response)
      return { type: 'closed' }
    }
    if (continuationToken === null) return { type: 'closed' }
    // The handle alone: what the agent has written is not here yet, so the cursor stays where it is.
    live.receive({ handle: splitToken(continuationToken).handle, updates: [] })
    live.connection({ type: 'polled', phase: state.type, elapsedMs, at: Date.now(), ...(steps && { steps }) })
    return { type: 'running', response }
  } catch (error) {
    return legFailure(error, leg.signal, signal)
  } finally {
    leg.release()
    leg.abort(new DOMException('The leg is over.', 'AbortError'))
  }
}

/** The end by itself, so that it can be held against what has come before it. */
function split({ handle, updates }: UpdateBatch): { fresh: UpdateBatch; end: UpdateBatch | null } {
  const at = updates.findIndex(({ type }) => type === 'end')
  if (at === -1) return { fresh: { handle, updates }, end: null }
  // What follows an end counts no more.
  return { fresh: { handle, updates: updates.slice(0, at) }, end: { handle, updates: updates.slice(at, at + 1) } }
}

function doubtful({ updates }: UpdateBatch, { parts }: Run): boolean {
  const [end] = updates
  if (end?.type !== 'end' || end.length === undefined || end.parts !== undefined) return false
  return lengthOf(parts) !== end.length
}

function legFailure(error: unknown, leg: AbortSignal, signal: AbortSignal): LegResult {
  return leg.aborted && !signal.aborted ? { type: 'woken' } : { type: 'error', error }
}
