import { type ChatMessage } from './message.ts'
import { type RunListing } from './wire/protocol.ts'
import { type ProgressStep, type RunOutcome, type RunPause, type RunPhase, type Update, type Usage } from './update.ts'

/**
 * Something that answers messages, the same on both sides of the wire: `proxyAgent` in the browser,
 * the agents behind the proxy, the scripted agent of a test.
 *
 * Give messages to start a run; give no messages and a continuation token to go on with one. Both
 * together are refused with `messages_with_token`.
 */
export interface Agent {
  /** The whole answer, or a token to poll with until it is `null`. */
  run(messages: readonly ChatMessage[], options: AgentRunOptions): Promise<AgentResponse>
  /**
   * The answer as it is written. The first update of a stream is an `open`. Ending the iteration early
   * closes the leg and never the run.
   *
   * A start that fails with `rate_limited`, `unavailable`, `busy` or `too_many_runs` has started nothing and
   * may be repeated, under its id. Where that is not known, it fails with `start_unknown`.
   * @throws RejoinError at once, before any iteration, for input that `assertRunInput` refuses
   */
  runStreaming(messages: readonly ChatMessage[], options: AgentRunOptions): AsyncIterable<AgentResponseUpdate>
  /** Ends the run for good. Idempotent; a run that ended before keeps its result. */
  cancel(options: AgentCancelOptions): Promise<AgentResponse>
  /** The caller's runs that have not ended, oldest first: those of other devices too. Left out where an agent can not tell. */
  list?(options: AgentListOptions): Promise<readonly RunListing[]>
  /** How many of its streams one browser may have open at once; further runs are polled meanwhile. Left out: as many as there are runs. */
  maxStreams?(): number
  /**
   * Starting a run again under its id never makes a second one, even where the process that started it has died
   * in the middle. A proxy then begins such a start again when the page repeats it, and tells whoever only asks for the
   * run that it is `unavailable`; it reports it as `start_unknown` otherwise.
   * @default false
   */
  readonly startsOnce?: boolean
}

/** Which run is meant, and where to go on with it. */
export interface AgentRunOptions {
  /** The conversation; its turns share history. */
  session: string
  /** Made by the browser before the first request. */
  runId: string
  /** Whether the agent may go on without a connection. Agents that can not ignore it. */
  background?: boolean | undefined
  /**
   * With the messages of a start: the turn before it, as what closed that said (`conversation`). `null`: there is none, this is
   * the first. Left out: the agent (or the proxy in front of it) knows best.
   *
   * It brings the history with it, so the messages are the person's new one alone.
   */
  conversation?: string | null | undefined
  /** With the messages of a start: the run whose turn this one takes the place of, being asked again. */
  replaces?: string | undefined
  /** With the messages of a start: the run whose questions the message answers. */
  answers?: string | undefined
  /**
   * With the messages of a start: runs of this session that wait for the person and that this message does not answer:
   * nobody will.
   */
  passesOver?: readonly string[] | undefined
  /**
   * On the server, with the messages of a start that is to be answered by `run`: hears what the run's tokens begin with as soon as
   * there is one, which may be long before the answer. Agents wait for it. Left uncalled, the answer says it.
   */
  named?: ((handle: string) => Promise<void>) | undefined
  /** Where to go on. */
  continuationToken?: string | null | undefined
  /** Ends this leg. The run goes on. */
  signal?: AbortSignal | undefined
  /** On the server: whose run it is; `null` on a public page. */
  user?: string | null | undefined
}

/** Whose runs are asked for, where that is not known from the connection. */
export interface AgentListOptions {
  signal?: AbortSignal | undefined
}

/** Which run is to end. */
export interface AgentCancelOptions {
  session: string
  runId: string
  /** `null` when none has been received yet. */
  continuationToken: string | null
  signal?: AbortSignal | undefined
  user?: string | null | undefined
}

/** One event of a stream, with the token to go on with after it. */
export type AgentResponseUpdate = Update & {
  /** Goes on right after this update; `null` when there is nothing to go on with (yet, or any more). */
  readonly continuationToken: string | null
}

/** What an agent says when it is asked once: the whole answer, or how far it is. */
export interface AgentResponse {
  readonly runId: string
  readonly state: { readonly type: RunPhase } | RunPause | RunOutcome
  /** The answer; what there is of it while the run goes on, for showing alone, which may be nothing. */
  readonly message: ChatMessage
  /** What the agent has done for it so far; left out where the agent does not say. */
  readonly steps?: readonly ProgressStep[]
  /**
   * Poll with it; `null` once the run has ended or waits for the person. It stands where the one it was asked with stood, and at the
   * beginning after a start: a stream from it leaves nothing out, whatever `message` held.
   */
  readonly continuationToken: string | null
  /**
   * On the server, of a run that has ended or waits and can still be asked for: what its tokens begin with, so that a proxy finds it
   * again. Never on the wire.
   */
  readonly handle?: string
  /** Since the run began, measured where the agent runs. */
  readonly elapsedMs: number
  /** The agent asks not to be polled again before so many milliseconds have passed. */
  readonly pollAfterMs?: number
  /** Of a run that has ended or waits for the person: what the next turn goes on from, as the `conversation` of its start. */
  readonly conversation?: string
  /** What the run has used, where the agent says. */
  readonly usage?: Usage
}
