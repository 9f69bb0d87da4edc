import {
  abortable,
  answersIn,
  assertRunInput,
  isOutcome,
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
  type AnswerPart,
  type ChatMessage,
  type PollOptions,
  type UpdateBatch,
} from '@rejoin/core'
import { type JsonObject } from '../json.ts'
import { quickMs } from '../quickMs.ts'
import { type Fetch } from '../request.ts'
import { createStarts } from '../starts.ts'
import { answerOf, draftOf, type Answer } from './answer.ts'
import { createA2aClient, lost } from './client.ts'
import { contextOf } from './context.ts'
import { handleOf, taskIn, type KnownTask } from './handle.ts'
import { elapsedOf } from './outcome.ts'
import { inputOf } from './parts.ts'
import { type Task } from './protocol.ts'
import { endIn, readStart, readTask, type Reading, type ReadOptions, type TaskEnd } from './readTask.ts'
import { asks, taskAnswered } from './request.ts'
import { goesOnFrom, signInOf } from './signIn.ts'
import { createUpdates, hasHeard } from './updates.ts'
import { seenBy } from './watchTask.ts'

/** Which A2A agent, and how it is asked. */
export interface A2aAgentOptions {
  /**
   * The address of the agent's card (`…/agent-card.json`), which says the rest; or that of its JSON-RPC interface, of an
   * agent that streams.
   */
  url: string | URL
  /**
   * Sent with every request to the origin of `url`, and to those of `origins`. A function is asked before each of these
   * requests, with its address. They stay on the server.
   */
  headers?: HeadersInit | ((address: URL) => HeadersInit | Promise<HeadersInit>) | undefined
  /**
   * Other origins that `headers` are sent to: a card may name an address anywhere. Such as `https://tasks.reports.example`.
   * @default none
   */
  origins?: readonly string[] | undefined
  /** @default the global fetch, looked up at each request */
  fetch?: Fetch | undefined
  /** After so long a silence a stream is not trusted, and another asked for. Milliseconds. @default 30000 */
  stallMs?: number | undefined
  /**
   * A start that is not answered by then, signs of life aside, is `start_unknown`. Milliseconds; Node's own fetch waits no longer than the default.
   * @default 300000
   */
  startMs?: number | undefined
  /** A poll or a stop that is not answered by then, or a stream that has not begun, is tried again. Milliseconds. @default 15000 */
  answerMs?: number | undefined
  /**
   * How often a task is asked for that is no longer read from its beginning: as long as it moves, after `intervalMs`, and sooner, up
   * to twenty times a second, where a stream says that there is more and its server answers fast.
   * @default { intervalMs: 250, capMs: 10000 }
   */
  poll?: PollOptions | undefined
  /**
   * An end that the agent's server has streamed, and does not keep, is believed after so long. Milliseconds.
   * @default 30000
   */
  keptMs?: number | undefined
}

/** What an answer comes to: a task that waits for it, or one that only has to be read on. */
type Asking = { readonly type: 'waits'; readonly task: Task } | { readonly type: 'goesOn'; readonly task: KnownTask }

/**
 * An agent behind the A2A protocol, version 1.0, over JSON-RPC. Thin: its server keeps the task, a token names it, and
 * another process goes on from the token alone.
 *
 * ```ts
 * a2aAgent({ url: 'https://reports.example/.well-known/agent-card.json' })
 * ```
 * @throws TypeError with a `url` or one of `origins` that is no address
 */
