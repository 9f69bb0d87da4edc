import {
  assertRunInput,
  isRejoinError,
  joinToken,
  linkedAbort,
  RejoinError,
  splitToken,
  startCursor,
  streamOf,
  type Agent,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
  type RunPhase,
  type UpdateBatch,
} from '@rejoin/core'
import { type ApiObject } from './apiResponse.ts'
import { type Polled, type ResponsesClient } from './client.ts'
import { elapsedOf, outcomeOf, phaseOf } from './outcome.ts'
import { partsOf, stepsOf } from './output.ts'
import { handleOf, lastWhole, nameIn } from './place.ts'
import { readResponse, type ResponseBatch, type ResponseEnd, type ResponseIdentity, type ResponseReadOptions } from './readResponse.ts'
import { withOutput, type OutputOptions } from './structuredOutput.ts'
import { createUpdates } from './updates.ts'

/** A background run that ends within this many milliseconds is answered whole, without a token. */
export const quickMs = 50

export interface ThinAgentOptions {
  client: ResponsesClient
  /** The create request. */
  body(messages: readonly ChatMessage[], background: boolean | undefined): ApiObject
  reading(signal: AbortSignal | undefined): ResponseReadOptions
  output: OutputOptions | undefined
}

/**
 * Thin: the provider is the log, and a token names its response. Nothing of a run is kept here; another process
 * with the same account goes on from the token alone.
 *
 * A response that was not created in the background has no token, since leaving it would end it. Once it has
 * ended it can be found again by its name, if it was stored.
 */
export function thinAgent({ client, body, reading, output }: ThinAgentOptions): Agent {
  async function* start(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const created = await client.create(body(messages, run.background), run.signal)
    const updates = createUpdates(startCursor)
    let name: ResponseIdentity | null = null
    try {
      for await (const batch of readResponse(client, { created }, reading(run.signal))) {
        name ??= batch.name
        yield* batchesOf(batch, updates)
      }
    } catch (error) {
      // A token leads back to it; without one nothing does, and it must not look as if it had never been started.
      if (run.signal?.aborted || name === null || name.background || !isRejoinError(error)) throw error
      yield { handle: null, updates: updates.interrupted(elapsedOf({ createdAt: name.createdAt, completedAt: null })) }
    }
  }

  async function* resume(run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const { handle, cursor } = splitToken(run.continuationToken ?? '')
    const name = { ...nameIn(handle), background: true, stored: true }
    const updates = createUpdates(cursor)
    for await (const batch of readResponse(client, { name, after: lastWhole(cursor) }, reading(run.signal))) {
      // The token's own: it stays the same for as long as the run does.
      yield* batchesOf(batch, updates, handle)
    }
  }

  async function* batchesOf(
    batch: ResponseBatch,
    updates: ReturnType<typeof createUpdates>,
    known?: string,
  ): AsyncGenerator<UpdateBatch> {
    const { name, events, end } = batch
    if (name === null && end === null) return
    const handle = name === null ? null : (known ?? handleOf(name))
    const news = updates.of(name, events)
    if (news.length > 0) yield { handle: name?.background ? handle : null, updates: news }
    if (end === null) return
    const ended = output ? { ...end, ...(await withOutput(output, end)) } : { ...end, part: null }
    // By itself, so that a run without tokens is named only once it can be asked for.
    yield { handle: name?.stored ? handle : null, updates: updates.ended(ended) }
  }

  /** The answer to a start: whole, or a token as soon as there is one and it does not end at once. */
  async function ask(messages: readonly ChatMessage[], run: AgentRunOptions): Promise<AgentResponse> {
    const leg = linkedAbort(run.signal)
    const enough = new DOMException('The run goes on without this connection.', 'AbortError')
    let timer: ReturnType<typeof setTimeout> | undefined
    let name: ResponseIdentity | null = null
    let phase: RunPhase = 'working'
    try {
      const created = await client.create(body(messages, run.background), leg.signal)
      for await (const batch of readResponse(client, { created }, reading(leg.signal))) {
        name ??= batch.name
        phase = phaseIn(batch) ?? phase
        if (batch.end !== null) return await whole(run, batch.end)
        if (name?.background) timer ??= setTimeout(() => leg.abort(enough), quickMs)
      }
    } catch (error) {
      if (run.signal?.aborted || name === null || (error !== enough && !isRejoinError(error))) throw error
      // It has been started, and must not be started again for want of an answer.
      if (!name.background) return answer(run, { type: 'failed', code: 'interrupted' }, [], name)
    } finally {
      clearTimeout(timer)
      leg.release()
      leg.abort(enough)
    }
    if (name === null) throw new RejoinError('start_unknown')
    return { ...answer(run, { type: phase }, [], name), continuationToken: joinToken(handleOf(name), startCursor) }
  }

  async function whole(run: { runId: string }, end: ResponseEnd): Promise<AgentResponse> {
    const { outcome, part } = output ? await withOutput(output, end) : { outcome: end.outcome, part: null }
    const parts = [...(end.parts ?? []), ...(part ? [part] : [])]
    const response = { ...answer(run, outcome, parts), elapsedMs: end.elapsedMs }
    return end.output === null ? response : { ...response, steps: stepsOf(end.output) }
  }

  async function polled(run: { runId: string }, token: string, { response, pollAfterMs }: Polled): Promise<AgentResponse> {
    const { output: items } = response
    const parts = items === null ? [] : partsOf(items)
    const outcome = outcomeOf(response)
    const elapsedMs = elapsedOf(response)
    if (outcome !== null) {
      return await whole(run, { sequence: 0, outcome, elapsedMs, parts, output: items, complete: null })
    }
    return {
      ...answer(run, { type: phaseOf(response) }, parts, response),
      ...(items && items.length > 0 && { steps: stepsOf(items) }),
      ...(pollAfterMs !== undefined && { pollAfterMs }),
      continuationToken: token,
    }
  }

  return {
    async run(messages, run) {
      assertRunInput(messages, run)
      if (messages.length > 0) return await ask(messages, run)
      const token = run.continuationToken ?? ''
      const { id } = nameIn(splitToken(token).handle)
      return await polled(run, token, await client.retrieve(id, run.signal))
    },
    runStreaming(messages, run) {
      assertRunInput(messages, run)
      return streamOf(() => (messages.length > 0 ? start(messages, run) : resume(run)))
    },
    async cancel(run) {
      // Before the provider has named it there is nothing to name to it. The proxy waits for that.
      if (run.continuationToken === null) throw new RejoinError('not_found')
      const { id } = nameIn(splitToken(run.continuationToken).handle)
      const cancelled = await client.cancel(id, run.signal)
      return await polled(run, run.continuationToken, cancelled ?? (await client.retrieve(id, run.signal)))
    },
  }
}

function answer(
  { runId }: { runId: string },
  state: AgentResponse['state'],
  parts: AgentResponse['message']['parts'],
  since: { createdAt: number | null } = { createdAt: null },
): AgentResponse {
  const elapsedMs = elapsedOf({ createdAt: since.createdAt, completedAt: null })
  return { runId, state, message: { id: runId, role: 'assistant', parts }, continuationToken: null, elapsedMs }
}

function phaseIn({ events }: ResponseBatch): RunPhase | null {
  const status = events.flatMap(({ entries }) => entries).findLast(({ type }) => type === 'status')
  return status?.type === 'status' ? status.status : null
}
