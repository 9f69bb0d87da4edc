import { cursorOf, parseCursor, RejoinError, type Cursor } from '@rejoin/core'

/** An event comes to no more updates. The last of them says that all of the event has been seen. */
export const updatesPerEvent = 99

const slots = updatesPerEvent + 1

/** No response gets so far; what comes after it has room for its cursor. */
const lastSequence = 10 ** 8 - 4

/** The cursor of update number `at` of `count` that the event with this sequence number comes to. */
export function cursorAt(sequence: number, at: number, count: number): Cursor {
  return cursorOf(0, (sequence + 1) * slots + slots - count + at)
}

/** Of a question, which nothing follows in its response: the same however it was learnt. */
export const pauseCursor: Cursor = cursorAt(lastSequence + 1, 0, 1)

/** Whether a number can be that of an event. Some servers send other things in its place, such as the time. */
export function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= lastSequence
}

/** The last event of which everything has been seen, by its sequence number; -1 before the first. */
export function lastWhole(cursor: Cursor): number {
  const { n } = parseCursor(cursor)
  const sequence = Math.min(Math.floor(n / slots) - 1, lastSequence)
  return n % slots === slots - 1 ? sequence : Math.max(-1, sequence - 1)
}

/** The provider's name for a run, as tokens carry it, and when it began, which only its first leg is told. */
export interface ResponseName {
  readonly id: string
  /** Milliseconds since the epoch; `null` where the provider did not say. */
  readonly createdAt: number | null
}

export function handleOf({ id, createdAt }: ResponseName): string {
  // Some servers make ids of anything: an `@` of its own is doubled, and does not look like ours.
  const named = id.replaceAll('@', '@@')
  return createdAt === null ? named : `${named}@${createdAt / 1_000}`
}

const form = /^((?:[^@]|@@){1,512})(?:@(\d{1,12}))?$/

/** @throws RejoinError `token_invalid` */
export function nameIn(handle: string): ResponseName {
  const [, id, seconds] = form.exec(handle) ?? []
  if (id === undefined) throw new RejoinError('token_invalid')
  return { id: id.replaceAll('@@', '@'), createdAt: seconds === undefined ? null : Number(seconds) * 1_000 }
}
