import {
  batchesOf,
  cursorOf,
  isClosing,
  joinToken,
  parseCursor,
  type Cursor,
  type RejoinError,
  type RunOutcome,
  type StartRequest,
  type UpdateBatch,
} from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { type RunIdentity } from '../registry/registry.ts'
import { legError, startError } from './agentError.ts'
import { closingBatch } from './closing.ts'
import { follow } from './follow.ts'
import { noted } from './noted.ts'
import { overOf, type KnownPlace, type Place } from './place.ts'
import { endRun } from './settle.ts'
import { turnOf } from './turn.ts'
import { unnamedAnswer } from './unnamedAnswer.ts'

/** The first leg of a run: asks the agent, once. */
export async function* startBatches(
  context: ProxyContext,
  run: RunIdentity,
  start: StartRequest,
  signal: AbortSignal,
): AsyncGenerator<UpdateBatch> {
  const { messages, options, release } = await turnOf(context, run, start)
  const startedAt = Date.now()
  // What the start has come to is known: the agent named the run, ended it or asked the person.
  let known = false
  try {
    const stream = context.agent.runStreaming(messages, { ...run, ...options, signal })
    // Before anything can be wrong with the registry: what has begun must not look as if it could be started again.
    const heard = (batch: UpdateBatch): void => void (known ||= isKnownBy(batch))
    yield* tracked(context, run, batchesOf(stream), { starts: true, answers: start.answers, heard })
    if (!known) await noted(context, () => endRun(context, run, { type: 'failed', code: 'start_unknown' }, Date.now() - startedAt))
  } catch (error) {
    if (signal.aborted) throw error
    context.report(error, 'start')
    throw known ? legError(error) : await failedStart(context, run, error, startedAt)
  } finally {
    release()
  }
}

function isKnownBy({ handle, updates }: UpdateBatch): boolean {
  return handle !== null || updates.some(isClosing)
}

/** A leg of a run that has been started, from a cursor on. */
export async function* resumeBatches(
  context: ProxyContext,
  run: RunIdentity,
  place: () => Promise<Place>,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<UpdateBatch> {
  const found = await place()
  if (found.type === 'known') {
    yield knownBatch(found, cursor)
    return
  }
  try {
    const { session, handle } = found
    const options = { ...run, session, signal, continuationToken: joinToken(handle, cursor) }
    yield* tracked(context, run, batchesOf(context.agent.runStreaming([], options)), { starts: false })
  } catch (error) {
    if (signal.aborted) throw error
    const over = await overOf(context.registry, run, error)
    if (over !== null) {
      yield knownBatch(over, cursor)
      return
    }
    context.report(error, 'resume')
    throw legError(error)
  }
}

/** It is delivered whatever the cursor. */
function knownBatch({ state, elapsedMs, answer }: KnownPlace, cursor: Cursor): UpdateBatch {
  const { epoch, n } = parseCursor(cursor)
  const { message, steps = [], usage, conversation } = answer ?? {}
  const at = { cursor: cursorOf(epoch, n + (message ? 2 : 1)), elapsedMs, ...(usage && { usage }), ...(conversation !== undefined && { conversation }) }
  return {
    handle: null,
    updates: [
      { type: 'open', cursor, mode: message ? 'snapshot' : 'tail', elapsedMs },
      ...(message ? [{ type: 'snapshot', cursor: cursorOf(epoch, n + 1), parts: message.parts, steps } as const] : []),
      state.type === 'paused' ? { type: 'pause', reason: state.reason, ...at } : { type: 'end', outcome: state, ...at },
    ],
  }
}

/** Notes what a failed start came to, so that a repeated one hears the same and the agent is not asked twice. */
export async function failedStart(
  context: ProxyContext,
  run: RunIdentity,
  cause: unknown,
  startedAt: number,
): Promise<RejoinError> {
  const { error, started } = startError(cause)
  const outcome: RunOutcome = { type: 'failed', code: error.code }
  const elapsedMs = Date.now() - startedAt
  if (started) await noted(context, () => endRun(context, run, outcome, elapsedMs))
  // Never again later: by then the same start may have begun anew, and that one must not be forgotten.
  else await context.registry.drop(run).catch((reason: unknown) => context.report(reason, 'proxy'))
  return error
}

/** Tells the registry what the agent says, before anybody else hears it. */
async function* tracked(
  context: ProxyContext,
  run: RunIdentity,
  batches: AsyncIterable<UpdateBatch>,
  { starts, answers, heard }: { readonly starts: boolean; readonly answers?: string | undefined; heard?(batch: UpdateBatch): void },
): AsyncGenerator<UpdateBatch> {
  const { registry, recorder } = context
  const whole = starts && recorder ? unnamedAnswer(run) : null
  let handle: string | null = null
  let refusable = starts
  for await (const batch of batches) {
    heard?.(batch)
    if (batch.handle !== null && batch.handle !== handle) {
      const name: string = batch.handle
      handle = name
      await noted(context, () => registry.running(run, name))
    }
    if (refusable && isKnownBy(batch)) {
      refusable = false
      await noted(context, () => follow(context, run, answers))
    }
    const closing = batch.updates.find(isClosing)
    whole?.add(batch)
    if (closing === undefined) {
      yield batch
      continue
    }
    const answer = whole?.answer() ?? null
    // Before the registry knows: then it is looked for.
    if (answer) recorder?.tell(run, answer)
    const closed = await closingBatch(context, run, batch, closing, { once: starts && handle === null })
    if (!answer) recorder?.tell(run, null)
    yield closed
  }
}
