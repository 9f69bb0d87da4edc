import { delay, forever, linkedAbort, type LinkedAbort } from '../async.ts'
import { RejoinError } from '../error.ts'

/**
 * Why a wait is cut short. `moved`: the network has changed, so no open connection can be trusted. `asked`: the
 * person will not wait. `visible`: somebody looks again. `signed_in`: what waits for that can go on.
 */
export type WakeReason = 'moved' | 'asked' | 'visible' | 'signed_in'

/**
 * A leg that has brought something within this time is taken to be alive when the page becomes visible.
 * Milliseconds; one and a half heartbeats of the proxy's default.
 */
const trustedSilenceMs = 7_500

/** A try that is younger is as good as a new one, so nothing but a change of the network ends it. Milliseconds. */
const minWakeGapMs = 1_000

/** Cuts waits and dead connections short when the network or the person is back. */
export interface Waker {
  /**
   * Waits, or until woken. Rejects with the signal's reason.
   * @param floorMs how long the server has asked to wait: only the person can cut that short
   */
  sleep(ms: number, signal: AbortSignal, floorMs?: number): Promise<void>
  /** Waits until it is woken, whatever for. Rejects with the signal's reason. */
  pause(signal: AbortSignal): Promise<void>
  /** For one leg: aborts it (`stalled`) when woken with reason to doubt it. */
  leg(signal: AbortSignal): LinkedAbort
  /** The leg brought something. */
  touch(): void
  wake(reason: WakeReason): void
}

export function createWaker(): Waker {
  let rouse: ((reason: WakeReason) => void) | null = null
  let current: LinkedAbort | null = null
  let legSince = 0
  let lastLife = 0
  /** Whether the leg has brought anything: until then it is a request on its way, and no silence. */
  let alive = false

  async function nap(wait: (signal: AbortSignal) => Promise<void>, signal: AbortSignal, wakes: (reason: WakeReason) => boolean): Promise<void> {
    const napping = linkedAbort(signal)
    rouse = (reason) => {
      if (wakes(reason)) napping.abort(new DOMException('Woken.', 'AbortError'))
    }
    try {
      await wait(napping.signal)
    } catch {
      signal.throwIfAborted()
    } finally {
      rouse = null
      napping.release()
    }
  }

  function doubts(reason: WakeReason): boolean {
    const now = Date.now()
    switch (reason) {
      case 'moved':
        return true
      case 'asked':
        return now - legSince >= minWakeGapMs
      case 'visible':
        return alive && now - lastLife > trustedSilenceMs
      case 'signed_in':
        return false
    }
  }

  return {
    async sleep(ms, signal, floorMs = 0) {
      const floor = Date.now() + floorMs
      await nap(
        (napping) => delay(ms, napping),
        signal,
        (reason) => reason !== 'signed_in' && (reason === 'asked' || Date.now() >= floor),
      )
    },
    async pause(signal) {
      await nap(forever, signal, () => true)
    },
    leg(signal) {
      const leg = linkedAbort(signal)
      current = leg
      legSince = lastLife = Date.now()
      alive = false
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
      alive = true
    },
    wake(reason) {
      rouse?.(reason)
      if (current && doubts(reason)) current.abort(new RejoinError('stalled'))
    },
  }
}