export function a2aAgent(options: A2aAgentOptions): Agent {
  const { fetch, stallMs = 30_000, startMs = 300_000, answerMs = 15_000, keptMs = 30_000 } = options
  const poll = { intervalMs: 250, capMs: 10_000, ...options.poll }
  const url = addressOf(options.url)
  const trusted = new Set([url, ...(options.origins ?? []).map(addressOf)].map(({ origin }) => origin))
  const headers = async (address: URL): Promise<Headers> => {
    if (!trusted.has(address.origin)) return new Headers()
    return new Headers(typeof options.headers === 'function' ? await options.headers(address) : options.headers)
  }
  const client = createA2aClient({ url, headers, fetch, stallMs, startMs, answerMs })
  const starts = createStarts<KnownTask>()
  const reading = ({ runId }: AgentRunOptions, signal: AbortSignal | undefined): ReadOptions => ({ runId, poll, keptMs, signal })

  /** Sends a message, and reads what comes of it. */
  async function* begin(messages: readonly ChatMessage[], run: AgentRunOptions, signal: AbortSignal): AsyncGenerator<Reading> {
    const last = messages.at(-1)
    const answers = last ? answersIn(last) : []
    const asked = answers.length === 0 ? null : await asking(run, answers, signal)
    if (asked?.type === 'goesOn') {
      yield* readTask(client, asked.task, { ...reading(run, signal), subscribe: true })
      return
    }
    const into = asked?.task ?? null
    const contextId = into?.contextId ?? (await contextOf(run))
    const message: JsonObject = {
      messageId: run.runId,
      contextId,
      ...(into && { taskId: into.taskId }),
      role: 'ROLE_USER',
      parts: last ? inputOf(last) : [],
    }
    const events = await client.start(message, signal)
    yield* readStart(client, events, { ...reading(run, signal), contextId, into })
  }

  /**
   * The task that waits for these answers, or that has gone on by itself since it asked for a sign-in.
   * @throws RejoinError `not_found` where none does, or one of another conversation: requests' ids come from the browser, and prove nothing
   */
  async function asking(run: AgentRunOptions, answers: readonly AnswerPart[], signal: AbortSignal): Promise<Asking> {
    const taskId = taskAnswered(answers)
    const signIn = signInOf(run.conversation)
    const contexts = [signIn?.task.contextId ?? run.conversation, await contextOf({ ...run, conversation: undefined })]
    const task = await client.task(taskId, signal).catch((cause: unknown) => {
      signal.throwIfAborted()
      if (!isRejoinError(cause)) throw cause
      if (cause.code === 'expired') throw new RejoinError('not_found', { cause })
      // Nothing was sent, so it may be tried again.
      throw lost.has(cause.code) ? new RejoinError('unavailable', { cause }) : cause
    })
    if (!contexts.includes(task.contextId)) throw new RejoinError('not_found')
    if (asks(task, answers)) return { type: 'waits', task }
    if (signIn === null || !goesOnFrom(signIn, task, answers, run.runId)) throw new RejoinError('not_found')
    return { type: 'goesOn', task: { ...signIn.task, startedAt: Date.now() } }
  }

  async function* start(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const begun = starts.begin(run)
    const updates = createUpdates(null)
    try {
      for await (const read of begin(messages, run, begun.signal)) {
        if (read.task) begun.name(read.task)
        yield { handle: read.task && handleOf(read.task), updates: updates(read) }
      }
    } finally {
      starts.end(run, begun)
    }
  }

  async function* resume(run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const { handle, cursor } = splitToken(run.continuationToken ?? '')
    const updates = createUpdates(cursor)
    for await (const read of readTask(client, taskIn(handle), { ...reading(run, run.signal), subscribe: true, heard: hasHeard(cursor) })) {
      const news = updates(read)
      if (news.length > 0) yield { handle, updates: news }
    }
  }

  /** The answer to a start: whole, or a token as soon as there is one and it does not end at once. */
  async function ask(messages: readonly ChatMessage[], run: AgentRunOptions): Promise<AgentResponse> {
    const begun = starts.begin(run)
    const enough = new DOMException('The run goes on without this connection.', 'AbortError')
    let timer: ReturnType<typeof setTimeout> | undefined
    let task: KnownTask | null = null
    let answer: Answer | null = null
    try {
      for await (const read of begin(messages, run, begun.signal)) {
        const first = task === null ? read.task : null
        task ??= read.task
        if (read.task) begun.name(read.task)
        if (first) await run.named?.(handleOf(first))
        if (read.type === 'end') return { ...whole(run, read.end), ...(task && { handle: handleOf(task) }) }
        answer = read.answer
        if (run.background) timer ??= setTimeout(() => begun.abort(enough), quickMs)
      }
    } catch (error) {
      // What is known to have begun must never look as if it could be started again.
      const goesOn = task !== null && !run.signal?.aborted && (error === enough || isRejoinError(error))
      if (!goesOn) throw error
    } finally {
      clearTimeout(timer)
      starts.end(run, begun)
      begun.abort(enough)
    }
    if (task === null || answer === null) throw new RejoinError('start_unknown')
    return going(run, task, answer, joinToken(handleOf(task), startCursor))
  }

  /** What its server says of a task. Tokens do not say for whom they are, but of which conversation. */
  async function kept(task: KnownTask, signal: AbortSignal | undefined): Promise<Task> {
    const found = await client.task(task.taskId, signal)
    if (found.contextId !== task.contextId) throw new RejoinError('not_found')
    return found
  }

  function said(run: { runId: string }, token: string, task: KnownTask, found: Task): AgentResponse {
    const seen = seenBy(run.runId, found, task)
    const end = endIn(task, seen, hasHeard(splitToken(token).cursor))
    return end === null ? going(run, task, answerOf(draftOf(seen.task, task.base)), token) : whole(run, end)
  }

  async function cancelTask(run: AgentCancelOptions, token: string): Promise<AgentResponse> {
    const task = taskIn(splitToken(token).handle)
    const found = await kept(task, run.signal)
    const known = said(run, token, task, found)
    // Once another run goes on with the task, it is that one's.
    if (isOutcome(known.state)) return known
    const cancelled = await client.cancel(task.taskId, run.signal)
    return said(run, token, task, cancelled ?? (await kept(task, run.signal)))
  }

  /** Without a token the agent can not be told of it, unless it is this process that is starting it. */
  async function stopStart(run: AgentCancelOptions): Promise<AgentResponse> {
    const begun = starts.find(run)
    const task = begun && (await (run.signal ? abortable(begun.named, run.signal) : begun.named))
    if (!task) throw new RejoinError('not_found')
    return await cancelTask(run, joinToken(handleOf(task), startCursor))
  }

  return {
    async run(messages, run) {
      assertRunInput(messages, run)
      if (messages.length > 0) return await ask(messages, run)
      const token = run.continuationToken ?? ''
      const task = taskIn(splitToken(token).handle)
      return said(run, token, task, await kept(task, run.signal))
    },
    runStreaming(messages, run) {
      assertRunInput(messages, run)
      return streamOf(() => (messages.length > 0 ? start(messages, run) : resume(run)))
    },
    async cancel(run) {
      return run.continuationToken === null ? await stopStart(run) : await cancelTask(run, run.continuationToken)
    },
  }
}

function whole({ runId }: { runId: string }, { state, answer, elapsedMs, conversation }: TaskEnd): AgentResponse {
  const message = { id: runId, role: 'assistant', parts: answer?.parts ?? [] } as const
  const more = { ...(answer && { steps: answer.steps }), ...(conversation !== null && { conversation }) }
  return { runId, state, message, ...more, continuationToken: null, elapsedMs }
}

function going({ runId }: { runId: string }, { startedAt }: KnownTask, { phase, parts, steps }: Answer, continuationToken: string): AgentResponse {
  const message = { id: runId, role: 'assistant', parts } as const
  return { runId, state: { type: phase }, message, steps, continuationToken, elapsedMs: elapsedOf(startedAt, null) }
}

/** @throws TypeError */
function addressOf(url: string | URL): URL {
  const address = String(url)
  if (/^https?:\/\//.test(address)) return new URL(address)
  throw new TypeError(
    'a2aAgent has a `url`, or one of its `origins`, that is no address, so it can not reach the agent. Give it whole ones: https://reports.example/.well-known/agent-card.json.',
  )
}
