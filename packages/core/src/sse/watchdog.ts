export interface Watchdog {
  /** Something happened. Costs a clock reading, not a timer. */
  touch(): void
  stop(): void
}

/** Calls `bark` once nothing has happened for `ms`. */
export function watchdog(ms: number, bark: () => void): Watchdog {
  let last = Date.now()
  let timer = setTimeout(check, ms)
  function check(): void {
    // The wall clock: after a laptop's sleep the silence counts, a monotonic clock may have slept as well.
    const now = Date.now()
    // Should the clock have been set back, the silence counts from here on.
    last = Math.min(last, now)
    const left = last + ms - now
    if (left <= 0) return bark()
    timer = setTimeout(check, left)
  }
  return {
    touch() {
      last = Date.now()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}
