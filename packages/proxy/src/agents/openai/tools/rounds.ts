import { abortable, backoff, delay, isRejoinError, linkedAbort, type RejoinErrorCode, type RunOutcome, type ToolPart } from '@rejoin/core'
import { isObject } from '../../../isObject.ts'
import { type LogEntry, type LoggedUpdate } from '../../../logs/eventLog.ts'
import { type LoggedContext } from '../../logged/loggedAgent.ts'
import { type Produced } from '../../logged/produce.ts'
import { type ApiObject } from '../apiResponse.ts'
import { type ResponsesClient } from '../client.ts'
import { bareEnd, readResponse, type ResponseBatch, type ResponseEnd, type ResponseIdentity, type ResponseReadOptions } from '../readResponse.ts'
import { callsIn, makeCall, toldOf, type ToolCall, type ToolResult } from './call.ts'
import { type Tools } from './tool.ts'

/** Where a run with tools stands: what another process needs to go on with it. */
interface RoundsCheckpoint {
  readonly round: number
  readonly response: ResponseIdentity
  /** The last of its events that is in the log. */
  readonly after: number
  /** The calls that have been begun, by their ids. */
  readonly started: readonly string[]
  /** The create of the next round is on its way. */
  readonly creating: boolean
}

export interface RoundsOptions {
  client: ResponsesClient
  tools: Tools
  maxRounds: number
  /** The create request of a round; with `null` of the first, which brings the conversation. */
  body(results: { readonly input: readonly ApiObject[]; readonly previous: string } | null, background: boolean | undefined): ApiObject
  reading(signal: AbortSignal): ResponseReadOptions
  /** Adds what belongs to the end of the last round. */
  finish(end: ResponseEnd): Promise<Produced[]>
}

/** So many tries in a row that bring nothing end the run. With the longest waits that is about two minutes. */
const maxTries = 30

const lost: ToolResult = { ok: false, errorCode: 'tool_interrupted' }

const worthAnotherTry: ReadonlySet<RejoinErrorCode> = new Set<RejoinErrorCode>([
  'bad_response',
  'rate_limited',
  'stalled',
  'unavailable',
  'unreachable',
])

/**
 * A run whose model calls functions of this server: a response, its calls, and a new response with their results,
 * until one asks for no more. Each begins a round; its parts and steps carry the round's number.
 */
