import { unref } from '../unref.ts'

/** A wait that can be cut short. It keeps no process alive that has nothing else to do. */
export interface Alarm {
  /** Ends the wait there is, or the next one. */
  ring(): void
  /** True where it was rung for. */
  sleep(ms: number): Promise<boolean>
}

export function createAlarm(): Alarm {
  let rung = false
  let wake = (): void => {}
  return {
    ring() {
      rung = true
      wake()
    },
    async sleep(ms) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          unref(timer)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      const wasRung = rung
      rung = false
      return wasRung
    },
  }
}
