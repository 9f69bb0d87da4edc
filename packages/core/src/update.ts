import { type Cursor } from './cursor.ts'
import { type MessagePart } from './message.ts'

/** How a run ended. `expired` keeps what was received. */
export type RunOutcome =
  | { readonly type: 'completed' }
  | { readonly type: 'incomplete'; readonly reason: string }
  | { readonly type: 'failed'; readonly code: string }
  | { readonly type: 'cancelled' }
  | { readonly type: 'expired' }

/**
 * What the agent waits for: words, a yes or no, or a sign-in elsewhere. The `request` parts of its answer say what it
 * asks; a new run answers them.
 */
export type PauseReason = 'input' | 'approval' | 'auth'

/** The agent can not go on without the person. No outcome: a run that waits can still be stopped. */
export interface RunPause {
  readonly type: 'paused'
  readonly reason: PauseReason
}

/** What a run has used, in tokens, where the agent says. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** One thing the agent is doing. A later step with the same id replaces it. */
export interface ProgressStep {
  readonly id: string
  readonly label: string
  readonly state: 'active' | 'done'
  /** How far, in any unit; `total` in the same. */
  readonly value?: number
  readonly total?: number
}

/**
 * The first update of every leg: how what follows relates to the cursor the leg was opened with.
 * `tail` goes on after it, `replay` starts the epoch over, `snapshot` brings a new base.
 */
export interface OpenUpdate {
  readonly type: 'open'
  readonly cursor: Cursor
  readonly mode: 'tail' | 'replay' | 'snapshot'
  /** Since the run began, measured where the agent runs. */
  readonly elapsedMs: number
}

/** More of the text of a part. */
export interface DeltaUpdate {
  readonly type: 'text' | 'reasoning' | 'refusal'
  readonly cursor: Cursor
  readonly delta: string
  /** The part it belongs to; without one, the last part if that is of this type and has no id. */
  readonly id?: string
}

/** A part as it is now: added, or in the place of the one with its id. */
export interface PartUpdate {
  readonly type: 'part'
  readonly cursor: Cursor
  readonly part: MessagePart & { readonly id: string }
}

/** A step that has begun, moved on or been done. */
export interface ProgressUpdate {
  readonly type: 'progress'
  readonly cursor: Cursor
  readonly step: ProgressStep
}

/** Whether the agent waits for its turn or is at work. */
export interface StatusUpdate {
  readonly type: 'status'
  readonly cursor: Cursor
  readonly status: RunPhase
}

/** A whole message state; it replaces what came before. */
export interface SnapshotUpdate {
  readonly type: 'snapshot'
  readonly cursor: Cursor
  readonly parts: readonly MessagePart[]
  readonly steps: readonly ProgressStep[]
}

/** What closes a leg that has told all there is. Delivered whatever the cursor of the leg. */
interface Closing {
  readonly cursor: Cursor
  readonly elapsedMs: number
  /**
   * How much the whole answer is, as `lengthOf` counts it. Who has received anything else has lost something
   * on the way and asks for the answer before believing in its end.
   */
  readonly length?: number
  /** The whole answer and its steps, where this was learnt otherwise than from the stream. */
  readonly parts?: readonly MessagePart[]
  readonly steps?: readonly ProgressStep[]
  readonly usage?: Usage
  /** What the next turn goes on from: an opaque name for the conversation up to and with this answer. */
  readonly conversation?: string
}

/** The only thing that ends a run. */
export interface EndUpdate extends Closing {
  readonly type: 'end'
  readonly outcome: RunOutcome
}

/** The agent has asked something and waits. The leg closes behind it, and the token is `null`, but the run has not ended. */
export interface PauseUpdate extends Closing {
  readonly type: 'pause'
  readonly reason: PauseReason
}

/** A kind this version does not know: the cursor moves on, nothing else does. */
export interface OtherUpdate {
  readonly type: 'other'
  readonly cursor: Cursor
}

/** What the agent last said about a run that has not ended. */
export type RunPhase = 'queued' | 'working'

/** Whether an update is more of the text of a part. */
export function isDelta(update: { readonly type: string }): update is DeltaUpdate {
  return update.type === 'text' || update.type === 'reasoning' || update.type === 'refusal'
}

/** One event of a run: plain data. */
export type Update =
  | OpenUpdate
  | DeltaUpdate
  | PartUpdate
  | ProgressUpdate
  | StatusUpdate
  | SnapshotUpdate
  | EndUpdate
  | PauseUpdate
  | OtherUpdate

/** Whether an update closes its leg. */
export function isClosing(update: Update): update is EndUpdate | PauseUpdate {
  return update.type === 'end' || update.type === 'pause'
}
