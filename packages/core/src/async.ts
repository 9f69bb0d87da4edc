import { type RejoinError } from './error.ts'

/** A longer timer overflows and fires at once. About 24 days. */
const maxDelayMs = 2 ** 31 - 1

/** Resolves after `ms`, or rejects with the signal's reason. Leaves no listener and no timer behind. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, Math.min(ms, maxDelayMs))
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Rejects with the signal's reason, and does nothing else. One for each wait: what waits for it goes when it does. */
export function forever(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    else signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/**
 * `promise`, or the signal's reason as soon as it aborts: for what may never settle once it should stop
 * (a read of a half-open socket, a `fetch` that ignores its signal).
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    // In either case: nobody else hears of its rejection.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** An AbortController that follows another signal until it is released. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  /** Aborts this controller alone; `parent` does not hear of it. */
  abort(reason: RejoinError | DOMException): void
  /** Stops following, so that a long-lived signal does not collect listeners. */
  release(): void
}

/** A controller that aborts when `parent` does, with its reason, until it is released. */
export function linkedAbort(parent: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController()
  const follow = (): void => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent?.removeEventListener('abort', follow),
  }
}
