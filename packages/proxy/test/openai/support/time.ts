import { afterEach, beforeEach, vi } from 'vitest'

/** Sealing runs on threads, whose answers no fake clock brings: time stands still while it is under way. */
const subtle = ['encrypt', 'decrypt', 'importKey', 'deriveKey', 'digest'] as const

let pending = 0

/** Time stands still in each test of the file, until it is told to go on. */
export function useFakeTime(): void {
  beforeEach(() => {
    for (const name of subtle) {
      const original: unknown = Reflect.get(crypto.subtle, name)
      if (typeof original !== 'function') continue
      Object.defineProperty(crypto.subtle, name, {
        configurable: true,
        value: (...args: unknown[]) => {
          pending += 1
          const result: Promise<unknown> = Reflect.apply(original, crypto.subtle, args)
          return result.finally(() => (pending -= 1))
        },
      })
    }
    const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: [...toFake] })
  })

  afterEach(() => {
    vi.useRealTimers()
    for (const name of subtle) Reflect.deleteProperty(crypto.subtle, name)
  })
}

/** Everything that needs no timer has happened. */
export async function settle(): Promise<void> {
  do {
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
  } while (pending > 0)
}

/** Lets `ms` pass, timer after timer. */
export async function pass(ms: number): Promise<void> {
  await settle()
  let over = false
  setTimeout(() => (over = true), ms)
  while (!over) {
    vi.advanceTimersToNextTimer()
    await settle()
  }
}

/** What hangs is found out after so many timers. */
const patience = 20_000

/** Lets as much time pass as `promise` takes. */
export async function finish<T>(promise: Promise<T>): Promise<T> {
  let over = false
  promise.then(
    () => (over = true),
    () => (over = true),
  )
  await settle()
  for (let timers = 0; !over; timers += 1) {
    if (vi.getTimerCount() === 0 || timers === patience) throw new Error('It never ends.')
    vi.advanceTimersToNextTimer()
    await settle()
  }
  return await promise
}

/** Lets time pass until something is the case. */
export async function until(condition: () => boolean): Promise<void> {
  await settle()
  for (let timers = 0; !condition(); timers += 1) {
    if (vi.getTimerCount() === 0 || timers === patience) throw new Error('It never happens.')
    vi.advanceTimersToNextTimer()
    await settle()
  }
}
