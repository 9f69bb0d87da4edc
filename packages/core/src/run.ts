import { startCursor, type Cursor } from './cursor.ts'
import { type ChatMessage, type MessagePart } from './message.ts'
import { type PauseReason, type ProgressStep, type RunOutcome, type RunPause, type RunPhase } from './update.ts'

/** Why a connection is being made again. */
export type ReconnectReason =
  | 'restored'
  /** The browser says that there is no network. Nothing is tried until it is back, or the person wants a try. */
  | 'offline'
  | 'network'
  | 'stalled'
  | 'ended'
  | 'unavailable'
  | 'rate_limited'
  | 'bad_response'

/** What is happening to a run, as seen from this browser. Always one of these, never flags. */
export type RunState =
  /** What this browser knows of the session is being read. */
  | { readonly type: 'restoring' }
  /** The message is on its way; nothing has come back yet. */
  | { readonly type: 'starting' }
  | { readonly type: 'queued' }
  | { readonly type: 'streaming' }
  /** `retryAt`: milliseconds since the epoch; `null` when a try is under way, or waits for the network. */
  | {
      readonly type: 'reconnecting'
      readonly reason: ReconnectReason
      readonly attempt: number
      readonly retryAt: number | null
    }
  /** The state is asked for from time to time, without a stream. */
  | { readonly type: 'polling' }
  /** It waits for the person: to answer what the agent has asked, or to sign in to this app. */
  | { readonly type: 'paused'; readonly reason: PauseReason | 'unauthorized' }
  /** The person has stopped it; the server has not confirmed it yet. */
  | { readonly type: 'stopping' }
  | RunOutcome

/** What is known before the first request: committed to storage before it is sent. */
export interface RunStart {
  /** The run's id, and the id of its answer. */
  readonly id: string
  readonly session: string
  /** `null` of a run that was found on the server: another device has sent it. */
  readonly message: ChatMessage | null
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly createdAt: number
  /** Whether the agent may go on without a connection. @default true */
  readonly background?: boolean
  /** The turn before, as the server named it; `null` for the first turn. Left out where this browser knows of no other. */
  readonly conversation?: string | null
  /** The run whose turn this one takes the place of. */
  readonly replaces?: string
  /** The run whose question this one answers. */
  readonly answers?: string
}

/** One answer being produced. Plain data, changed by `reduce` alone. */
export interface Run {
  readonly start: RunStart
  readonly state: RunState
  readonly phase: RunPhase
  readonly cursor: Cursor
  /** The answer as far as the agent's updates tell it. */
  readonly parts: readonly MessagePart[]
  /** What was on the screen when a shorter snapshot came; shown until `parts` has caught up with it. */
  readonly floor: readonly MessagePart[] | null
  readonly steps: readonly ProgressStep[]
  readonly elapsed: Elapsed
  /** What the next turn goes on from; `null` where the agent has not said. */
  readonly conversation: string | null
}

/** `ms` had passed at the local time `at`; the clock stands still where `at` is `null`. */
export interface Elapsed {
  readonly ms: number
  readonly at: number | null
}

/** A run of which nothing has come yet. */
export function newRun(start: RunStart): Run {
  return {
    start,
    state: { type: 'starting' },
    phase: 'working',
    cursor: startCursor,
    parts: [],
    floor: null,
    steps: [],
    elapsed: { ms: 0, at: start.createdAt },
    conversation: null,
  }
}

const outcomes: ReadonlySet<string> = new Set<RunOutcome['type']>([
  'completed',
  'incomplete',
  'failed',
  'cancelled',
  'expired',
])

/** Whether a state is one in which a run has ended. */
export function isOutcome<T extends { readonly type: string }>(state: T | RunOutcome): state is RunOutcome {
  return outcomes.has(state.type)
}

/** Whether the agent waits for the person. */
export function isAsking(state: RunState): state is RunPause {
  return state.type === 'paused' && state.reason !== 'unauthorized'
}

/** The state in which nothing more comes until the person acts: the run has ended, or asks; `null` while it goes on. */
export function closedIn(state: RunState): RunOutcome | RunPause | null {
  return isOutcome(state) || isAsking(state) ? state : null
}

/** A run that was found, in the store or on the server, and of which nothing has been heard since. */
export const restoringState: Extract<RunState, { type: 'reconnecting' }> = { type: 'reconnecting', reason: 'restored', attempt: 0, retryAt: null }

/** The parts to show: never less than was shown before. */
export function shownParts({ parts, floor }: Run): readonly MessagePart[] {
  return floor ?? parts
}

/** Whether a terminal update has come. */
export function hasEnded(run: Run): boolean {
  return isOutcome(run.state)
}

/**
 * How long a run has taken, in milliseconds.
 * @param now milliseconds since the epoch, by this browser's clock
 */
export function elapsedMs({ ms, at }: Elapsed, now: number): number {
  return at === null ? ms : ms + Math.max(0, now - at)
}
