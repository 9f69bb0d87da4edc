import { type EventLog } from '../logs/eventLog.ts'
import { type RunRegistry } from '../registry/registry.ts'
import { createChanges } from './changes.ts'
import { openDatabase } from './database.ts'
import { sqliteEventLog } from './eventLog.ts'
import { openFile } from './file.ts'
import { joinInstances } from './instances.ts'
import { sqliteRunRegistry } from './registry.ts'
import { createRetention } from './retention.ts'
import { createSweeper } from './sweeper.ts'
import { createWrites } from './writes.ts'

/** Which file, how long runs stay in it, and how much of them. */
export interface SqliteStoreOptions {
  /**
   * The file, on a disk of this machine (SQLite's locks do not hold on network disks). It is made, with its folder,
   * where it is not there, for this system user's eyes only. Beside it stand `-wal` and `-shm`, which belong to it,
   * and one `-alive-…` for each process that has it open. None of them may be removed, moved or replaced while a
   * process has the store open: from then on, within a second or so, everything fails there as `unavailable`.
   * A link to the file is as good as its own path.
   */
  file: string
  /**
   * An ended run and its record are deleted this long after the end, unfinished ones this long after they last
   * changed, in milliseconds. @default 86400000 (24 h)
   */
  retentionMs?: number | undefined
  /** Beyond this many bytes in the file, the runs that ended first are deleted early. @default 1073741824 (1 GiB) */
  maxBytes?: number | undefined
}

/** A log and a registry in one file, for `backgroundAgent` and `createAgentProxy`. */
export interface SqliteStore {
  readonly log: EventLog
  readonly registry: RunRegistry
  /**
   * Writes what has been asked for, and gives up the runs that are worked on here, so that another process goes on
   * with them at once. Here they are no longer held then: `hold` and `append` are false. Whatever else still reads or
   * writes is rejected with `unavailable`. Can be called again.
   */
  close(): Promise<void>
}

/**
 * Keeps runs in an SQLite file, so that they outlive the process. Several processes of one machine may share it: what
 * one writes the others read within about 50 ms. Needs Node 22.13 or newer.
 *
 * ```ts
 * const { log, registry } = sqliteStore({ file: 'data/runs.sqlite' })
 * createAgentProxy({ agent: backgroundAgent(generator, { log, afterRestart: 'repeats' }), registry, secret, authorize })
 * ```
 *
 * What is acknowledged is in the hands of the operating system: a process that is killed loses nothing of it, a power
 * cut may take the last moments. The runs of a process that dies can be taken over at once, those of one that stands
 * still when its lease has run out. Starts have no lease: one whose agent has not named the run yet when its process
 * stands still is waited for, and keeps its session busy, until that process goes on or dies.
 *
 * The file holds, unencrypted: what generator agents were asked, what agents have answered, their checkpoints, the
 * callers' names, session names and run ids. Deleted text may stay in unused parts of the file until something is
 * written over it.
 *
 * @throws RejoinError `unavailable` where the file can not be opened, is no SQLite database, belongs to another
 * program or was written by another version; then nothing in it has been changed
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { retentionMs = 86_400_000, maxBytes = 1024 * 1024 * 1024 } = options
  const { database, begun } = openDatabase(options.file, (path) => ({
    file: path,
    there: openFile(path, () => changes.end()),
    instances: joinInstances(path),
  }))
  const { file, there, instances } = begun
  const changes = createChanges(database)
  const writes = createWrites(database, { file, there, written: () => sweeper.look() })
  const retention = createRetention(instances, retentionMs)
  const sweeper = createSweeper({ database, writes, changes, retention, gapMs: retentionMs / 4, maxBytes })
  const parts = { database, writes, changes, instances, retention }
  let closed: Promise<void> | undefined

  async function close(): Promise<void> {
    await writes.close()
    sweeper.stop()
    changes.end()
    instances.close()
    database.close()
  }

  return {
    log: sqliteEventLog(parts),
    registry: sqliteRunRegistry(parts),
    close: () => (closed ??= close()),
  }
}
