import {
  abortable,
  answersIn,
  backoff,
  delay,
  isRejoinError,
  linkedAbort,
  type RejoinErrorCode,
  type RequestPart,
  type RunOutcome,
  type ToolPart,
  type Usage,
} from '@rejoin/core'
import { type LogEntry, type LoggedUpdate } from '../../../logs/eventLog.ts'
import { type LoggedContext } from '../../logged/loggedAgent.ts'
import { requestName } from '../../logged/requestId.ts'
import { type Produced } from '../../logged/produce.ts'
import { type ApiObject } from '../apiResponse.ts'
import { type ResponsesClient } from '../client.ts'
import { askedIn } from '../conversation.ts'
import { bareEnd, readResponse, type ResponseBatch, type ResponseEnd, type ResponseReadOptions } from '../readResponse.ts'
import { approvalRequest } from '../output.ts'
import { contentOf, turnOf, type Turn } from '../turn.ts'
import { callsIn, makeCall, needsApproval, toldOf, type ToolCall, type ToolFailure, type ToolResult } from './call.ts'
import { checkpointIn, type RoundsCheckpoint } from './checkpoint.ts'
import { owedBy, passedOver, type DecidedCall, type Owed } from './decided.ts'
import { type ToolContext, type Tools } from './tool.ts'

