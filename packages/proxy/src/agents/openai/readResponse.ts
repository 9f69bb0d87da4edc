import {
  abortable,
  delay,
  isRejoinError,
  linkedAbort,
  pollDelay,
  readEvents,
  RejoinError,
  type PollOptions,
  type RunOutcome,
  type Usage,
} from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { type LogEntry } from '../../logs/eventLog.ts'
import { patient } from '../../patient.ts'
import { parse } from '../json.ts'
import { bodyOf } from '../request.ts'
import { apiResponseOf, type ApiObject, type ApiResponse } from './apiResponse.ts'
import { type ResponsesClient } from './client.ts'
import { conversationOf } from './conversation.ts'
import { createInterpreter, type Reading } from './interpreter.ts'
import { isApprovalRequest } from './openItems.ts'
import { codeOf, elapsedOf, outcomeOf } from './outcome.ts'
import { partsOf, type NamedPart } from './output.ts'
import { isSequence } from './place.ts'

/** What is read of a response at once; nothing at all when a connection to it has just been made. */
export interface ResponseBatch {
  /** `null` until the provider has named it. */
  readonly name: ResponseIdentity | null
  /** Events with their sequence numbers, each with what it comes to. */
  readonly events: readonly ResponseEvent[]
  /** Set once, with the last batch. */
  readonly end: ResponseEnd | null
}

export interface ResponseIdentity {
  readonly id: string
  readonly createdAt: number | null
  readonly background: boolean
  readonly stored: boolean
}

export interface ResponseEvent {
  readonly sequence: number
  readonly entries: readonly LogEntry[]
}

export interface ResponseEnd {
  /** The number of the event that said so, or one that none has had yet. */
  readonly sequence: number
  readonly outcome: RunOutcome
  readonly elapsedMs: number
  /** The whole output as the provider keeps it; `null` where it does not say. */
  readonly parts: readonly NamedPart[] | null
  readonly output: readonly ApiObject[] | null
  /** Whether the stream has said all of `parts`; `null` where that can not be told. */
  readonly complete: boolean | null
  /** Whether it waits for decisions of the person, and can be told them. */
  readonly asks: boolean
  /** What the next turn goes on from; `null` where it can not go on from here. */
  readonly conversation: string | null
  readonly usage: Usage | null
}

export interface ResponseReadOptions {
  /** Silence of a stream after which the response is polled, where it goes on without. Milliseconds. */
  stallMs: number
  /** The same where it is not named yet, or ends with its stream. */
  patienceMs: number
  poll: PollOptions | undefined
  /** Stands before the names of all parts and steps. */
  prefix?: string
  signal: AbortSignal | undefined
}

/** What became of a stream. */
type Left =
  | { readonly ended: true }
  | { readonly ended: false; readonly progressed: boolean; readonly failure: unknown }

/** A stream that brings nothing but signs of life for so many times `stallMs` is taken for one that is silent. */
const quietStalls = 4

/**
 * Reads a response to its end, whatever becomes of its streams: where one closes, breaks or falls silent
 * without a terminal event, the response is polled; while it is still at work, a new stream is asked for, and
 * where there is none to be had (any more), it is polled until it has ended.
 *
 * @param from the answer to a create, or the response to go on with and the last event that has been seen (-1: none)
 * @throws RejoinError what a poll says; `start_unknown` where a create's stream ends before it has named anything;
 * `interrupted` where the only connection of a response is gone, and it with that
 */
