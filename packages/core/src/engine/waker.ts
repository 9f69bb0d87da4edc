import { delay, linkedAbort, type LinkedAbort } from '../async.ts'
import { RejoinError } from '../error.ts'

/** A leg that has brought something within this time is taken to be alive when the page becomes visible. */
export const trustedSilenceMs: number = 1_000

/** Cuts waits and dead connections short when the network or the person is back. */
export interface Waker {
  /** Waits, or until woken. Rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** For one leg: aborts it (`stalled`) when woken with reason to doubt it. */
  leg(signal: AbortSignal): LinkedAbort
  /** The leg brought something. */
  touch(): void
  /** @param moved the network has changed, so no open connection can be trusted */
  wake(moved: boolean): void
}

export function createWaker(): Waker {
  let rouse: (() => void) | null = null
  let current: LinkedAbort | null = null
  let lastLife = 0

  return {
    async sleep(ms, signal) {
      const nap = linkedAbort(signal)
      rouse = () => nap.abort(new DOMException('Woken.', 'AbortError'))
      try {
        await (ms === Infinity ? forever(nap.signal) : delay(ms, nap.signal))
      } catch {
        signal.throwIfAborted()
      } finally {
        rouse = null
        nap.release()
      }
    },
    leg(signal) {
      const leg = linkedAbort(signal)
      current = leg
      lastLife = Date.now()
      return {
        ...leg,
        release() {
          leg.release()
          if (current === leg) current = null
        },
      }
    },
    touch() {
      lastLife = Date.now()
    },
    wake(moved) {
      rouse?.()
      if (moved || Date.now() - lastLife > trustedSilenceMs) current?.abort(new RejoinError('stalled'))
    },
  }
}

function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}
