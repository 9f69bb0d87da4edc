import { header, isRejoinError, protocolVersion, type Agent } from '@rejoin/core'
import { callerOf, type Authorize } from './authorize.ts'
import { type Call, type ErrorPlace, type History, type Known, type ProxyContext } from './context.ts'
import { type ProxyEvent } from './events.ts'
import { callHook } from './hook.ts'
import { methodNotAllowed, problem, refusalIn } from './http/problem.ts'
import { matchRoute, type Route } from './http/route.ts'
import { createWholeAnswers } from './leg/wholeAnswers.ts'
import { memoryRunRegistry } from './registry/memory.ts'
import { type RecordMessage } from './record/record.ts'
import { createRecorder } from './record/recorder.ts'
import { type RunRegistry } from './registry/registry.ts'
import { cancelRun } from './routes/cancel.ts'
import { openLeg } from './routes/leg.ts'
import { listRuns } from './routes/list.ts'
import { startRun } from './routes/start.ts'
import { createTeller } from './teller.ts'
import { createConversationSealer } from './token/conversations.ts'
import { createKeyRing, type Secret } from './token/keyRing.ts'
import { createSealer } from './token/sealer.ts'

/** What a proxy serves, to whom, and within which limits. */
export interface AgentProxyOptions {
  /** What answers. */
  agent: Agent
  /**
   * Seals continuation tokens and conversations: at least 32 random characters. Several while one replaces another: the first
   * seals, all of them open. Missing or short ones throw when the proxy is made.
   */
  secret: Secret | undefined
  /**
   * Whose request it is: `{ user }`, or `null` for a page that is open to everybody. An empty user or a
   * throw is answered with 401. It must not read the request's body.
   */
  authorize: Authorize
  /**
   * The earlier messages of a conversation, oldest first. Called once per run, before it starts. The agent is told them
   * and the new message.
   * @default the new message alone, and which conversation of the agent's it goes on with
   */
  history?: History | undefined
  /**
   * Saves what is said in the app's own database: each message of the person once its start has not been refused, and after
   * it the answer, when its run waits for the person and when it has ended, whoever is connected or nobody. It is called once
   * for each of them as long as no process dies and it does not throw; so put a message in the place of one with the same id.
   *
   * Where it throws, it is tried again up to 16 times within about an hour; for an answer, after that with a later request of
   * the caller.
   * Wants a process that lives, or `waitUntil`. @default nothing is saved
   */
  record?: RecordMessage | undefined
  /** Which runs there are. Several processes share one. @default memoryRunRegistry({ retentionMs }) */
  registry?: RunRegistry | undefined
  /** Where the proxy is mounted: `/api/agent`. @default whatever comes before `/runs` */
  basePath?: string | undefined
  /** How long a token can be used after it was last sealed, in milliseconds. `Infinity`: for ever. @default 86400000 (24 h) */
  retentionMs?: number | undefined
  /** How long a turn can be gone on from where the agent keeps the conversation, in milliseconds. @default 2592000000 (30 days) */
  conversationMs?: number | undefined
  /**
   * A stream that has nothing to say says so this often, and who asks without one for a start that takes its time is told so long after
   * to ask again. Milliseconds. @default 5000
   */
  heartbeatMs?: number | undefined
  /** How long the headers wait for the agent's first word, which may be an error, in milliseconds. @default 1000 */
  firstBatchMs?: number | undefined
  /** A leg without an update for this long is closed, in milliseconds; its run goes on. @default 300000 */
  idleMs?: number | undefined
  /** Larger requests are answered with 413. @default 65536 (64 KiB) */
  maxBodyBytes?: number | undefined
  /** With so many at work, further starts of one caller are answered with 429. Does not hold for `null`. @default 20 */
  maxRunsPerCaller?: number | undefined
  /**
   * What was thrown on this side, and where; responses hold our own sentences only. By default the console says
   * that something was thrown, and not what: it may hold what a person or a provider wrote.
   */
  onError?: ((error: unknown, where: ErrorPlace) => void) | undefined
  /**
   * What happens here, for a log: ids and numbers, and nothing of what is asked and answered. What it throws, or rejects with, is passed over.
   * @default nobody hears of it
   */
  onEvent?: ((event: ProxyEvent) => void) | undefined
}

