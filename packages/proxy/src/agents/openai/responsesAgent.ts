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
  type PollOptions,
  type RunPhase,
  type UpdateBatch,
} from '@rejoin/core'
import { type ApiObject } from './apiResponse.ts'
import { createResponsesClient, type Endpoint, type Polled } from './client.ts'
import { inputOf } from './input.ts'
import { elapsedOf, outcomeOf, phaseOf } from './outcome.ts'
import { partsOf, stepsOf } from './output.ts'
import { handleOf, lastWhole, nameIn } from './place.ts'
import { readResponse, type ResponseBatch, type ResponseEnd, type ResponseIdentity, type ResponseReadOptions } from './readResponse.ts'
import { formatOf, withOutput, type OutputOptions } from './structuredOutput.ts'
import { createUpdates } from './updates.ts'

/** What an agent on a Responses API can be told, wherever that is. */
export interface ResponsesAgentOptions {
  /** The model's name; on Azure the deployment's. */
  model: string
  /** What the model is to be, before the conversation. */
  instructions?: string | undefined
  /**
   * Whether the provider goes on when nobody is connected, for runs that do not say so themselves. Runs that
   * a page starts through the proxy do say.
   * @default false
   */
  background?: boolean | undefined
  /** Further fields of the create request, as the provider names them: `reasoning`, `tools`, `max_output_tokens`, … */
  body?: Readonly<Record<string, unknown>> | undefined
  /** The answer in a form: comes as a data part once it is whole. */
  output?: OutputOptions | undefined
  /** @default the global fetch, looked up at each request */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** After so long a silence a stream is not trusted, and the response polled. Milliseconds. @default 30000 */
  stallMs?: number | undefined
  /** A start whose answer has not begun by then is `start_unknown`. Milliseconds. @default 300000 */
  startMs?: number | undefined
  /** A poll or a stop is answered by then, or tried again. Milliseconds. @default 15000 */
  answerMs?: number | undefined
  /** How often a response is asked for whose stream can not be had any more. */
  poll?: PollOptions | undefined
}

/** A background run that ends within this many milliseconds is answered whole, without a token. */
export const quickMs = 50

/**
 * Thin: the provider is the log, and a token names its response. Nothing of a run is kept here; another process
 * with the same account goes on from the token alone.
 *
 * A response that was not created in the background has no token, since leaving it would end it. Once it has
 * ended it can be found again by its name, if it was stored.
 */
export function responsesAgent(endpoint: Omit<Endpoint, 'fetch'>, options: ResponsesAgentOptions): Agent {
  const { stallMs = 30_000, startMs = 300_000, answerMs = 15_000, poll, output, fetch } = options
  const client = createResponsesClient({ ...endpoint, fetch }, { startMs, answerMs })
  const reading = (signal: AbortSignal | undefined): ResponseReadOptions => ({ stallMs, poll, signal })

  function bodyOf(messages: readonly ChatMessage[], run: AgentRunOptions): ApiObject {
    const { model, instructions, body } = options
    const background = run.background ?? options.background ?? false
    return {
      ...body,
      ...(instructions !== undefined && { instructions }),
      ...(output && { text: { ...textIn(body), ...formatOf(output) } }),
      model,
      input: inputOf(messages),
      stream: true,
      background,
      // Said, and not left to the account: what is not stored can not be resumed.
      store: background || body?.store !== false,
    }
  }

  async function* start(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const created = await client.create(bodyOf(messages, run), run.signal)
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
      const created = await client.create(bodyOf(messages, run), leg.signal)
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

function textIn(body: ResponsesAgentOptions['body']): object {
  return typeof body?.text === 'object' && body.text !== null ? body.text : {}
}