export async function* rounds(context: LoggedContext, options: RoundsOptions): AsyncGenerator<Produced> {
  const { client, tools, maxRounds } = options
  const { signal, left } = context
  const found = left && checkpointIn(left.checkpoint)
  // The process died with a create on its way. Whether there is a response nobody can tell, and it may do its work.
  if (left && (found === null || found.creating)) return yield { type: 'end', outcome: { type: 'failed', code: 'start_unknown' } }

  let place: RoundsCheckpoint | null = found
  let results: { input: readonly ApiObject[]; previous: string } | null = null
  const background = place?.response.background ?? context.background
  let current: string | null = place?.response.id ?? null
  // Not between a create and its name: what nobody can name, nobody can cancel.
  const reading = linkedAbort(undefined)
  const stop = (): void => {
    if (current !== null) reading.abort(signal.reason)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (let round = place?.round ?? 0; ; round += 1) {
      if (round >= maxRounds) return yield { type: 'end', outcome: { type: 'incomplete', reason: 'max_rounds' } }
      const prefix = `${round}:`
      let end: ResponseEnd | null = null
      const batches: AsyncGenerator<ResponseBatch> = oneResponse(place, results, prefix)
      for await (const batch of batches) {
        if (batch.name) current = batch.name.id
        if (batch.name && (batch.events.length > 0 || place === null)) {
          // What a process that has died began stays begun, also where it had not heard of all these events.
          const started: readonly string[] = place?.started ?? []
          place = { round, response: batch.name, after: batch.events.at(-1)?.sequence ?? -1, started, creating: false }
          yield { type: 'entries', entries: batch.events.flatMap(({ entries }) => entries), checkpoint: place }
        }
        end = batch.end
      }
      if (end === null) return yield { type: 'end', outcome: { type: 'failed', code: 'interrupted' } }
      if (end.complete !== true) yield { type: 'entries', entries: (end.parts ?? []).map((part) => ({ type: 'part', part })) }
      const calls: ToolCall[] | null = end.outcome.type === 'completed' ? callsIn(end.output ?? [], tools, prefix) : null
      if (calls === null || calls.length === 0 || place === null || current === null) {
        current = null
        yield* await options.finish(end)
        return
      }
      const told = new Map<string, ApiObject>()
      for await (const { produced, call, result } of makeCalls(calls, place)) {
        if (result) told.set(call.callId, toldOf(call, result))
        yield produced
      }
      // The run is not ours any more: neither are its calls, nor is what follows from them.
      if (told.size < calls.length) return
      // In the order they were asked for.
      const input: ApiObject[] = calls.map(({ callId }) => told.get(callId)).filter((result) => result !== undefined)
      results = { input, previous: current }
      yield { type: 'entries', entries: [], checkpoint: { ...place, creating: true } satisfies RoundsCheckpoint }
      if (!(await context.written())) return
      place = null
      current = null
    }
  } finally {
    signal.removeEventListener('abort', stop)
    // What the model still writes nobody will read.
    if (current !== null && (await context.isOver())) await client.cancel(current, undefined).catch(context.report)
  }

  /** A response to its end. Here is nobody else who would try again. */
  async function* oneResponse(
    at: RoundsCheckpoint | null,
    results: Parameters<RoundsOptions['body']>[0],
    prefix: string,
  ): AsyncGenerator<ResponseBatch> {
    let name = at?.response ?? null
    let after = at?.after ?? -1
    let tries = 0
    while (true) {
      try {
        signal.throwIfAborted()
        const from = name ? { name, after } : { created: await client.create(options.body(results, background), reading.signal) }
        for await (const batch of readResponse(client, from, { ...options.reading(reading.signal), prefix })) {
          name ??= batch.name
          after = batch.events.at(-1)?.sequence ?? after
          if (batch.events.length > 0) tries = 0
          yield batch
          if (batch.end !== null) return
        }
        return
      } catch (error) {
        signal.throwIfAborted()
        if (!isRejoinError(error)) throw error
        const outcome = outcomeOfError(error.code, tries >= maxTries)
        if (outcome !== null) {
          yield { name, events: [], end: bareEnd(outcome, true) }
          return
        }
        tries += 1
        await delay(backoff(tries, error.retryAfterMs ?? 0, false), signal)
      }
    }
  }

  /**
   * Makes the calls side by side, each at most once: that it begins is in the log before it does. What was begun
   * by a process that has died is made again only where that does no harm.
   */
  async function* makeCalls(
    calls: readonly ToolCall[],
    place: RoundsCheckpoint,
  ): AsyncGenerator<{ produced: Produced; call: ToolCall; result?: ToolResult }> {
    const known = new Map(calls.map((call) => [call.callId, knownResult(call, place)]))
    const started = [...new Set([...place.started, ...calls.map(({ callId }) => callId)])]
    const [first] = calls
    if (first === undefined) return
    const begun = calls.filter(({ callId }) => known.get(callId) === null)
    const entries = begun.flatMap((call) => [partOf(call, null), stepOf(call, 'active')])
    yield { produced: { type: 'entries', entries, checkpoint: { ...place, started } satisfies RoundsCheckpoint }, call: first }
    // Somebody else may have taken the run over meanwhile.
    if (!(await context.written())) return

    const { session, runId, user } = context
    const waiting = new Map<string, Promise<{ call: ToolCall; result: ToolResult }>>()
    for (const call of calls) {
      const result = known.get(call.callId) ?? null
      const tool = tools[call.name]
      if (result !== null || tool === undefined) {
        waiting.set(call.callId, Promise.resolve({ call, result: result ?? { ok: false, errorCode: 'tool_failed' } }))
        continue
      }
      const made = makeCall(tool, call, { callId: call.callId, session, runId, user, signal }, context.report)
      waiting.set(call.callId, made.then((result) => ({ call, result })))
    }
    while (waiting.size > 0) {
      // A tool that does not listen to its signal must not keep a run that has been cancelled.
      const { call, result } = await abortable(Promise.race(waiting.values()), signal)
      waiting.delete(call.callId)
      yield { produced: { type: 'entries', entries: [partOf(call, result), stepOf(call, 'done')] }, call, result }
    }
  }

  /** What is known of a call before it is made; `null` where it is to be made. */
  function knownResult(call: ToolCall, place: RoundsCheckpoint): ToolResult | null {
    const part = left?.updates.findLast((update) => isPartOf(update, call))
    const tool = part?.type === 'part' && part.part.type === 'tool' ? part.part : null
    if (tool?.state === 'output-available') return { ok: true, output: tool.output }
    if (tool?.state === 'output-error') return { ok: false, errorCode: failureIn(tool.errorCode) }
    const begun = place.started.includes(call.callId)
    return begun && tools[call.name]?.idempotent !== true ? lost : null
  }
}

/** How the run ends with an error; `null` where it is worth another try. */
function outcomeOfError(code: RejoinErrorCode, tired: boolean): RunOutcome | null {
  if (worthAnotherTry.has(code)) return tired ? { type: 'failed', code: 'overloaded' } : null
  // Nobody outside knows of this response; to the caller it is the run that can not go on.
  return { type: 'failed', code: code === 'expired' ? 'interrupted' : code }
}

/** Ends the response that a checkpoint names. */
export async function stopRound(client: ResponsesClient, checkpoint: unknown): Promise<void> {
  const found = checkpointIn(checkpoint)
  if (found) await client.cancel(found.response.id, undefined)
}

function failureIn(code: string | undefined): Extract<ToolResult, { ok: false }>['errorCode'] {
  return code === 'invalid_input' || code === 'tool_interrupted' ? code : 'tool_failed'
}

function isPartOf(update: LoggedUpdate, { place }: ToolCall): boolean {
  return update.type === 'part' && update.part.id === place
}

function partOf({ place, name, input }: ToolCall, result: ToolResult | null): LogEntry {
  const base = { type: 'tool', id: place, name, input } as const
  if (result === null) return { type: 'part', part: { ...base, state: 'input-available' } satisfies ToolPart }
  return {
    type: 'part',
    part: result.ok
      ? { ...base, state: 'output-available', output: result.output }
      : { ...base, state: 'output-error', errorCode: result.errorCode },
  }
}

function stepOf({ place, name }: ToolCall, state: 'active' | 'done'): LogEntry {
  return { type: 'progress', step: { id: place, label: `Using ${name}`, state } }
}

function checkpointIn(value: unknown): RoundsCheckpoint | null {
  if (!isObject(value) || !isObject(value.response)) return null
  const { round, after, started, response } = value
  if (typeof round !== 'number' || typeof after !== 'number' || typeof response.id !== 'string') return null
  const createdAt = typeof response.createdAt === 'number' ? response.createdAt : null
  return {
    round,
    after,
    started: Array.isArray(started) ? started.filter((id) => typeof id === 'string') : [],
    creating: value.creating === true,
    response: { id: response.id, createdAt, background: response.background === true, stored: response.stored !== false },
  }
}
