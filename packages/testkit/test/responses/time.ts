import { afterEach, beforeEach, vi } from 'vitest'

/** Fake time, of timers and dates only, so that real sockets go on working. */
export function useFakeTime({ leavesNoTimers = false } = {}): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  })

  afterEach(() => {
    const left = vi.getTimerCount()
    vi.useRealTimers()
    if (leavesNoTimers && left > 0) throw new Error(`${left} timers are left.`)
  })
}

/** Lets time pass for everybody. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}
