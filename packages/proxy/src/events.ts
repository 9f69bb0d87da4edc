import { type PauseReason, type RejoinErrorCode, type RunOutcome, type Usage } from '@rejoin/core'

/** Which run an event is about. */
export interface EventRun {
  readonly runId: string
  readonly session: string
}

/** A stream from here to a page: of a run that it starts, of one that a start with its id finds, or of one that it goes on with. */
export type EventLeg = 'start' | 'join' | 'resume'

/**
 * Why a stream is over: the run has ended or waits for the person, the page has gone, there was nothing to say for `idleMs`,
 * the agent had no more and no end either, or something was thrown.
 */
export type LegEnd = 'told' | 'left' | 'idle' | 'cut' | 'failed'

/** The agent was asked. */
export interface StartedEvent extends EventRun {
  readonly type: 'started'
  /** Whether it may go on without a connection. */
  readonly background: boolean
}

/** A start has found the run that it was to start: it was sent twice. */
export interface JoinedEvent extends EventRun {
  readonly type: 'joined'
}

/** A request was answered with an error. */
export interface RefusedEvent {
  readonly type: 'refused'
  /** `null` where the request does not say it, or not in a form that is one. */
  readonly runId: string | null
  readonly code: RejoinErrorCode
  /** Of the HTTP response. */
  readonly status: number
}

/** A stream has begun. */
export interface LegOpenedEvent extends EventRun {
  readonly type: 'leg_opened'
  readonly leg: EventLeg
}

/** A stream is over. */
export interface LegClosedEvent extends EventRun {
  readonly type: 'leg_closed'
  readonly leg: EventLeg
  readonly reason: LegEnd
  /** What was sent, in updates and in bytes of the body. */
  readonly updates: number
  readonly bytes: number
  /** How long it was open, in milliseconds. */
  readonly ms: number
}

/** The agent has asked the person something. */
export interface PausedEvent extends EventRun {
  readonly type: 'paused'
  readonly reason: PauseReason
  /** Since the run began, measured where the agent runs. */
  readonly elapsedMs: number
  readonly usage?: Usage
}

/** A run has ended. */
export interface EndedEvent extends EventRun {
  readonly type: 'ended'
  readonly outcome: RunOutcome
  /** Since the run began, measured where the agent runs. */
  readonly elapsedMs: number
  readonly usage?: Usage
}

/** Somebody has asked for a run to be stopped. */
export interface CancelledEvent extends EventRun {
  readonly type: 'cancelled'
}

/**
 * What happens at a proxy, for a log: names, ids and numbers. Nothing of what is asked and answered, no tokens, no
 * headers, and not who asks.
 */
export type ProxyEvent =
  | StartedEvent
  | JoinedEvent
  | RefusedEvent
  | LegOpenedEvent
  | LegClosedEvent
  | PausedEvent
  | EndedEvent
  | CancelledEvent
