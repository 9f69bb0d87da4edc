import { afterEach, beforeEach, vi } from 'vitest'

/** A hold on the clock: longer than any case takes, shorter than what a proxy or a page takes for a stall. */
export const holdMs = 10_000

/** The clock goes on as it does, and a world can set it ahead to release its holds. */
export function fakeHolds(): void {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      shouldAdvanceTime: true,
      advanceTimeDelta: 1,
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

export async function passHold(): Promise<void> {
  await vi.advanceTimersByTimeAsync(holdMs)
}
