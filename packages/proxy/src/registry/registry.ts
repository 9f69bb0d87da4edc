import { type RunOutcome } from '@rejoin/core'

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
  /** Without a handle the agent never named it: a start that failed, or one that was stopped before it came. */
  | { readonly state: 'ended'; readonly handle: string | null; readonly outcome: RunOutcome; readonly elapsedMs: number }

/** What a registry knows of a run: small, and no text. */
export type RunRecord = RunIdentity & RunProgress & { /** Milliseconds since the epoch. */ readonly startedAt: number }

/** What has become of a start. */
export type BeginResult =
  /** Nobody has started this run: the one who got this answer does, and nobody else. */
  | { readonly type: 'started' }
  | { readonly type: 'joined'; readonly record: RunRecord }
  /** Another run of this session has not ended. */
  | { readonly type: 'busy'; readonly record: RunRecord }
  | { readonly type: 'too_many_runs' }

/** What a start is held against. */
export interface BeginOptions {
  /** As many of a caller's runs may be unfinished. */
  readonly maxRunsPerCaller: number
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

/**
 * Which runs there are, for what a token can not tell: lost starts, stops that come before their run,
 * one run per session, other devices. A caller of `null` is everybody: their sessions are not compared,
 * their runs neither counted nor listed.
 *
 * Records are forgotten some time after they last changed.
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
  /** The agent has named the run. Changes nothing that has ended. */
  running(key: RunKey, handle: string): Promise<void>
  /** The first end is the one that stays. A time that is no finite number counts as 0. */
  end(key: RunKey, outcome: RunOutcome, elapsedMs: number): Promise<void>
  /** Leaves a cancelled record where there is none, so that a later start finds it; gives back what is there. */
  cancel(run: RunIdentity): Promise<RunRecord>
  /** Forgets a start that never reached the agent, so that it can be tried again. */
  drop(key: RunKey): Promise<void>
  /** A caller's runs that are not known to have ended, oldest first. */
  list(user: string | null): Promise<readonly RunRecord[]>
}