export async function* readResponse(
  client: ResponsesClient,
  from: { readonly created: Response } | { readonly name: ResponseIdentity; readonly after: number },
  { stallMs, patienceMs, poll, prefix = '', signal }: ResponseReadOptions,
): AsyncGenerator<ResponseBatch> {
  let name = 'name' in from ? from.name : null
  let sequence = 'name' in from ? from.after : -1
  /** The number of the last event of the stream at hand. */
  let counted = sequence
  let stream = 'created' in from ? from.created : null
  let streamable = true
  let polls = 0
  const interpret = createInterpreter({ prefix, fromStart: sequence < 0 })

  /** Whether a response has ended whose silent stream can not be given up, since it would end with it. */
  async function endBeside({ id }: ResponseIdentity): Promise<ResponseEnd | null> {
    try {
      const { response } = await client.retrieve(id, signal)
      return endOfPolled(response, prefix, sequence + 1)
    } catch (error) {
      // Some know nothing of it until it has ended.
      if (isRejoinError(error)) return null
      throw error
    }
  }

  /** A stream, until it is over or can not be trusted any more, and what became of it. */
  async function* follow(stream: Response): AsyncGenerator<ResponseBatch, Left> {
    if (name !== null) yield { name, events: [], end: null }
    const leg = linkedAbort(signal)
    const source = eventsOf(stream, patienceMs, leg.signal)
    const turns = patient(source)
    let progressed = false
    let newsAt = Date.now()
    try {
      while (true) {
        const turn = await turns.next(stallMs)
        if (turn?.done) break
        const { batch, error } = take(turn?.value ?? [])
        if (batch.events.length > 0) {
          progressed = true
          newsAt = Date.now()
        }
        if (batch.events.length > 0 || batch.end !== null) yield batch
        if (batch.end !== null) return { ended: true }
        if (error?.type === 'error') {
          if (name !== null) break
          // Before anything was named: the provider says that it will not answer.
          yield { name, events: [], end: bareEnd({ type: 'failed', code: codeOf(error.code) }) }
          return { ended: true }
        }
        // Signs of life without news may come from something in between.
        if (turn !== null && Date.now() - newsAt <= quietStalls * stallMs) continue
        if (name?.background) break
        newsAt = Date.now()
        const end = name && (await endBeside(name))
        if (!end) continue
        yield { name, events: [], end }
        return { ended: true }
      }
      return { ended: false, progressed, failure: null }
    } catch (failure) {
      signal?.throwIfAborted()
      if (!isRejoinError(failure)) throw failure
      return { ended: false, progressed, failure }
    } finally {
      leg.release()
      leg.abort(new DOMException('The stream is over.', 'AbortError'))
      void source.return(undefined).catch(() => {})
    }
  }

  /** What of some events is new. Servers that ignore the cursor, or take it as inclusive, send more. */
  function take(events: readonly ApiObject[]): { batch: ResponseBatch; error: Reading | null } {
    const fresh: ResponseEvent[] = []
    for (const event of events) {
      // It carries a number of its own, which is not that of an event.
      if (event.type === 'keepalive') continue
      const next = numberOf(event)
      counted = next
      const reading = next > sequence || isLast(event) ? interpret(event) : null
      if (reading === null) continue
      if (reading.type === 'error') return { batch: { name, events: fresh, end: null }, error: reading }
      if (reading.response !== null) name ??= identityOf(reading.response)
      sequence = Math.max(sequence, next)
      if (reading.type === 'end') return { batch: { name, events: fresh, end: endOf(reading, name, next) }, error: null }
      fresh.push({ sequence: next, entries: reading.entries })
    }
    return { batch: { name, events: fresh, end: null }, error: null }
  }

  /** Servers that send no numbers are counted along; of the first event it is known which one it is. */
  function numberOf({ type, sequence_number: said }: ApiObject): number {
    if (isSequence(said)) return said
    return type === 'response.created' ? 0 : counted + 1
  }

  while (true) {
    signal?.throwIfAborted()
    let progressed = false
    let failure: unknown = null
    if (stream === null && streamable && name !== null) {
      counted = sequence
      try {
        stream = await client.stream(name.id, sequence, signal)
        streamable = stream !== null
      } catch (error) {
        if (!isRejoinError(error) || error.code !== 'stalled') throw error
        failure = error
      }
    }
    if (stream !== null) {
      const left = yield* follow(stream)
      if (left.ended) return
      stream = null
      progressed = left.progressed
      failure = left.failure
    }
    if (name === null) throw new RejoinError('start_unknown', { cause: failure })

    const { response, pollAfterMs = 0 } = await client.retrieve(name.id, signal)
    const end = endOfPolled(response, prefix, sequence + 1)
    // What is not in the background ends with its connection. That is cut, and nobody has stopped it.
    if (end?.outcome.type === 'cancelled' && !name.background) throw new RejoinError('interrupted', { cause: failure })
    if (end !== null) {
      yield { name, events: [], end }
      return
    }
    yield { name, events: [], end: null }
    streamable &&= response.background
    polls = progressed ? 0 : polls + 1
    if (!progressed) await delay(pollDelay(polls, pollAfterMs, poll), signal)
  }
}

