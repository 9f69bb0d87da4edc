import { type PauseReason, type RunOutcome } from '@rejoin/core'

/** Equal run ids of two callers are two runs. `user` is `null` on a public page. */
export interface RunKey {
  readonly user: string | null
  readonly runId: string
}

export interface RunIdentity extends RunKey {
  /** Without lone surrogates. */
  readonly session: string
}

/** How far a run is, as a registry knows it. */
export type RunProgress =
  /** The agent has been asked and has not named the run yet. */
  | { readonly state: 'starting' }
  | { readonly state: 'running'; readonly handle: string }
  /** It waits for the person, in nobody's way. Without a handle the agent asked at once and never named it. */
  | { readonly state: 'paused'; readonly handle: string | null; readonly reason: PauseReason; readonly elapsedMs: number }
  /** Without a handle the agent never named it: a start that failed, or one that was stopped before it came. */
  | { readonly state: 'ended'; readonly handle: string | null; readonly outcome: RunOutcome; readonly elapsedMs: number }

/** What a registry knows of a run: small, and no text. */
export type RunRecord = RunIdentity &
  RunProgress & {
    /** Milliseconds since the epoch. */
    readonly startedAt: number
    /** The run whose turn this one takes the place of. */
    readonly replaces: string | null
    /** What the next turn goes on from, as the agent has said with the end or the pause. */
    readonly conversation: string | null
    /** In which state the run's message was last recorded by the app. */
    readonly recorded: RecordedState | null
  }

/** Of a run that has ended. */
export type EndedRecord = RunRecord & { readonly state: 'ended' }

/** The states whose messages are recorded. */
export type RecordedState = 'paused' | 'ended'

/** What has become of a start. */
export type BeginResult =
  /** Nobody has started this run: the one who got this answer does, and nobody else. */
  | { readonly type: 'started' }
  | { readonly type: 'joined'; readonly record: RunRecord }
  /** Another run of this session is at work. */
  | { readonly type: 'busy'; readonly record: RunRecord }
  | { readonly type: 'too_many_runs' }

/** What a start is held against. */
export interface BeginOptions {
  /** As many of a caller's runs may be at work. */
  readonly maxRunsPerCaller: number
  /** The run whose turn this one takes the place of. */
  readonly replaces?: string | undefined
  /**
   * A start whose process has died is begun again by whoever asks for the same run. Where not, and for whoever asks
   * for another run of the session, it has failed with `start_unknown`.
   */
  readonly again: boolean
}

/** What a start is waited for with. */
export interface SettledOptions {
  /** Ends the wait. */
  readonly signal: AbortSignal
  /** As for `begin`: a start whose process has died can be begun again by whoever asks for the same run. */
  readonly again: boolean
}

/** What an agent says when it waits for the person. */
export interface PauseNote {
  readonly reason: PauseReason
  readonly elapsedMs: number
  readonly conversation?: string | undefined
}

/** Whose turns are meant. */
export interface LatestOptions {
  readonly user: string | null
  readonly session: string
  /** A run that does not count. */
  readonly except?: string | undefined
}

/** Who takes care that a run is recorded, and for how long to take that for granted, in milliseconds. */
export interface Claim {
  readonly holder: string
  readonly ms: number
}

/**
 * Which runs there are, for what a token can not tell: lost starts, stops that come before their run,
 * one run per session, the turn to go on from, other devices. A caller of `null` is everybody: their sessions are not
 * compared, their runs neither counted nor listed.
 *
 * Records are forgotten some time after they last changed, or their run was last told to go on.
 */
export interface RunRegistry {
  /** Takes the run for the asker, who starts it, or says why not. One step: of many at once, one gets `started`. */
  begin(run: RunIdentity, options: BeginOptions): Promise<BeginResult>
  /** What is known of a run; `null` where nothing is. */
  get(key: RunKey): Promise<RunRecord | null>
  /**
   * Waits until the run is no longer `starting`; `null` when there is no such run (any more). Rejects as `signal` does.
   * A start whose process has died has failed, with `start_unknown`; where it can be begun `again`, it is `null`, and
   * left as it is for whoever does.
   */
  settled(key: RunKey, options: SettledOptions): Promise<RunRecord | null>
  /**
   * The agent has named the run. One that waits goes on only where the agent was asked when it was known to: `waited` is the
   * `elapsedMs` of that pause, since an answer that is older must not undo it. Changes nothing that has ended. Told again of a
   * run that goes on, it keeps it from being forgotten.
   */
  running(key: RunKey, handle: string, waited?: number): Promise<void>
  /** The agent waits for the person. Changes nothing that has ended. A time that is no finite number counts as 0. */
  paused(key: RunKey, pause: PauseNote): Promise<void>
  /** The first end is the one that stays. A time that is no finite number counts as 0. */
  end(key: RunKey, outcome: RunOutcome, elapsedMs: number, conversation?: string): Promise<void>
  /**
   * The start of a run has not been refused: those of its session that waited have ended as `completed`, and are given
   * back; the one that it replaces is neither gone on from nor recorded any more.
   */
  follow(run: RunIdentity): Promise<readonly EndedRecord[]>
  /** The conversation of the latest turn of a session that has one, by when it began; `null` where there is none. */
  conversation(options: LatestOptions): Promise<string | null>
  /** Leaves a cancelled record where there is none, so that a later start finds it; gives back what is there. */
  cancel(run: RunIdentity): Promise<RunRecord>
  /** Forgets a start that never reached the agent, so that it can be tried again. */
  drop(key: RunKey): Promise<void>
  /** A caller's runs that are not known to have ended, oldest first; also those that wait. */
  list(user: string | null): Promise<readonly RunRecord[]>
  /** A caller's runs that the agent was asked for and whose present state is not recorded, oldest first. */
  unrecorded(user: string | null): Promise<readonly RunRecord[]>
  /** Takes a run, to record it, or keeps it; false where somebody else has it, and where it is not known. */
  claim(key: RunKey, claim: Claim): Promise<boolean>
  /** The run's message has been recorded as it was in this state. Takes back no `ended`. */
  recorded(key: RunKey, state: RecordedState): Promise<void>
}
