import { delay, forever, linkedAbort, type LinkedAbort } from '../async.ts'
import { RejoinError } from '../error.ts'
import { msSince } from './msSince.ts'
import { type Network } from './network.ts'

/**
 * Why a wait is cut short. `moved`: the network has changed, so no open connection can be trusted. `offline`: the browser says that
 * there is none. `asked`: the person will not wait. `visible`: somebody looks again. `signed_in`: what waits for that can go on.
 * `mode`: it is to be followed in another way. `place`: there is a place for a stream. `left`: nobody needs the engine any more.
 */
export type WakeReason = 'moved' | 'offline' | 'asked' | 'visible' | 'signed_in' | 'mode' | 'place' | 'left'

/**
 * A leg that has brought something within this time is taken to be alive when the page becomes visible.
 * Milliseconds; one and a half heartbeats of the proxy's default.
 */
const trustedSilenceMs = 7_500

/**
 * A try that is younger is as good as a new one, and what happens to the page counts once in this time, at its end if there is
 * more: however the network flickers, there are few tries. Milliseconds.
 */
const minTryMs = 500

/** Each try that is given up unanswered for what has happened to the page gives the next one twice the time, up to this. Milliseconds. */
const maxTryMs = 8_000

/** So often it is looked whether the browser still says that there is no network: not each browser tells. Milliseconds. */
const lookAgainMs = 5_000

/** Cuts waits and dead connections short when the network or the person is back. */
export interface Waker {
  /**
   * Waits, or until woken, and says whether something that happened to the page has woken it. Rejects with the signal's reason.
   * @param floorMs how long the server has asked to wait: only the person can cut that short
   */
  sleep(ms: number, signal: AbortSignal, floorMs?: number): Promise<boolean>
  /** Waits until it is woken, whatever for. Rejects with the signal's reason. */
  pause(signal: AbortSignal): Promise<void>
  /**
   * Waits while the browser says that there is no network, or until the person wants a try all the same: browsers err. Says what it
   * has waited for; `null` where it has not waited. Rejects with the signal's reason.
   * @param onWait called before it waits
   */
  online(signal: AbortSignal, onWait?: () => void): Promise<'network' | 'person' | null>
  /** For one leg: aborts it (`stalled`) when woken with reason to doubt it. */
  leg(signal: AbortSignal): LinkedAbort
  /** The leg brought something, be it a refusal. */
  touch(): void
  wake(reason: WakeReason): void
}

export function createWaker(network: Network): Waker {
  let rouse: ((reason: WakeReason) => void) | null = null
  let current: LinkedAbort | null = null
  let legSince = 0
  /** When the leg last brought something, or began. */
  let lastLife = 0
  /** Whether the leg has brought anything: until then it is a request on its way, and no silence. */
  let alive = false
  /** How long a try may go unanswered before what happens to the page ends it. Milliseconds. */
  let tryMs = minTryMs
  /** The leg is a try although the browser says that there is no network. */
  let daring = false
  /** The person wants a try, whatever the browser says of the network; until a leg begins. */
  let wanted = false
  let heededAt = -Infinity
  /** What has happened too soon after that, and when. */
  let unheeded: { reason: 'moved' | 'visible'; at: number } | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Says why it was woken; `null` where the wait was over. */
  async function nap(wait: (signal: AbortSignal) => Promise<void>, signal: AbortSignal, wakes: (reason: WakeReason) => boolean): Promise<WakeReason | null> {
    const napping = linkedAbort(signal)
    let woken: WakeReason | null = null
    rouse = (reason) => {
      if (!wakes(reason)) return
      woken ??= reason
      napping.abort(new DOMException('Woken.', 'AbortError'))
    }
    try {
      await wait(napping.signal)
    } catch {
      signal.throwIfAborted()
    } finally {
      rouse = null
      napping.release()
    }
    return woken
  }

  /** @param at when it happened */
  function doubts(reason: WakeReason, at: number): boolean {
    // Where the clock was set back, nothing is known of it.
    const silentMs = lastLife > Date.now() ? Infinity : at - lastLife
    switch (reason) {
      case 'mode':
        return true
      case 'moved':
        return silentMs >= 0
      case 'asked':
        return msSince(legSince, at) >= minTryMs
      case 'visible':
        return alive && silentMs > trustedSilenceMs
      default:
        return false
    }
  }

  function act(reason: WakeReason, at = Date.now()): void {
    const doubted = current !== null && doubts(reason, at)
    if (reason === 'asked') wanted = current === null || doubted
    rouse?.(reason)
    if (!doubted) return
    if (reason === 'moved' && !alive) tryMs = Math.min(tryMs * 2, maxTryMs)
    current?.abort(new RejoinError('stalled'))
  }

  function heed(reason: 'moved' | 'visible', at: number): void {
    if (unheeded?.reason !== 'moved' || reason === 'moved') unheeded = { reason, at }
    heedSoon()
  }

  function heedSoon(): void {
    clearTimeout(timer)
    if (unheeded === null) return
    const now = Date.now()
    const youngMs = current && !alive ? tryMs - msSince(legSince, now) : 0
    const soonMs = Math.max(minTryMs - msSince(heededAt, now), youngMs)
    if (soonMs > 0) return void (timer = setTimeout(heedSoon, soonMs))
    const { reason, at } = unheeded
    unheeded = null
    heededAt = now
    act(reason, at)
  }

  return {
    async sleep(ms, signal, floorMs = 0) {
      const floor = Date.now() + floorMs
      const woken = await nap(
        (napping) => delay(ms, napping),
        signal,
        (reason) => reason === 'asked' || reason === 'place' || reason === 'left' || (reason !== 'signed_in' && Date.now() >= floor),
      )
      return woken === 'moved' || woken === 'visible'
    },
    async pause(signal) {
      await nap(forever, signal, (reason) => reason !== 'offline')
    },
    async online(signal, onWait) {
      const waits = (): boolean => network.isOffline() && !wanted
      if (!waits()) return null
      onWait?.()
      while (waits()) {
        const woken = await nap(
          (napping) => delay(lookAgainMs, napping),
          signal,
          (reason) => reason === 'asked' || reason === 'left' || !network.isOffline(),
        )
        if (woken === 'left') break
      }
      return wanted ? 'person' : 'network'
    },
    leg(signal) {
      const leg = linkedAbort(signal)
      current = leg
      legSince = lastLife = Date.now()
      alive = wanted = false
      daring = network.isOffline()
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
      tryMs = minTryMs
      if (daring && network.isOffline()) network.disbelieve()
    },
    wake(reason) {
      if (reason === 'moved' || reason === 'visible') heed(reason, Date.now())
      else act(reason)
    },
  }
}
