import { context, SpanKind, trace, type Attributes, type Context, type SpanContext, type Tracer } from '@opentelemetry/api'
import {
  assertRunInput,
  batchesOf,
  cursorLength,
  streamOf,
  type Agent,
  type AgentCancelOptions,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
  type UpdateBatch,
} from '@rejoin/core'
import { splitFirstSpan, withFirstSpan } from './firstSpan.ts'
import { startLegSpan, type LegSpan, type SpanMaker } from './legSpan.ts'
import { pulledWithin, type Pulls } from './pulls.ts'
import { attribute, type LegKind } from './semantics.ts'

/** What the spans of an agent say, beside what happens. */
export interface TracedOptions {
  /** What the agent is called in traces: `gen_ai.agent.name`. */
  name: string
  /** Who runs the model: `openai`, `azure.ai.openai`, … (`gen_ai.provider.name`). @default `rejoin`: an agent in this process */
  provider?: string | undefined
  /** `gen_ai.request.model`. @default not told */
  model?: string | undefined
  /**
   * Whether the agent works behind a network: its spans are of the kind `CLIENT` then, and `INTERNAL` otherwise.
   * @default whether there is a `provider`
   */
  remote?: boolean | undefined
  /** Further attributes of each span: `server.address`, `gen_ai.agent.version`, … @default none */
  attributes?: Attributes | undefined
  /**
   * Writes what is asked and answered into the spans, as `gen_ai.input.messages` and `gen_ai.output.messages`. This is
   * personal data, and it may be long. @default false
   */
  content?: boolean | undefined
  /** What makes the spans. @default that of the SDK which the app has set up, by the name `@rejoin/proxy` */
  tracer?: Tracer | undefined
}

/**
 * An agent that makes one OpenTelemetry span of each of its legs (starts, resumed streams, polls, cancels), with the names of the
 * GenAI conventions. Otherwise it is the agent that it is given.
 *
 * A run's first span goes into its continuation tokens, so that its further legs have a link to it, in other
 * processes too. Tokens of the bare agent are good for the traced one; those of the traced one are not good for the
 * bare one.
 */
export function traced(agent: Agent, options: TracedOptions): Agent {
  const maker = spanMaker(options)

  function begin(kind: LegKind, call: Call, parent: Context): LegSpan {
    const { runId, session, signal } = call.options
    const { messages = [], streams = false, token, first } = call
    const cursor = kind === 'resume' && token !== null ? token.slice(-cursorLength) : null
    return startLegSpan(maker, { kind, runId, session, messages, streams, cursor, first, parent, signal })
  }

  async function asked(kind: LegKind, call: Call, ask: (first: SpanContext | null) => Promise<AgentResponse>): Promise<AgentResponse> {
    const leg = begin(kind, call, context.active())
    const first = firstOf(call, leg)
    try {
      const response = await context.with(leg.context, ask, undefined, first)
      leg.answered(response)
      const { continuationToken: token, handle } = response
      return {
        ...response,
        ...(handle !== undefined && { handle: withFirstSpan(handle, first) }),
        continuationToken: token === null ? null : withFirstSpan(token, first),
      }
    } catch (error) {
      leg.failed(error)
      throw error
    }
  }

  const { startsOnce, list } = agent
  return {
    ...(startsOnce !== undefined && { startsOnce }),
    ...(list && { list: (listOptions) => list.call(agent, listOptions) }),
    async run(messages, given) {
      assertRunInput(messages, given)
      const call = callOf(given)
      const kind = messages.length > 0 ? 'start' : 'poll'
      return await asked(kind, { ...call, messages }, (first) => agent.run(messages, namedFor(call.options, first)))
    },
    runStreaming(messages, given) {
      const call = { ...callOf(given), messages, streams: true }
      const kind = messages.length > 0 ? 'start' : 'resume'
      const parent = context.active()
      const stream = agent.runStreaming(messages, call.options)
      function pulls(): Pulls<UpdateBatch> {
        const leg = begin(kind, call, parent)
        return pullsOf(leg, firstOf(call, leg))
      }
      return streamOf(() => pulledWithin(() => batchesOf(stream), pulls))
    },
    async cancel(given) {
      const call = callOf(given)
      return await asked('cancel', call, () => agent.cancel(call.options))
    },
  }
}

/** What the agent is asked, with its own token. */
interface Call<Options extends AgentRunOptions | AgentCancelOptions = AgentRunOptions | AgentCancelOptions> {
  readonly options: Options
  readonly messages?: readonly ChatMessage[]
  readonly streams?: boolean
  readonly token: string | null
  readonly first: SpanContext | null
}

function callOf<Options extends AgentRunOptions | AgentCancelOptions>(options: Options): Call<Options> {
  const given = options.continuationToken
  if (given == null) return { options, token: null, first: null }
  const { token, first } = splitFirstSpan(given)
  return { options: { ...options, continuationToken: token }, token, first }
}

/** A token keeps what it has, so that its length stays; who was called without one has nothing older than this leg. */
function firstOf({ token, first }: Call, leg: LegSpan): SpanContext | null {
  return token === null ? leg.spanContext : first
}

/** Whoever hears how its tokens begin hears it as they do. */
function namedFor(options: AgentRunOptions, first: SpanContext | null): AgentRunOptions {
  const { named } = options
  return named ? { ...options, named: (handle) => named(withFirstSpan(handle, first)) } : options
}

function spanMaker({ tracer, name, provider, model, remote = provider !== undefined, attributes, content = false }: TracedOptions): SpanMaker {
  return {
    tracer: tracer ?? trace.getTracer('@rejoin/proxy'),
    name,
    kind: remote ? SpanKind.CLIENT : SpanKind.INTERNAL,
    attributes: {
      ...attributes,
      [attribute.provider]: provider ?? 'rejoin',
      ...(model !== undefined && { [attribute.model]: model }),
    },
    content,
  }
}

function pullsOf(leg: LegSpan, first: SpanContext | null): Pulls<UpdateBatch> {
  return {
    context: leg.context,
    pulled(batch) {
      leg.saw(batch.updates)
      return batch.handle === null || first === null ? batch : { handle: withFirstSpan(batch.handle, first), updates: batch.updates }
    },
    over: leg.cut,
    failed: leg.failed,
    left: leg.left,
  }
}
