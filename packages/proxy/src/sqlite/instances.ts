import { newId } from '@rejoin/core'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isBusy } from './failure.ts'

/** The stores that have a file open, in this process and in others. */
export interface Instances {
  readonly own: string
  /** Whether an instance is gone for good, closed or with its process. One that stands still is not. */
  isDead(id: string): boolean
  close(): void
}

/**
 * Each instance keeps a small database beside the file locked for as long as it lives: the system drops the lock with
 * the process, however that ends. Nothing is ever in it.
 *
 * To be called in a transaction on the file: an instance that has made its own and not locked it yet looks dead.
 */
export function joinInstances(file: string): Instances {
  const own = newId()
  const prefix = `${basename(file)}-alive-`
  const fileOf = (id: string): string => join(dirname(file), prefix + id)
  const dead = new Set<string>()

  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(prefix) && !isLocked(join(dirname(file), name))) remove(join(dirname(file), name))
  }
  const lock = new DatabaseSync(fileOf(own))
  // In memory, so that no journal is left behind.
  lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')

  return {
    own,
    isDead(id) {
      if (id === own) return false
      if (!dead.has(id) && !isLocked(fileOf(id))) dead.add(id)
      return dead.has(id)
    },
    close() {
      lock.close()
      remove(fileOf(own))
    },
  }
}

/** Asks for a shared lock, without ever making the file: askers do not take each other for the instance. */
function isLocked(file: string): boolean {
  if (!existsSync(file)) return false
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true })
    database.exec('PRAGMA busy_timeout = 0; SELECT count(*) FROM sqlite_schema')
    return false
  } catch (error) {
    // Whatever else it is, nobody is known to be dead by it, unless its file is gone.
    return isBusy(error) || existsSync(file)
  } finally {
    database?.close()
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Where a file that is being looked at can not be removed, the next one who opens the store does.
  }
}