/** A server that can not stream answers with the response itself. */
async function* eventsOf(answer: Response, stallMs: number, signal: AbortSignal): AsyncGenerator<ApiObject[]> {
  if (answer.headers.get('content-type')?.startsWith('application/json')) {
    const text = bodyOf(answer)
    const body = parse(await abortable(text, signal))
    const response = apiResponseOf(body)
    if (response === null) throw new RejoinError('bad_response')
    yield [{ type: outcomeOf(response) === null ? 'response.created' : `response.${response.status}`, response: body }]
    return
  }
  for await (const events of readEvents(async () => answer, { stallMs, signal })) {
    // `[DONE]` closes the streams of servers that speak Chat Completions as well.
    yield events.flatMap(({ data }) => {
      const event = parse(data)
      return isObject(event) ? [event] : []
    })
  }
}

/** An end counts whatever its number. */
function isLast({ type }: ApiObject): boolean {
  return type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed' || type === 'response.cancelled'
}

function identityOf({ id, createdAt, background, stored }: ApiResponse): ResponseIdentity {
  return { id, createdAt, background, stored }
}

function endOf({ outcome, response, parts, complete }: Extract<Reading, { type: 'end' }>, name: ResponseIdentity | null, sequence: number): ResponseEnd {
  const elapsedMs = elapsedOf(response ?? { createdAt: name?.createdAt ?? null, completedAt: null })
  const output = response?.output ?? null
  const told = toldAtEnd(response ?? name, outcome, output)
  return { sequence, elapsedMs, parts, output, complete, usage: response?.usage ?? null, ...told }
}

/** How a response stands that has been asked for; `null` while it runs. */
export function endOfPolled(response: ApiResponse, prefix: string, sequence: number): ResponseEnd | null {
  const outcome = outcomeOf(response)
  if (outcome === null) return null
  const { output, usage } = response
  const parts = output === null ? null : partsOf(output, prefix)
  const told = toldAtEnd(response, outcome, output)
  return { sequence, elapsedMs: elapsedOf(response), parts, output, complete: false, usage, ...told }
}

/** A question that nobody can answer, since nothing was kept that could be gone on from, is no question. */
function toldAtEnd(
  name: Pick<ResponseIdentity, 'id' | 'stored'> | null,
  outcome: RunOutcome,
  output: readonly ApiObject[] | null,
): Pick<ResponseEnd, 'outcome' | 'asks' | 'conversation'> {
  const conversation = name && conversationOf(name, outcome, output)
  const asks = outcome.type === 'completed' && (output ?? []).some(isApprovalRequest)
  if (!asks || conversation !== null) return { outcome, asks, conversation }
  return { outcome: { type: 'incomplete', reason: 'approval_required' }, asks: false, conversation }
}

/** An end that says nothing but how. */
export function bareEnd(outcome: RunOutcome, complete: boolean | null = null): ResponseEnd {
  return { sequence: 0, outcome, elapsedMs: 0, parts: null, output: null, complete, asks: false, conversation: null, usage: null }
}
