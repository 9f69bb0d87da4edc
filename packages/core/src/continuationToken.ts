import { cursorLength, isCursor, type Cursor } from './cursor.ts'
import { RejoinError } from './error.ts'

/**
 * A continuation token is `handle.cursor`: the handle names the run (what it says is its maker's
 * affair; the proxy hands out sealed ones) and stays the same from update to update, the cursor is the
 * position. Everyone but the agent that made it treats the token as opaque.
 */
export interface TokenParts {
  handle: string
  cursor: Cursor
}

/** The token for a place in a run; the opposite of {@link splitToken}. */
export function joinToken(handle: string, cursor: Cursor): string {
  return `${handle}.${cursor}`
}

/** @throws RejoinError `token_invalid` for anything that is not a token. */
export function splitToken(token: string): TokenParts {
  const at = token.length - cursorLength
  const cursor = token.slice(at)
  if (at < 2 || token[at - 1] !== '.' || !isCursor(cursor)) throw new RejoinError('token_invalid')
  return { handle: token.slice(0, at - 1), cursor }
}
