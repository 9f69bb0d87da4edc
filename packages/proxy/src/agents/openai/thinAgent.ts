import {
  abortable,
  assertRunInput,
  isRejoinError,
  joinToken,
  RejoinError,
  splitToken,
  startCursor,
  streamOf,
  type Agent,
  type AgentCancelOptions,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
  type RunOutcome,
  type RunPhase,
  type UpdateBatch,
} from '@rejoin/core'
import { quickMs } from '../quickMs.ts'
import { createStarts, stopped } from '../starts.ts'
import { type ApiObject } from './apiResponse.ts'
import { type Polled, type ResponsesClient } from './client.ts'
import { askedIn } from './conversation.ts'
import { elapsedOf, phaseOf } from './outcome.ts'
import { partsOf, stepsOf } from './output.ts'
import { handleOf, lastWhole, nameIn, pauseCursor } from './place.ts'
import {
  endOfPolled,
  readResponse,
  type ResponseBatch,
  type ResponseEnd,
  type ResponseIdentity,
  type ResponseReadOptions,
} from './readResponse.ts'
import { withOutput, type OutputOptions } from './structuredOutput.ts'
import { contentOf, turnOf, type Turn } from './turn.ts'
import { createUpdates } from './updates.ts'

export interface ThinAgentOptions {
  client: ResponsesClient
  /** The create request. */
  body(content: ApiObject, background: boolean | undefined): ApiObject
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
  const starts = createStarts<ResponseIdentity>()

  /** Everything before it is refused starts nothing. */
  async function create(messages: readonly ChatMessage[], run: AgentRunOptions, signal: AbortSignal): Promise<Response> {
    const turn = await turnOf(messages, { conversation: run.conversation, signal }, client)
    if (turn.pending.some(({ decision }) => decision !== null)) assertSaysWhose(turn, run)
    return await client.create(body(contentOf(turn), run.background), signal)
  }

  async function* start(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const begun = starts.begin(run)
    const updates = createUpdates(startCursor)
    let name: ResponseIdentity | null = null
    try {
      const created = await create(messages, run, begun.signal)
      for await (const batch of readResponse(client, { created }, reading(begun.signal))) {
        name ??= batch.name
        if (batch.name) begun.name(batch.name)
        yield* batchesOf(run, batch, updates)
      }
    } catch (error) {
      const outcome = lostOutcome(error, name, run)
      if (outcome === null) throw error
      const elapsedMs = elapsedOf({ createdAt: name?.createdAt ?? null, completedAt: null })
      yield { handle: null, updates: updates.broken(outcome, elapsedMs) }
    } finally {
      starts.end(run, begun)
    }
  }

  async function* resume(run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const { handle, cursor } = splitToken(run.continuationToken ?? '')
    const name = { ...nameIn(handle), background: true, stored: true }
    const updates = createUpdates(cursor)
    // Nothing follows a question, so there is no stream to ask for.
    const asked = cursor === pauseCursor ? endOfPolled((await client.retrieve(name.id, run.signal)).response, '', 0) : null
    if (asked !== null) return yield* batchesOf(run, { name, events: [], end: asked }, updates, handle)
    for await (const batch of readResponse(client, { name, after: lastWhole(cursor) }, reading(run.signal))) {
      // The token's own: it stays the same for as long as the run does.
      yield* batchesOf(run, batch, updates, handle)
    }
  }

  async function* batchesOf(
    { runId }: { runId: string },
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
    const ended = output && !end.asks ? { ...end, ...(await withOutput(output, end)) } : { ...end, part: null }
    const conversation = conversationBehind(end, runId)
    // By itself, so that a run without tokens is named only once it can be asked for.
    yield { handle: name?.stored ? handle : null, updates: updates.ended({ ...ended, conversation }) }
  }

