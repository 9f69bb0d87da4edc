import { abortable, delay } from '@rejoin/core'

/** Waits for `task`, but no longer than `ms`. */
export async function noLongerThan(
  ms: number,
  task: (signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const waits = [task(over.signal), delay(ms, over.signal)]
  try {
    const first = Promise.race(waits)
    await (signal ? abortable(first, signal) : first)
  } finally {
    over.abort(new DOMException('The wait is over.', 'AbortError'))
    void Promise.allSettled(waits)
  }
}