export interface RoundsOptions {
  client: ResponsesClient
  tools: Tools
  maxRounds: number
  /** Whether the provider goes on by itself, for runs that do not say so. */
  background: boolean
  /** The create request of a round. */
  body(content: ApiObject, background: boolean): ApiObject
  reading(signal: AbortSignal): ResponseReadOptions
  /** Adds what belongs to the end of the last round, whose `usage` is that of all of them. */
  finish(end: ResponseEnd): Promise<Produced[]>
  /** Whether what a run has asked was never answered, so that none of its calls was made. */
  wasPassedOver(runId: string): Promise<boolean>
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
 *
 * Where the person has to be asked, the run ends in its question before any call of that response is made. The run
 * that answers makes them first: what they are is read from that response, at the provider.
 */
export async function* rounds(context: LoggedContext, options: RoundsOptions): AsyncGenerator<Produced> {
  const { client, tools, maxRounds } = options
  const { signal, left } = context
  const found = left && checkpointIn(left.checkpoint)
  // The process died with a create on its way. Whether there is a response nobody can tell, and it may do its work.
  if (found?.creating) return yield failed('start_unknown')

  let background = found?.response.background ?? context.background ?? options.background
  let place: RoundsCheckpoint | null = found
  let usage: Usage | null = found?.usage ?? null
  let content: ApiObject = {}
  let owed: Owed | null = found?.owed ?? null
  if (found === null) {
    // Nothing is sent before a run with calls to make has noted them, so that whoever takes it over may begin anew.
    if (left && !owesAnswers(context)) return yield failed('start_unknown')
    const turn = await readTurn()
    if ('code' in turn) return yield failed(turn.code)
    owed = owedBy(turn, tools)
    if (left && owed === null) return yield failed('start_unknown')
    // As the response that has asked: what the run itself said is not known any more.
    if (left) background = turn.background ?? background
    const unanswered = turn.askedBy !== null && (await options.wasPassedOver(turn.askedBy))
    content = contentOf(turn, unanswered ? (one) => passedOver(one, tools) : undefined)
  }
  /** Of the last response that has ended. */
  let conversation: string | null = null
  let current: string | null = owed ? null : (place?.response.id ?? null)
  // Not between a create and its name: what nobody can name, nobody can cancel.
  const reading = linkedAbort(undefined)
  const stop = (): void => {
    if (current !== null) reading.abort(signal.reason)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (owed !== null) {
      const response = { id: owed.previous, createdAt: null, background, stored: true }
      const at = place ?? { round: 0, response, after: -1, started: [], creating: false, usage: null, owed }
      const results = yield* made(await Promise.all(owed.calls.map(ifAllowed)), at)
      if (results === null) return
      content = { input: [...results, ...owed.input], previous_response_id: owed.previous }
      place = null
    }
    for (let round = place?.round ?? 0; ; round += 1) {
      if (round >= maxRounds) return yield { type: 'end', outcome: { type: 'incomplete', reason: 'max_rounds' }, ...told() }
      const prefix = `${round}:`
      let end: ResponseEnd | null = null
      const batches: AsyncGenerator<ResponseBatch> = oneResponse(place, content, prefix)
      for await (const batch of batches) {
        if (batch.name) current = batch.name.id
        if (batch.name && (batch.events.length > 0 || place === null)) {
          // What a process that has died began stays begun, also where it had not heard of all these events.
          const started: readonly string[] = place?.started ?? []
          const after = batch.events.at(-1)?.sequence ?? -1
          place = { round, response: batch.name, after, started, creating: false, usage, owed: null }
          yield { type: 'entries', entries: batch.events.flatMap(({ entries }) => entries).filter(isNoRequest), checkpoint: place }
        }
        end = batch.end
      }
      if (end === null) return yield failed('interrupted')
      if (end.complete !== true) {
        const entries = (end.parts ?? []).map((part): LogEntry => ({ type: 'part', part }))
        yield { type: 'entries', entries: entries.filter(isNoRequest) }
      }
      usage = sumOf(usage, end.usage)
      conversation = end.conversation
      const calls: ToolCall[] | null = end.outcome.type === 'completed' ? callsIn(end.output ?? [], tools, prefix) : null
      // Where a process that has died has begun them, nothing had to be asked, whatever the rule says now.
      const begun: boolean = calls?.some(({ callId }) => place?.started.includes(callId)) ?? false
      const requests: RequestPart[] = begun ? [] : [...requestsOf(end), ...(await requestsFor(calls ?? []))]
      if (requests.length > 0) {
        current = null
        if (conversation !== null) {
          conversation = askedIn(conversation, context.runId)
          return yield { type: 'pause', reason: 'approval', requests, ...told() }
        }
        return yield { type: 'end', outcome: { type: 'incomplete', reason: 'approval_required' }, ...told() }
      }
      if (calls === null || calls.length === 0 || place === null || current === null) {
        current = null
        yield* await options.finish({ ...end, usage })
        return
      }
      const results: readonly ApiObject[] | null = yield* made(calls, place)
      if (results === null) return
      content = { input: results, previous_response_id: current }
      place = null
      current = null
    }
  } finally {
    signal.removeEventListener('abort', stop)
    // What the model still writes nobody will read.
    if (current !== null && (await context.isOver())) await client.cancel(current, undefined).catch(context.report)
  }

  /** What the run has come to. */
  function told(): { conversation?: string; usage?: Usage } {
    return { ...(conversation !== null && { conversation }), ...(usage && { usage }) }
  }

  /** What the start says. Nothing has been started where that can not be known. */
  async function readTurn(): Promise<Turn | { readonly code: RejoinErrorCode }> {
    const { messages, conversation } = context
    for (let tries = 1; ; tries += 1) {
      try {
        return await turnOf(messages, { conversation, signal }, client, requestName)
      } catch (error) {
        signal.throwIfAborted()
        if (!isRejoinError(error)) throw error
        if (!worthAnotherTry.has(error.code) || tries > maxTries) return { code: error.code }
        await delay(backoff(tries, error.retryAfterMs ?? 0, false), signal)
      }
    }
  }

  /** What a response has asked of the person itself, under ids of this run. */
  function requestsOf({ asks, parts }: ResponseEnd): RequestPart[] {
    if (!asks || parts === null) return []
    return parts.flatMap((part) => (part.type === 'request' ? [{ ...part, id: context.requestId(part.id) }] : []))
  }

  async function requestsFor(calls: readonly ToolCall[]): Promise<RequestPart[]> {
    const asked: RequestPart[] = []
    for (const call of calls) {
      const tool = tools[call.name]
      if (tool === undefined || !(await needsApproval(tool, call, contextOf(call), context.report))) continue
      asked.push(approvalRequest(context.requestId(call.callId), call.name, call.input))
    }
    return asked
  }

  /** Nobody has said yes to what nobody was asked about. */
  async function ifAllowed(call: DecidedCall): Promise<DecidedCall> {
    const needed = call.decision === null && (await requestsFor([call])).length > 0
    return needed ? { ...call, decision: { approved: false, text: null } } : call
  }

  function contextOf({ callId }: ToolCall): ToolContext {
    const { session, runId, user } = context
    return { callId, session, runId, user, signal }
  }

  /** Makes calls, and gives what the next create says of them; `null` where the run is not ours any more. */
  async function* made(calls: readonly (ToolCall | DecidedCall)[], at: RoundsCheckpoint): AsyncGenerator<Produced, ApiObject[] | null> {
    const told = new Map<string, ApiObject>()
    for await (const { produced, call, result } of makeCalls(calls, at)) {
      if (result) told.set(call.callId, toldOf(call, result))
      yield produced
    }
    if (told.size < calls.length) return null
    yield { type: 'entries', entries: [], checkpoint: { ...at, creating: true } satisfies RoundsCheckpoint }
    if (!(await context.written())) return null
    // In the order they were asked for.
    return calls.map(({ callId }) => told.get(callId)).filter((result) => result !== undefined)
  }

  /** A response to its end. Here is nobody else who would try again. */
  async function* oneResponse(
    at: RoundsCheckpoint | null,
    content: ApiObject,
    prefix: string,
  ): AsyncGenerator<ResponseBatch> {
    let name = at?.response ?? null
    let after = at?.after ?? -1
    let tries = 0
    while (true) {
      try {
        signal.throwIfAborted()
        const from = name ? { name, after } : { created: await client.create(options.body(content, background), reading.signal) }
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
        // Only the first goes on from what others may have lost; the rest from what this run has made itself.
        const code = error.code === 'conversation_lost' && at === null && prefix !== '0:' ? 'interrupted' : error.code
        const outcome = outcomeOfError(code, tries >= maxTries)
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
    calls: readonly (ToolCall | DecidedCall)[],
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

    const waiting = new Map<string, Promise<{ call: ToolCall; result: ToolResult }>>()
    for (const call of calls) {
      const result = known.get(call.callId) ?? null
      const tool = tools[call.name]
      if (result !== null || tool === undefined) {
        waiting.set(call.callId, Promise.resolve({ call, result: result ?? { ok: false, errorCode: 'tool_failed' } }))
        continue
      }
      const made = makeCall(tool, call, contextOf(call), context.report)
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
  function knownResult(call: ToolCall | DecidedCall, place: RoundsCheckpoint): ToolResult | null {
    const decision = 'decision' in call ? call.decision : null
    if (decision?.approved === false) return { ok: false, errorCode: 'tool_rejected', reason: decision.text }
    const part = left?.updates.findLast((update) => isPartOf(update, call))
    const tool = part?.type === 'part' && part.part.type === 'tool' ? part.part : null
    if (tool?.state === 'output-available') return { ok: true, output: tool.output }
    if (tool?.state === 'output-error') return { ok: false, errorCode: failureIn(tool.errorCode) }
    const begun = place.started.includes(call.callId)
    return begun && tools[call.name]?.idempotent !== true ? lost : null
  }
}

function owesAnswers({ messages }: LoggedContext): boolean {
  return messages.slice(-1).flatMap(answersIn).length > 0
}

function failed(code: RejoinErrorCode): Produced {
  return { type: 'end', outcome: { type: 'failed', code } }
}

/** Questions are told once all of them are known, under names of the run's own. */
function isNoRequest(entry: LogEntry): boolean {
  return entry.type !== 'part' || entry.part.type !== 'request'
}

function sumOf(one: Usage | null, other: Usage | null): Usage | null {
  if (one === null || other === null) return one ?? other
  return { inputTokens: one.inputTokens + other.inputTokens, outputTokens: one.outputTokens + other.outputTokens }
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
  if (found && found.owed === null) await client.cancel(found.response.id, undefined)
}

function failureIn(code: string | undefined): ToolFailure {
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
