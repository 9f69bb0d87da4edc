import { type Agent, type AgentResponse } from '../agent.ts'
import { abortable } from '../async.ts'
import { joinToken, splitToken } from '../continuationToken.ts'
import { lengthOf } from '../message.ts'
import { type ConnectionEvent } from '../reduce.ts'
import { hasEnded, isOutcome, type Run } from '../run.ts'
import { batchesOf, type UpdateBatch } from '../stream.ts'
import { type RunOutcome } from '../update.ts'
import { type Waker } from './waker.ts'

/** What a leg needs of the run it reads. */
export interface ReadableRun {
  run(): Run
  handle(): string | null
  receive(batch: UpdateBatch): void
  connection(event: ConnectionEvent): void
  end(outcome: RunOutcome, response?: AgentResponse): void
}

export interface LegOptions {
  agent(): Agent
  waker: Waker
}

/** How a leg ended that did not end the run. */
export type LegResult =
  | { readonly type: 'closed' }
  /** Its end was our own doing: the page woke up and does not trust the connection. */
  | { readonly type: 'woken' }
  | { readonly type: 'error'; readonly error: unknown }
  /** A poll found it at work. */
  | { readonly type: 'running'; readonly response: AgentResponse }
  /** It has ended, but not all of it has come. */
  | { readonly type: 'doubt'; readonly end: UpdateBatch }

export async function streamLeg(live: ReadableRun, { agent, waker }: LegOptions, signal: AbortSignal): Promise<LegResult> {
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
export async function pollOnce(live: ReadableRun, { agent, waker }: LegOptions, signal: AbortSignal): Promise<LegResult> {
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
