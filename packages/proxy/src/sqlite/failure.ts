import { RejoinError } from '@rejoin/core'

const codes = { busy: 5, locked: 6, readOnly: 8, corrupt: 11, full: 13, cannotOpen: 14, tooBig: 18, constraint: 19, noDatabase: 26 } as const

const reasons: Record<number, string> = {
  [codes.busy]: 'another process keeps it locked. Look for one that is stopped, or that copies the file',
  [codes.locked]: 'another process keeps it locked. Look for one that is stopped, or that copies the file',
  [codes.readOnly]: 'it can only be read. Let this process write the file and its folder',
  [codes.corrupt]: 'it is damaged. Restore a copy, or move it away to begin with an empty one',
  [codes.full]: 'there is no room for more. Free some space on its disk',
  [codes.cannotOpen]: 'it can not be opened. Check that its folder is there and that this process may write to it',
  [codes.tooBig]: 'an entry is larger than SQLite takes. Write it in smaller ones',
  [codes.constraint]: 'an entry has no form that can be kept. Give times as finite numbers',
  [codes.noDatabase]: 'it is no SQLite database. Give the path of one, or of a file that is not there yet',
}

/** What SQLite says, without its extension; `null` for any other error. */
function codeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

export function isSqliteError(error: unknown): boolean {
  return codeOf(error) !== null
}

/** It is about what was written and not about the file: whatever else is written may well succeed. */
export function isOwnFault(error: unknown): boolean {
  const code = codeOf(error)
  return code === null || code === codes.tooBig || code === codes.constraint
}

/** Somebody else has the lock: it may work a moment later. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error)
  return code === codes.busy || code === codes.locked
}

/** Our sentence for what went wrong with the file, where there is none yet. */
export function failure(file: string, error: unknown): RejoinError {
  if (error instanceof RejoinError) return error
  const reason = reasons[codeOf(error) ?? codes.cannotOpen] ?? 'its disk has failed. Check the disk, and whether the file is still there'
  return new RejoinError('unavailable', { message: `The runs in ${file} can not be used, because ${reason}.`, cause: error })
}
