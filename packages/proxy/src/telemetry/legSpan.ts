import { SpanStatusCode, trace, type Attributes, type Context, type SpanContext, type SpanKind, type Tracer } from '@opentelemetry/api'
import {
  isClosing,
  isCursor,
  isDelta,
  isOutcome,
  newRun,
  reduce,
  type AgentResponse,
  type ChatMessage,
  type MessagePart,
  type RunOutcome,
  type RunPause,
  type Update,
  type Usage,
} from '@rejoin/core'
import { safeState } from '../leg/outcome.ts'
import { inputOf, outputOf } from './content.ts'
import { attribute, errorType, finishReason, operationOf, statusOf, type LegKind } from './semantics.ts'

/** How every span of an agent is made. */
export interface SpanMaker {
  readonly tracer: Tracer
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  readonly content: boolean
}

/** What is known of a leg before it begins. */
export interface LegStart {
  readonly kind: LegKind
  readonly runId: string
  readonly session: string
  readonly messages: readonly ChatMessage[]
  readonly streams: boolean
  /** Where a stream goes on. */
  readonly cursor: string | null
  /** The run's first span, where its token tells it. */
  readonly first: SpanContext | null
  readonly parent: Context
  readonly signal: AbortSignal | undefined
}

/** The span of one leg. It ends once; whatever is told it later is passed over. */
export interface LegSpan {
  /** What the agent does for this leg belongs in here. */
  readonly context: Context
  /** `null` where nobody traces. */
  readonly spanContext: SpanContext | null
  /** Updates that arrived together. One that closes the leg is the last of them. */
  saw(updates: readonly Update[]): void
  answered(response: AgentResponse): void
  failed(error: unknown): void
  /** The stream is over and has not said how the run is. */
  cut(): void
  /** Nobody wants any more of it. */
  left(): void
}

export function startLegSpan(maker: SpanMaker, start: LegStart): LegSpan {
  const { signal, parent } = start
  const began = performance.now()
  const span = maker.tracer.startSpan(spanName(maker, start), spanOptions(maker, start), parent)
  const spanContext = span.spanContext()
  const recording = span.isRecording()
  const gathered = recording && maker.content ? gather(start) : null
  let updates = 0
  let spoke = false
  let over = false
  signal?.addEventListener('abort', left, { once: true })

  function end(how: 'closed' | 'failed' | 'cut' | 'left', attributes: Attributes = {}): void {
    if (over) return
    over = true
    signal?.removeEventListener('abort', left)
    span.setAttributes({ ...attributes, [attribute.legEnd]: how })
    if (start.streams) span.setAttribute(attribute.updates, updates)
    if (gathered) span.setAttribute(attribute.output, outputOf(gathered.parts(), String(attributes[attribute.finishReasons] ?? how)))
    if (attribute.error in attributes) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
  }

  function close(state: AgentResponse['state'], usage: Usage | undefined): void {
    const safe = safeState(state)
    end('closed', {
      [attribute.status]: statusOf(safe),
      ...(isOutcome(safe) || safe.type === 'paused' ? ended(start.kind, safe) : {}),
      ...(usage && { [attribute.inputTokens]: usage.inputTokens, [attribute.outputTokens]: usage.outputTokens }),
    })
  }

  function left(): void {
    end('left')
  }

  return {
    context: trace.setSpan(parent, span),
    spanContext: trace.isSpanContextValid(spanContext) ? spanContext : null,
    saw(batch) {
      if (over || !recording) return
      updates += batch.length
      if (!spoke && batch.some(speaks)) {
        spoke = true
        span.setAttribute(attribute.firstChunk, (performance.now() - began) / 1000)
      }
      gathered?.add(batch)
      const last = batch.at(-1)
      if (last === undefined || !isClosing(last)) return
      close(last.type === 'end' ? last.outcome : { type: 'paused', reason: last.reason }, last.usage)
    },
    answered(response) {
      gathered?.take(response.message.parts)
      close(response.state, response.usage)
    },
    failed(error) {
      if (signal?.aborted) left()
      else end('failed', { [attribute.error]: errorType(error) })
    },
    cut() {
      end('cut')
    },
    left,
  }
}

function spanName({ name }: SpanMaker, { kind }: LegStart): string {
  const operation = operationOf(kind)
  return kind === 'start' ? `${operation} ${name}` : operation
}

function spanOptions(maker: SpanMaker, start: LegStart): Parameters<Tracer['startSpan']>[1] {
  const { kind, runId, session, messages, streams, cursor, first } = start
  return {
    kind: maker.kind,
    links: first === null ? [] : [{ context: first }],
    attributes: {
      ...maker.attributes,
      [attribute.operation]: operationOf(kind),
      [attribute.agent]: maker.name,
      [attribute.conversation]: session,
      [attribute.run]: runId,
      [attribute.leg]: kind,
      ...(streams && { [attribute.stream]: true }),
      ...(cursor !== null && isCursor(cursor) && { [attribute.cursor]: cursor }),
      ...(maker.content && messages.length > 0 && { [attribute.input]: inputOf(messages) }),
    },
  }
}

/** A run that has failed is the failure of the leg that began it. To have heard of it is none. */
function ended(kind: LegKind, state: RunOutcome | RunPause): Attributes {
  const reason = finishReason(state)
  return {
    ...(reason !== null && { [attribute.finishReasons]: [reason] }),
    ...(kind === 'start' && state.type === 'failed' && { [attribute.error]: state.code }),
  }
}

function speaks(update: Update): boolean {
  return isDelta(update) || update.type === 'part' || (update.type === 'snapshot' && update.parts.length > 0)
}

/** What a leg brings of the answer. */
function gather({ runId, session }: LegStart): {
  add(updates: readonly Update[]): void
  take(parts: readonly MessagePart[]): void
  parts(): readonly MessagePart[]
} {
  let run = newRun({ id: runId, session, message: null, createdAt: 0 })
  let whole: readonly MessagePart[] | null = null
  return {
    add(updates) {
      for (const update of updates) run = reduce(run, update)
    },
    take(parts) {
      whole = parts
    },
    parts: () => whole ?? run.parts,
  }
}