/** What some runtimes hand over with a request. */
export interface HandlerContext {
  /** Keeps the process alive until a task has ended. */
  waitUntil?: ((task: Promise<unknown>) => void) | undefined
}

/**
 * A web-standard handler. Of what a runtime or a framework hands over beside the request, only `waitUntil` is used;
 * whatever else that is, the handler can be given to it as it is.
 */
export type AgentProxy = (request: Request, context?: HandlerContext | object) => Promise<Response>

/**
 * Serves an agent to browsers: starts, resumes, polls, stops and lists runs. Keeps no text, but for one case: what comes whole to a start without
 * a stream, from an agent that gives it no name, stays in memory for five minutes, since whoever asked may not have got it.
 * @throws TypeError for a missing or short secret, or without `authorize`
 */
export function createAgentProxy(options: AgentProxyOptions): AgentProxy {
  const { authorize, basePath, retentionMs = 86_400_000 } = options
  if (typeof authorize !== 'function') {
    throw new TypeError(
      'createAgentProxy has no `authorize`, so it can not tell whose runs are whose. Return { user } from it, or give () => null for a page that is open to everybody.',
    )
  }
  const report = reporter(options.onError)
  const { agent, record } = options
  const registry = options.registry ?? memoryRunRegistry({ retentionMs })
  const teller = options.onEvent ? createTeller(options.onEvent) : null
  const context: ProxyContext = {
    agent,
    sealer: createSealer(createKeyRing(options.secret, 'token'), retentionMs),
    conversations: createConversationSealer(createKeyRing(options.secret, 'conversation'), options.conversationMs ?? 2_592_000_000),
    registry,
    wholeAnswers: createWholeAnswers(),
    history: options.history,
    recorder: record ? createRecorder({ agent, registry, report, teller }, record) : null,
    heartbeatMs: options.heartbeatMs ?? 5_000,
    firstBatchMs: options.firstBatchMs ?? 1_000,
    idleMs: options.idleMs ?? 300_000,
    maxBodyBytes: options.maxBodyBytes ?? 65_536,
    maxRunsPerCaller: options.maxRunsPerCaller ?? 20,
    report,
    teller,
    answering: new Set(),
  }

  async function handle(request: Request, handlerContext: HandlerContext | object | undefined, known: Known): Promise<Response> {
    const match = matchRoute(request.method, new URL(request.url).pathname, basePath)
    if (!match.ok) return match.allow === null ? problem('not_found') : methodNotAllowed(match.allow)
    const caller = await callerOf(request, authorize, (error) => report(error, 'authorize'))
    if (!caller.ok) return problem('unauthorized')
    const version = request.headers.get(header.version)
    if (version !== null && version !== protocolVersion) return problem('invalid_request')
    const { route } = match
    const call: Call = { request, user: caller.user, known, waitUntil: waitUntilOf(handlerContext) }
    if ('runId' in route) known.runId = route.runId
    context.recorder?.look(call, known.runId)
    try {
      return await answer(context, call, route)
    } catch (error) {
      if (isRejoinError(error)) return problem(error.code, error.retryAfterMs)
      if (request.signal.aborted) return problem('unavailable')
      report(error, 'proxy')
      return problem('internal')
    }
  }

  return async (request, handlerContext) => {
    const known: Known = { runId: null }
    const response = await handle(request, handlerContext, known)
    const code = refusalIn(response)
    if (code !== null) context.teller?.tell({ type: 'refused', ...known, code, status: response.status })
    return response
  }
}

function waitUntilOf(context: HandlerContext | object | undefined): Call['waitUntil'] {
  return (task) => {
    if (context && 'waitUntil' in context && typeof context.waitUntil === 'function') context.waitUntil(task)
  }
}

async function answer(context: ProxyContext, call: Call, route: Route): Promise<Response> {
  switch (route.type) {
    case 'start':
      return await startRun(context, call)
    case 'list':
      return await listRuns(context, call)
    case 'leg':
      return await openLeg(context, call, route.runId)
    case 'cancel':
      return await cancelRun(context, call, route.runId)
  }
}

function reporter(onError: AgentProxyOptions['onError']): ProxyContext['report'] {
  return (error, where) => {
    if (onError) void callHook(() => onError(error, where))
    else if (!isRejoinError(error)) {
      console.error(`Rejoin: something was thrown in ${where}. Give createAgentProxy an \`onError\` to see what.`)
    }
  }
}