  /** The answer to a start: whole, or a token as soon as there is one and it does not end at once. */
  async function ask(messages: readonly ChatMessage[], run: AgentRunOptions): Promise<AgentResponse> {
    const begun = starts.begin(run)
    const enough = new DOMException('The run goes on without this connection.', 'AbortError')
    let timer: ReturnType<typeof setTimeout> | undefined
    let name: ResponseIdentity | null = null
    let phase: RunPhase = 'working'
    try {
      const created = await create(messages, run, begun.signal)
      for await (const batch of readResponse(client, { created }, reading(begun.signal))) {
        const first = name === null && batch.name?.background ? batch.name : null
        name ??= batch.name
        if (batch.name) begun.name(batch.name)
        if (first) await run.named?.(handleOf(first))
        phase = phaseIn(batch) ?? phase
        if (batch.end !== null) return { ...(await whole(run, batch.end)), ...(name?.stored && { handle: handleOf(name) }) }
        if (name?.background) timer ??= setTimeout(() => begun.abort(enough), quickMs)
      }
    } catch (error) {
      const outcome = lostOutcome(error, name, run)
      if (outcome !== null) return answer(run, outcome, [], name ?? undefined)
      const goesOn = name?.background && !run.signal?.aborted && (error === enough || isRejoinError(error))
      if (!goesOn) throw error
    } finally {
      clearTimeout(timer)
      starts.end(run, begun)
      begun.abort(enough)
    }
    if (name === null) throw new RejoinError('start_unknown')
    return { ...answer(run, { type: phase }, [], name), continuationToken: joinToken(handleOf(name), startCursor) }
  }

  async function whole(run: { runId: string }, end: ResponseEnd): Promise<AgentResponse> {
    const { outcome, part } = output && !end.asks ? await withOutput(output, end) : { outcome: end.outcome, part: null }
    const { usage, elapsedMs } = end
    const conversation = conversationBehind(end, run.runId)
    const parts = [...(end.parts ?? []), ...(part ? [part] : [])]
    return {
      ...answer(run, end.asks ? { type: 'paused', reason: 'approval' } : outcome, parts),
      elapsedMs,
      ...(end.output && { steps: stepsOf(end.output) }),
      ...(conversation !== null && { conversation }),
      ...(usage && { usage }),
    }
  }

  async function polled(run: { runId: string }, token: string, { response, pollAfterMs }: Polled): Promise<AgentResponse> {
    const end = endOfPolled(response, '', 0)
    if (end !== null) return await whole(run, end)
    const { output: items } = response
    return {
      ...answer(run, { type: phaseOf(response) }, items === null ? [] : partsOf(items), response),
      ...(items && { steps: stepsOf(items) }),
      ...(pollAfterMs !== undefined && { pollAfterMs }),
      continuationToken: token,
    }
  }

  /** Without a token the provider can not be told of it, unless it is this process that is starting it. */
  async function stopStart(run: AgentCancelOptions): Promise<AgentResponse> {
    const begun = starts.find(run)
    const name = begun && (await (run.signal ? abortable(begun.named, run.signal) : begun.named))
    if (!name) throw new RejoinError('not_found')
    if (name.background) return await cancelNamed(run, joinToken(handleOf(name), startCursor))
    // Not created in the background, it ends with its connection.
    begun.abort(stopped)
    return answer(run, { type: 'cancelled' }, [], name)
  }

  async function cancelNamed(run: AgentCancelOptions, token: string): Promise<AgentResponse> {
    const { id } = nameIn(splitToken(token).handle)
    const cancelled = await client.cancel(id, run.signal)
    const known = await polled(run, token, cancelled ?? (await client.retrieve(id, run.signal)))
    // To the provider it has ended with its question; it is the run that does not wait for an answer any more.
    return known.state.type === 'paused' ? { ...known, state: { type: 'cancelled' } } : known
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
      return run.continuationToken === null ? await stopStart(run) : await cancelNamed(run, run.continuationToken)
    },
  }
}

/**
 * How a run has ended whose only connection is gone; `null` where it may go on. It has been started, and must not
 * look as if it could be started again.
 */
function lostOutcome(error: unknown, name: ResponseIdentity | null, run: AgentRunOptions): RunOutcome | null {
  if (error === stopped) return { type: 'cancelled' }
  if (run.signal?.aborted || name === null || name.background || !isRejoinError(error)) return null
  return { type: 'failed', code: 'interrupted' }
}

/** Of a question it says who has asked. */
function conversationBehind({ asks, conversation }: ResponseEnd, runId: string): string | null {
  return asks && conversation !== null ? askedIn(conversation, runId) : conversation
}

/**
 * Whether a run still waits nobody knows here, where nothing is kept of it: who keeps runs, as the proxy does, has looked at the one
 * that the start names. It has to be the one that has asked.
 */
function assertSaysWhose({ askedBy }: Turn, { answers }: AgentRunOptions): void {
  if (answers === undefined) throw new RejoinError('invalid_request')
  if (answers !== askedBy) throw new RejoinError('not_found')
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
