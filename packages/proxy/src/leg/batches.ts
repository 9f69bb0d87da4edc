import {
  batchesOf,
  cursorOf,
  joinToken,
  parseCursor,
  RejoinError,
  type ChatMessage,
  type Cursor,
  type EndUpdate,
  type RunOutcome,
  type UpdateBatch,
} from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { type RunIdentity } from '../registry/registry.ts'
import { legError, startError } from './agentError.ts'
import { safeBatch } from './outcome.ts'
import { settle } from './settle.ts'
import { overOf, type Place } from './place.ts'

/** The first leg of a run: asks the agent, once. */
export async function* startBatches(
  context: ProxyContext,
  run: RunIdentity,
  message: ChatMessage,
  background: boolean,
  signal: AbortSignal,
): AsyncGenerator<UpdateBatch> {
  const messages = await conversation(context, run, message)
  const startedAt = Date.now()
  // What the start has come to is known: the agent named the run, or ended it.
  let known = false
  try {
    const stream = context.agent.runStreaming(messages, { ...run, background, signal })
    for await (const batch of tracked(context, run, batchesOf(stream))) {
      known ||= batch.handle !== null || batch.updates.some(({ type }) => type === 'end')
      yield batch
    }
    if (!known) await context.registry.end(run, { type: 'failed', code: 'start_unknown' }, Date.now() - startedAt)
  } catch (error) {
    if (signal.aborted) throw error
    context.report(error, 'start')
    throw known ? legError(error) : await failedStart(context, run, error, startedAt)
  }
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
  if (found.type === 'over') {
    yield overBatch(found, cursor)
    return
  }
  try {
    const { session, handle } = found
    const options = { ...run, session, signal, continuationToken: joinToken(handle, cursor) }
    yield* tracked(context, run, batchesOf(context.agent.runStreaming([], options)))
  } catch (error) {
    if (signal.aborted) throw error
    const over = await overOf(context.registry, run, error)
    if (over !== null) {
      yield overBatch(over, cursor)
      return
    }
    context.report(error, 'resume')
    throw legError(error)
  }
}

/** An end is delivered whatever the cursor. */
function overBatch({ outcome, elapsedMs }: Extract<Place, { type: 'over' }>, cursor: Cursor): UpdateBatch {
  const { epoch, n } = parseCursor(cursor)
  return {
    handle: null,
    updates: [
      { type: 'open', cursor, mode: 'tail', elapsedMs },
      { type: 'end', cursor: cursorOf(epoch, n + 1), outcome, elapsedMs },
    ],
  }
}

/** Earlier messages and the new one. Where they can not be had, the run has not been started. */
export async function conversation(
  { history, registry, report }: ProxyContext,
  run: RunIdentity,
  message: ChatMessage,
): Promise<readonly ChatMessage[]> {
  if (history === undefined) return [message]
  try {
    const earlier = await history({ user: run.user, session: run.session })
    // Of a start that is repeated the message may have been noted already.
    return [...earlier.filter(({ id }) => id !== message.id), message]
  } catch (error) {
    report(error, 'history')
    await registry.drop(run)
    throw new RejoinError('internal', { cause: error })
  }
}

/** Notes what a failed start came to, so that a repeated one hears the same and the agent is not asked twice. */
export async function failedStart(
  { registry }: ProxyContext,
  run: RunIdentity,
  cause: unknown,
  startedAt: number,
): Promise<RejoinError> {
  const { error, started } = startError(cause)
  const outcome: RunOutcome = { type: 'failed', code: error.code }
  if (started) await registry.end(run, outcome, Date.now() - startedAt)
  else await registry.drop(run)
  return error
}

/** Of an end that does not count (the run was cancelled) its content does not count either. */
function withEnd({ handle, updates }: UpdateBatch, end: EndUpdate, outcome: RunOutcome): UpdateBatch {
  if (outcome === end.outcome) return { handle, updates }
  const { cursor, elapsedMs } = end
  return { handle, updates: updates.map((update) => (update === end ? { type: 'end', cursor, outcome, elapsedMs } : update)) }
}

/** Tells the registry what the agent says, before anybody else hears it. */
async function* tracked(
  { registry }: ProxyContext,
  run: RunIdentity,
  batches: AsyncIterable<UpdateBatch>,
): AsyncGenerator<UpdateBatch> {
  let handle: string | null = null
  for await (const batch of batches) {
    if (batch.handle !== null && batch.handle !== handle) {
      handle = batch.handle
      await registry.running(run, handle)
    }
    const safe = batch.updates.some(({ type }) => type === 'end') ? safeBatch(batch) : batch
    const end = safe.updates.find((update) => update.type === 'end')
    yield end === undefined ? safe : withEnd(safe, end, await settle(registry, run, end))
  }
}
