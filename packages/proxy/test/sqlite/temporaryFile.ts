import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { sqliteStore, type SqliteStore, type SqliteStoreOptions } from '@rejoin/proxy/sqlite'
import { onTestFinished } from 'vitest'

/** A path in a folder of its own, which goes with the test. */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'runs.sqlite')
}

/** A store that is closed with the test. */
export function openStore(options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = sqliteStore({ file: temporaryFile(), ...options })
  onTestFinished(() => store.close())
  return store
}

/** The names of what stands beside it. */
export function filesBeside(file: string): string[] {
  return readdirSync(dirname(file)).filter((name) => name !== basename(file))
}
