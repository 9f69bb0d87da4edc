import { delay, RejoinError } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'

/** Whoever was not answered in time may ask again after so long, in milliseconds. */
const againMs = 1_000

/**
 * The answer for somebody who asks without a stream, and hears no heartbeats meanwhile: when the first one would be due, they are
 * told to ask again. What is waited for goes on.
 * @throws RejoinError `unavailable`
 */
export async function inTime<T>({ heartbeatMs }: Pick<ProxyContext, 'heartbeatMs'>, answer: Promise<T>): Promise<T> {
  const over = new AbortController()
  async function late(): Promise<never> {
    await delay(heartbeatMs, over.signal)
    throw new RejoinError('unavailable', { retryAfterMs: againMs })
  }
  try {
    return await Promise.race([answer, late()])
  } finally {
    over.abort(new DOMException('The answer has come.', 'AbortError'))
  }
}
