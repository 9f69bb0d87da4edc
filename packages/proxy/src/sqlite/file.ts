import { RejoinError } from '@rejoin/core'
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** How often it is looked at whether the file is still there, in milliseconds. */
const lookMs = 1_000

/**
 * Makes the file where it is not there: what people ask and are told is nobody else's on this machine.
 * @returns its own path, whatever links lead there: all who have it open must find the same files beside it
 * @throws RejoinError `unavailable` where it is new, and its place is not
 */
export function makeFile(path: string): string {
  const file = behindLinks(resolve(path))
  // This one first: where another process is just making both, the file has something in it before.
  const log = sizeOf(`${file}-wal`)
  if (log > 0 && sizeOf(file) === 0) throw leftOver(file)
  if (existsSync(file)) return file
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    // Another process was faster. A file that is there must not be opened and closed past SQLite: that drops its locks.
    if (!existsSync(file)) throw error
  }
  return file
}

/** Makes the folder, too. */
function behindLinks(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const folder = realpathSync(dirname(path))
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
  return isLink ? behindLinks(resolve(folder, readlinkSync(path))) : join(folder, basename(path))
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Finds out that an open file is no longer the one at its path: who opens the store then gets another. */
export interface OpenFile {
  /** @throws RejoinError `unavailable` where it is not, from then on */
  assertThere(): void
}

/** @param gone called once, when it has been found out */
export function openFile(file: string, gone: () => void): OpenFile {
  const own = identityOf(file)
  let lookedAt = performance.now()
  let isGone = false

  return {
    assertThere() {
      if (!isGone && performance.now() - lookedAt >= lookMs) {
        lookedAt = performance.now()
        isGone = !isStill(own, file)
        if (isGone) gone()
      }
      if (isGone) throw removed(file)
    },
  }
}

function identityOf(file: string): string | null {
  const stats = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stats ? `${stats.dev} ${stats.ino}` : null
}

function isStill(own: string | null, file: string): boolean {
  try {
    return identityOf(file) === own
  } catch {
    // It can not be told just now; what uses the file says what is wrong with it.
    return true
  }
}

function removed(file: string): RejoinError {
  return new RejoinError('unavailable', {
    message: `The file ${file} has been removed or replaced while it was in use, so what is written to it is lost. Begin this process again, and move the file only when no process has it open.`,
  })
}

function leftOver(file: string): RejoinError {
  return new RejoinError('unavailable', {
    message: `The file ${file} is new or empty, but ${basename(file)}-wal beside it belongs to one that was there before, so nothing was changed. Put that file back; or end all processes that have it open, and remove the -wal and -shm files.`,
  })
}
