import { isNumber } from './isNumber.ts'
import { isObject } from './isObject.ts'
import { type RunListing } from './protocol.ts'

/** The runs of a list as it came over the wire, or null where it is none. Entries of another form are passed over. */
export function decodeList(value: unknown): RunListing[] | null {
  if (!isObject(value) || !Array.isArray(value.runs)) return null
  return value.runs.flatMap((run: unknown) => listingOf(run) ?? [])
}

function listingOf(value: unknown): RunListing | null {
  if (!isObject(value)) return null
  const { id, session, startedAt } = value
  if (typeof id !== 'string' || typeof session !== 'string' || !isNumber(startedAt)) return null
  return { id, session, state: value.state === 'paused' ? 'paused' : 'running', startedAt }
}
