import { type AnswerPart, type ChatMessage } from '@rejoin/core'
import { type LoggedUpdate } from '../../logs/eventLog.ts'
import { type Produced } from './produce.ts'

/** What works on a run. */
export interface LoggedContext {
  /**
   * The conversation so far; the last message is the one to answer. Empty for a run that is taken over, where its
   * source does not keep them; where it answers a question, that answer.
   */
  readonly messages: readonly ChatMessage[]
  readonly session: string
  /** Where the source is called again for a run that answers what it has asked: the one that it was called for first. */
  readonly runId: string
  readonly user: string | null
  /** What the run says; left out where it is taken over. */
  readonly background: boolean | undefined
  /**
   * The turn before, as what closed that said; `null` for the first turn, left out where nobody knows. Not for sources
   * whose history the log keeps: their `messages` are the whole of it.
   */
  readonly conversation: string | null | undefined
  /** Aborts when the run is cancelled, waits for too long, or another process works on it now: nobody has to be connected. */
  readonly signal: AbortSignal
  /** Set for a run whose process has died: what it left. */
  readonly left: LeftBehind | null
  /** Whether all that came before is in the log, and the run still ours. */
  written(): Promise<boolean>
  /** Whether the run has ended: it was cancelled, say, or has grown too large. */
  isOver(): Promise<boolean>
  /**
   * The id of a request part, of a name that is unique within this run: of the run that is written to now, so it is made with
   * the pause that asks it. A start that answers anything else than what a
   * run of the same user and session waits for is refused before it reaches a source; `requestName` gives the name back.
   */
  requestId(name: string): string
  /** For what was thrown and does not end the run. */
  report(error: unknown): void
}

/** What a process that has died left of a run, and of those that it goes on from as their answer. */
export interface LeftBehind {
  /** In order, with the pauses between them. */
  readonly updates: readonly LoggedUpdate[]
  readonly checkpoint: unknown
  /** All that was answered on the way. */
  readonly answers: readonly AnswerPart[]
}

export interface LoggedSource<T> {
  read(context: LoggedContext): AsyncIterable<T>
  produced(item: T): Produced
  /** Whether it can go on from what another process left. Where not, such a run ends as `failed{interrupted}`. */
  readonly goesOn: boolean
  /**
   * Whether the messages are kept with the run, for whoever goes on with it and for the turns after it: the log is the
   * history then, and `conversation` names a run in it.
   */
  readonly keepsMessages: boolean
  /** Whether what asks waits for the answer where it stands (`answered`), so that nobody else may read it for that. */
  readonly waits?: boolean
  /** Ends what a run that was cancelled has going elsewhere, where nobody here works on it. */
  readonly stop?: (checkpoint: unknown) => Promise<void>
}
