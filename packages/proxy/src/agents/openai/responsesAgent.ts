import { type Agent, type AgentRunOptions, type PollOptions } from '@rejoin/core'
import { memoryEventLog } from '../../logs/memory.ts'
import { handleOf, type Owner } from '../logged/handle.ts'
import { loggedAgent, type LoggedAgentOptions } from '../logged/loggedAgent.ts'
import { type Produced } from '../logged/produce.ts'
import { type ApiObject } from './apiResponse.ts'
import { createResponsesClient, type Endpoint } from './client.ts'
import { previousIn } from './conversation.ts'
import { inputOf } from './input.ts'
import { type ResponseEnd, type ResponseReadOptions } from './readResponse.ts'
import { jsonSchemaOf } from './schema.ts'
import { formatOf, withOutput, type OutputOptions } from './structuredOutput.ts'
import { thinAgent } from './thinAgent.ts'
import { rounds, stopRound } from './tools/rounds.ts'
import { type AnyInputs, type Tools } from './tools/tool.ts'

/** What an agent on a Responses API can be told, wherever that is. */
export interface ResponsesAgentOptions<Inputs extends AnyInputs = AnyInputs> extends LoggedAgentOptions {
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
  /**
   * Functions of the app's own, run on this server. A run of an agent that has any is a logged run: it is this
   * process that works on it, so `log`, `leaseMs` and the others of a logged agent count for it, and for no other.
   */
  tools?: Tools<Inputs> | undefined
  /** A run that has had so many responses ends as `incomplete`, reason `max_rounds`; the calls of the last are made. @default 32 */
  maxRounds?: number | undefined
  /** @default the global fetch, looked up at each request */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /**
   * After so long a silence the stream of a response in the background is not trusted, and the response polled.
   * Milliseconds. @default 30000
   */
  stallMs?: number | undefined
  /**
   * A start whose answer has not begun by then is `start_unknown`. A response that is not named yet, or not in the
   * background, may be silent for as long. Milliseconds; Node's own fetch waits no longer than the default.
   * @default 300000
   */
  startMs?: number | undefined
  /** A poll or a stop that is not answered by then, or a stream that has not begun, is tried again. Milliseconds. @default 15000 */
  answerMs?: number | undefined
  /** How often a response is asked for whose stream can not be had any more. */
  poll?: PollOptions | undefined
}

/** An agent on a Responses API: thin without tools of the app's own, logged with them. */
export function responsesAgent(endpoint: Omit<Endpoint, 'fetch'>, options: ResponsesAgentOptions): Agent {
  const { stallMs = 30_000, startMs = 300_000, answerMs = 15_000, maxRounds = 32, poll, output, fetch, tools } = options
  const client = createResponsesClient({ ...endpoint, fetch }, { startMs, answerMs })
  const reading = (signal: AbortSignal | undefined): ResponseReadOptions => ({ stallMs, patienceMs: startMs, poll, signal })
  const fields = fieldsOf(options)

  function body(content: ApiObject, background: boolean = options.background ?? false): ApiObject {
    // Said, and not left to the account: what is not stored can not be resumed.
    const store = background || options.body?.store !== false
    return { ...fields, ...content, stream: true, background, store }
  }

  if (tools === undefined || Object.keys(tools).length === 0) return thinAgent({ client, body, reading, output })

  const log = options.log ?? memoryEventLog({ retentionMs: options.retentionMs })

  async function wasPassedOver(asked: Owner): Promise<boolean> {
    const head = await log.peek(handleOf(asked))
    return head !== null && head.answeredBy === null
  }

  async function finish(end: ResponseEnd): Promise<Produced[]> {
    const { outcome, part } = output ? await withOutput(output, end) : { outcome: end.outcome, part: null }
    const { conversation, usage } = end
    const last: Produced = { type: 'end', outcome, ...(conversation !== null && { conversation }), ...(usage && { usage }) }
    return part === null ? [last] : [{ type: 'entries', entries: [{ type: 'part', part }] }, last]
  }

  const logged = loggedAgent(
    {
      read: (context) =>
        rounds(context, {
          client,
          tools,
          maxRounds,
          reading,
          finish,
          background: options.background ?? false,
          body,
          wasPassedOver: (runId) => wasPassedOver({ user: context.user, runId }),
        }),
      produced: (produced: Produced) => produced,
      goesOn: true,
      keepsMessages: false,
      stop: (checkpoint) => stopRound(client, checkpoint),
    },
    { ...options, log },
  )
  return {
    ...logged,
    async run(messages, run) {
      inputOf(messages)
      return await logged.run(messages, goingOn(run))
    },
    runStreaming(messages, run) {
      // A message that the model can not be given starts no run.
      inputOf(messages)
      return logged.runStreaming(messages, goingOn(run))
    },
  }
}

/** What has asked waits no more where a turn goes on from there without an answer, whoever says so. */
function goingOn(run: AgentRunOptions): AgentRunOptions {
  const asked = run.conversation == null ? null : (previousIn(run.conversation)?.askedBy ?? null)
  return asked === null ? run : { ...run, passesOver: [...(run.passesOver ?? []), asked] }
}

/** What every create request of an agent says. */
function fieldsOf({ model, instructions, output, tools = {}, body = {} }: ResponsesAgentOptions): ApiObject {
  const own = Object.entries(tools).map(([name, { description, inputSchema, strict = false }]) => {
    return { type: 'function', name, description, parameters: jsonSchemaOf(inputSchema, 'input'), strict }
  })
  const given = Array.isArray(body.tools) ? body.tools : []
  const text = typeof body.text === 'object' && body.text !== null ? body.text : {}
  return {
    ...body,
    ...(own.length > 0 && { tools: [...given, ...own] }),
    ...(instructions !== undefined && { instructions }),
    ...(output && { text: { ...text, ...formatOf(output) } }),
    model,
  }
}
