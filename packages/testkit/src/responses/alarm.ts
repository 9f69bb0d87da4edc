/** Timers overflow beyond this and fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** Waits that something else can end early. */
export interface Alarm {
  /** Resolves when `ms` have passed, or earlier: look again. Leaves no timer and no listener behind. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Ends all waits. */
  ring(): void
}

export function createAlarm(): Alarm {
  const waiting = new Set<() => void>()
  return {
    wait(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const timer = setTimeout(wake, Math.min(ms, longestTimerMs))
        function release(): void {
          clearTimeout(timer)
          waiting.delete(wake)
          signal.removeEventListener('abort', stop)
        }
        function wake(): void {
          release()
          resolve()
        }
        function stop(): void {
          release()
          reject(signal.reason)
        }
        waiting.add(wake)
        signal.addEventListener('abort', stop, { once: true })
      })
    },
    ring() {
      for (const wake of waiting) wake()
    },
  }
}
