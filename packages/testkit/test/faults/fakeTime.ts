import { vi } from 'vitest'

/** Crypto runs on threads, whose answers no fake clock brings: time stands still while one is under way. */
const subtle = ['encrypt', 'decrypt', 'importKey', 'deriveKey'] as const

let pending = 0

/** A clock that stands still until it is told to go on. */
export interface FakeTime {
  /** Everything that needs no timer has happened. */
  settle(): Promise<void>
  /** On to the next timer, and what follows from it; false where there is none. */
  step(): Promise<boolean>
  /** Lets `ms` pass. */
  pass(ms: number): Promise<void>
  restore(): void
}

export function createFakeTime(): FakeTime {
  const originals = subtle.map((name) => [name, Reflect.get(crypto.subtle, name)] as const)
  for (const [name, original] of originals) {
    Object.defineProperty(crypto.subtle, name, {
      configurable: true,
      value: (...args: unknown[]) => {
        pending += 1
        const result: Promise<unknown> = Reflect.apply(original, crypto.subtle, args)
        return result.finally(() => {
          pending -= 1
        })
      },
    })
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'], now: 1_700_000_000_000 })

  async function settle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve))
    } while (pending > 0)
  }

  return {
    settle,
    async step() {
      if (vi.getTimerCount() === 0) return false
      vi.advanceTimersToNextTimer()
      await settle()
      return true
    },
    async pass(ms) {
      vi.advanceTimersByTime(ms)
      await settle()
    },
    restore() {
      vi.useRealTimers()
      for (const [name] of originals) Reflect.deleteProperty(crypto.subtle, name)
    },
  }
}
