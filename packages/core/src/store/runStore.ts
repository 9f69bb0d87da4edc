import { type Cursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type PauseReason, type RunOutcome, type Update } from '../update.ts'

/** Names a run in the store. */
export interface RunKey {
  readonly session: string
  readonly id: string
}

/** What a store knows of a run without its answer. */
export interface RunSummary {
  readonly start: RunStart
  readonly head: RunHead
  /** What has been claimed with `claimOnce`. */
  readonly claims: readonly string[]
}

/** What a store knows of a run. */
export interface RunRecord extends RunSummary {
  /** The handle of the latest continuation token; `null` before the first and after the end. */
  readonly handle: string | null
  /** The log: `reduce` over it gives the run at `head.cursor`. */
  readonly updates: readonly Update[]
}

/** Where a stored run stands. */
export interface RunHead {
  readonly cursor: Cursor
  /** The reader epoch: grows by one with each reader, so that an earlier one can be told it has been followed. */
  readonly reader: number
  /** The person has asked to stop it. */
  readonly stop: boolean
  readonly outcome: RunOutcome | null
  /** What it waits for of the person, where it did at `cursor`. */
  readonly paused?: PauseReason
  /** When it was last written to, as its reader has said. Milliseconds since the epoch. */
  readonly movedAt?: number
}

/** One transaction of a run's reader. */
export interface RunWrite {
  readonly reader: number
  /** What the updates follow: where the last write left the head. Not looked at where they are a new base. */
  readonly after: Cursor
  readonly cursor: Cursor
  readonly updates: readonly Update[]
  /** Set when it changed; `null` removes it. */
  readonly handle?: string | null
  readonly outcome?: RunOutcome
  /** The run waits for the person from here on. */
  readonly paused?: PauseReason
  /** The updates are a new base: what was in the log before them goes. */
  readonly replace?: boolean
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly at?: number
}

/**
 * `superseded`: a later reader owns the run. `purged`: all of this user was removed since the reader took the run over. `missing`: the
 * records are gone otherwise. `gap`: an earlier write failed, so this one would leave a hole in the log. None of these wrote anything.
 */
export type WriteResult = 'written' | 'superseded' | 'purged' | 'missing' | 'gap'

/**
 * Where runs are kept so that a reload finds them. A cache for coming back, not the app's database.
 * Every method may reject (quota, private mode, a blocked open): the caller goes on without it.
 */
export interface RunStore {
  /** All runs of a session, oldest first. */
  load(session: string): Promise<RunRecord[]>
  /** All runs of all sessions, without their answers. In no order. */
  list(): Promise<RunSummary[]>
  /** Commits the start record of a run that was found on the server. False, and nothing is written, where the run is here already or was replaced. */
  adopt(start: RunStart): Promise<boolean>
  /**
   * Commits the start record, before anything is sent, and removes the run that it `replaces` in the same step, for good. False where
   * another run, which is still here, has answered the same question (`answers`), and where the run that it would answer or replace has
   * been replaced or answered by another: then nothing is stored.
   */
  begin(start: RunStart): Promise<boolean>
  /** Makes the caller the run's reader and reads what its predecessors left; `null` where there is nothing. */
  claimReader(key: RunKey): Promise<RunRecord | null>
  /** Appends updates and moves the head, in one transaction. */
  append(key: RunKey, write: RunWrite): Promise<WriteResult>
  /**
   * Leaves what a reader has not had acknowledged: the write in flight and what waits behind it, as its page goes.
   * Put without a look, since such a page gets no turn for an answer; who reads next takes of it what has not been
   * written, unless another reader has followed.
   */
  leave(key: RunKey, writes: readonly RunWrite[]): Promise<void>
  /** Notes that the person wants the run stopped. */
  requestStop(key: RunKey): Promise<void>
  /** True for exactly one caller per run and name, in all tabs and for ever. */
  claimOnce(key: RunKey, name: string): Promise<boolean>
  /** Removes a run. */
  remove(key: RunKey): Promise<void>
  /**
   * Removes the runs that neither began nor moved since `before`, milliseconds since the epoch.
   * @param isSpared these stay, however old; asked just before one would go
   */
  expire(before: number, isSpared?: (key: RunKey) => boolean): Promise<void>
  /** Removes everything of this user, for logging out. */
  purge(): Promise<void>
  /** How often that was done, as far as the browser still knows. */
  countPurges(): Promise<number>
}
