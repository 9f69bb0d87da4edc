/** Waits so long at pace 1, in milliseconds. */
export type Pause = (ms: number) => Promise<void>

/** Waits, and rejects with the signal's reason as soon as it aborts; without milliseconds it sets no timer. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (ms <= 0) return
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal.addEventListener('abort', finish, { once: true })
  })
  signal.throwIfAborted()
}
