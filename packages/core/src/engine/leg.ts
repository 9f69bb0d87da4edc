import { type Agent, type AgentResponse, type AgentRunOptions } from '../agent.ts'
import { abortable } from '../async.ts'
import { joinToken, splitToken } from '../continuationToken.ts'
import { lengthOf, type ChatMessage } from '../message.ts'
import { type ConnectionEvent } from '../reduce.ts'
import { hasEnded, isAsking, isOutcome, type Run } from '../run.ts'
import { batchesOf, type UpdateBatch } from '../stream.ts'
import { isClosing, type RunOutcome, type RunPause } from '../update.ts'
import { isAnswer } from './classify.ts'
import { type Waker } from './waker.ts'

/** What a leg needs of the run it reads. */
export interface ReadableRun {
  run(): Run
  handle(): string | null
  receive(batch: UpdateBatch): void
  connection(event: ConnectionEvent): void
  end(outcome: RunOutcome, response?: AgentResponse): void
  /** A poll has found it waiting for the person. */
  pause(pause: RunPause, response: AgentResponse): void
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
  /** It has ended, or waits for the person, but not all of it has come. */
  | { readonly type: 'doubt'; readonly end: UpdateBatch }

/** Whether the next leg is to start the run, and not to go on with it. */
export function isStarting(live: ReadableRun): boolean {
  return live.handle() === null && live.run().start.message !== null
}

function legOf(live: ReadableRun, signal: AbortSignal): { messages: readonly ChatMessage[]; options: AgentRunOptions } {
  const { start, cursor } = live.run()
  const { id, session, message, background = true, conversation, replaces, answers } = start
  const base = { session, runId: id, signal }
  const handle = live.handle()
  if (handle !== null) return { messages: [], options: { ...base, background, continuationToken: joinToken(handle, cursor) } }
  // Of another device's run the server knows the place.
  if (message === null) return { messages: [], options: { ...base, background } }
  return { messages: [message], options: { ...base, background, conversation, replaces, answers } }
}

export async function streamLeg(live: ReadableRun, { agent, waker }: LegOptions, signal: AbortSignal): Promise<LegResult> {
  const leg = waker.leg(signal)
  try {
    const { messages, options } = legOf(live, leg.signal)
    const batches = batchesOf(agent().runStreaming(messages, options))[Symbol.asyncIterator]()
    try {
      while (true) {
        const { done, value } = await abortable(batches.next(), leg.signal)
        if (done) return { type: 'closed' }
        waker.touch()
        const { fresh, end } = split(value)
        live.receive(fresh)
        if (end && doubtful(end, live.run())) return { type: 'doubt', end }
        if (end) live.receive(end)
        if (end || hasEnded(live.run())) return { type: 'closed' }
      }
    } finally {
      // Not awaited: a generator that hangs in a read settles its return only after that read.
      void batches.return?.()?.catch(() => {})
    }
  } catch (error) {
    return legFailure(error, leg.signal, signal, waker)
  } finally {
    leg.release()
    leg.abort(new DOMException('The leg is over.', 'AbortError'))
  }
}

/** In poll mode the start too: it gives the answer, or a token to poll with. */
export async function pollOnce(live: ReadableRun, { agent, waker }: LegOptions, signal: AbortSignal): Promise<LegResult> {
  const leg = waker.leg(signal)
  try {
    const { messages, options } = legOf(live, leg.signal)
    const response = await abortable(agent().run(messages, options), leg.signal)
    waker.touch()
    const { state, continuationToken, elapsedMs, steps } = response
    if (isOutcome(state)) {
      live.end(state, response)
      return { type: 'closed' }
    }
    if (state.type === 'paused') {
      const known = live.run().state
      if (!isAsking(known) || known.reason !== state.reason) live.pause(state, response)
      return { type: 'closed' }
    }
    if (continuationToken === null) return { type: 'closed' }
    // The handle alone: what the agent has written is not here yet, so the cursor stays where it is.
    live.receive({ handle: splitToken(continuationToken).handle, updates: [] })
    live.connection({ type: 'polled', phase: state.type, elapsedMs, at: Date.now(), ...(steps && { steps }) })
    return { type: 'running', response }
  } catch (error) {
    return legFailure(error, leg.signal, signal, waker)
  } finally {
    leg.release()
    leg.abort(new DOMException('The leg is over.', 'AbortError'))
  }
}

/** What closes the leg by itself, so that it can be held against what has come before it. */
function split({ handle, updates }: UpdateBatch): { fresh: UpdateBatch; end: UpdateBatch | null } {
  const at = updates.findIndex(isClosing)
  if (at === -1) return { fresh: { handle, updates }, end: null }
  // What follows an end counts no more.
  return { fresh: { handle, updates: updates.slice(0, at) }, end: { handle, updates: updates.slice(at, at + 1) } }
}

function doubtful({ updates }: UpdateBatch, { parts }: Run): boolean {
  const [end] = updates
  if (end === undefined || !isClosing(end) || end.length === undefined || end.parts !== undefined) return false
  return lengthOf(parts) !== end.length
}

function legFailure(error: unknown, leg: AbortSignal, signal: AbortSignal, waker: Waker): LegResult {
  if (isAnswer(error)) waker.touch()
  return leg.aborted && !signal.aborted ? { type: 'woken' } : { type: 'error', error }
}
