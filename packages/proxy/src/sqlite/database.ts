import { RejoinError } from '@rejoin/core'
import { DatabaseSync } from 'node:sqlite'
import { failure } from './failure.ts'
import { makeFile } from './file.ts'
import { integer } from './row.ts'

/** 'Rjn1', in the header of each file of ours. */
const applicationId = 0x526a6e31
const schemaVersion = 2

/**
 * A run's updates are JSON arrays, each under the number of its last update, so that any cursor finds its place by
 * the key. What is large and written once, or seldom, stands apart from `runs`, whose rows are written with each append.
 */
const schema = `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: a reader may still know one that is gone
    key TEXT UNIQUE, -- none: on its way out
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    length INTEGER NOT NULL,
    phase TEXT NOT NULL,
    pause TEXT, -- while it is the last update
    ending TEXT,
    answered_by TEXT,
    holder TEXT,
    instance TEXT,
    held_until INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX runs_ended ON runs (changed_at) WHERE key IS NOT NULL AND ending IS NOT NULL;
  CREATE INDEX runs_unfinished ON runs (id) WHERE key IS NOT NULL AND ending IS NULL;
  CREATE INDEX runs_leaving ON runs (id) WHERE key IS NULL;
  CREATE TABLE slices (
    run INTEGER NOT NULL,
    last INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run, last)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE asked (run INTEGER PRIMARY KEY, session TEXT NOT NULL, messages TEXT NOT NULL, previous TEXT) STRICT;
  CREATE TABLE checkpoints (run INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE records (
    name TEXT PRIMARY KEY,
    caller TEXT,
    run_id TEXT NOT NULL,
    session TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    handle TEXT,
    outcome TEXT,
    elapsed_ms REAL,
    instance TEXT NOT NULL,
    reason TEXT, -- of a pause
    replaces TEXT,
    conversation TEXT,
    recorded TEXT,
    claimed_by TEXT,
    claimed_in TEXT, -- the instance
    claimed_until INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_active ON records (caller, started_at) WHERE state <> 'ended';
  CREATE INDEX records_unrecorded ON records (caller, started_at) WHERE recorded IS NOT state;
  CREATE INDEX records_conversation ON records (caller, session, started_at) WHERE conversation IS NOT NULL;
  CREATE INDEX records_changed ON records (changed_at);
`

/** How long opening waits for other processes, which may just be making the same file, in milliseconds. */
const openingMs = 5_000

/** How long a step waits for them where it stands, with the whole event loop, before it is tried again later. */
const steppingMs = 10

/**
 * @param begin done in a transaction before anything else
 * @throws RejoinError `unavailable` where the file can not be used; then nothing in it has been changed
 */
export function openDatabase<T>(path: string, begin: (file: string) => T): { database: DatabaseSync; begun: T } {
  let file = path
  try {
    file = makeFile(path)
    const database = new DatabaseSync(file)
    try {
      prepare(database, file)
      database.exec('BEGIN IMMEDIATE')
      const begun = begin(file)
      database.exec(`COMMIT; PRAGMA busy_timeout = ${steppingMs}`)
      return { database, begun }
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    throw failure(file, error)
  }
}

function prepare(database: DatabaseSync, file: string): void {
  database.exec(`PRAGMA busy_timeout = ${openingMs}`)
  if (isNew(database, file)) {
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('BEGIN IMMEDIATE')
    // Another process may have made it meanwhile.
    if (isNew(database, file)) {
      database.exec(schema)
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
    }
    database.exec('COMMIT')
  }
  // NORMAL: a commit is in the system's hands when it is acknowledged, so a process that is killed loses nothing. Only
  // the disk is waited for less often than with FULL: a power cut may take the last moments, never the order.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA foreign_keys = OFF;
  `)
}

function isNew(database: DatabaseSync, file: string): boolean {
  const pragma = (name: string): number => integer(database.prepare(`PRAGMA ${name}`).get(), name)
  const [id, version] = [pragma('application_id'), pragma('user_version')]
  if (id === applicationId && version === schemaVersion) return false
  if (id === applicationId) {
    throw new RejoinError('unavailable', {
      message: `The runs in ${file} were written by ${version > schemaVersion ? 'a newer' : 'an older'} version of @rejoin/proxy, which keeps them in another form, so nothing was changed. Use that version, or another file.`,
    })
  }
  const tables = integer(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get(), 'tables')
  if (id === 0 && version === 0 && tables === 0) return true
  throw new RejoinError('unavailable', {
    message: `The database in ${file} belongs to another program, so nothing was changed. Give sqliteStore a file of its own.`,
  })
}
