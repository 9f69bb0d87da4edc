import assert from 'node:assert/strict'
import { isRejoinError, type RejoinErrorCode } from '@rejoin/core'
import { type Patience } from './patience.ts'

/** What a promise was rejected with, which it must be, and soon. */
export async function failureOf(patience: Patience, promise: Promise<unknown>, what: string): Promise<unknown> {
  // An error that is no error would look like none.
  const settled = promise.then(
    () => ({ failed: false, error: null }),
    (error: unknown) => ({ failed: true, error }),
  )
  const { failed, error } = await patience.soon(settled, what)
  assert.ok(failed, `${what} is accepted.`)
  return error
}

/** Rejects with one of our errors, with one of these codes where there are any. */
export async function assertRefused(
  patience: Patience,
  promise: Promise<unknown>,
  what: string,
  codes: readonly RejoinErrorCode[] = [],
): Promise<void> {
  assertOurs(await failureOf(patience, promise, what), what, codes)
}

/** Throws at once, with one of these codes. */
export function assertThrows(call: () => unknown, what: string, codes: readonly RejoinErrorCode[]): void {
  try {
    call()
  } catch (error) {
    return assertOurs(error, what, codes)
  }
  assert.fail(`${what} does not throw before the iteration.`)
}

function assertOurs(error: unknown, what: string, codes: readonly RejoinErrorCode[]): void {
  assert.ok(isRejoinError(error), `${what} fails with something that is no RejoinError: ${String(error)}`)
  if (codes.length > 0) assert.ok(codes.includes(error.code), `${what} fails with ${error.code}, not ${codes.join(' or ')}.`)
}

/** Reads a stream that must fail. */
export async function drain(stream: () => AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream());
}
