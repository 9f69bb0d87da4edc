export interface PatientIterator<T> {
  /** The next result, or `null` when none has come within `ms` (for ever, where it is not given). Wait for one at a time. */
  next(ms?: number): Promise<IteratorResult<T, unknown> | null>
  /** Ends the wait there is, with `null`. */
  wake(): void
}

type Outcome<T> =
  | { readonly ok: true; readonly result: IteratorResult<T, unknown> }
  | { readonly ok: false; readonly error: unknown }

interface Wait<T> {
  resolve(result: IteratorResult<T, unknown> | null): void
  reject(error: unknown): void
}

/** An iterator whose next result can be waited for again and again. Leaves no reaction behind per wait. */
export function patient<T>(source: AsyncIterator<T, unknown>): PatientIterator<T> {
  let asked = false
  let outcome: Outcome<T> | null = null
  let waiting: Wait<T> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  function ask(): void {
    asked = true
    source.next().then(
      (result) => settle({ ok: true, result }),
      (error: unknown) => settle({ ok: false, error }),
    )
  }

  function settle(next: Outcome<T>): void {
    outcome = next
    give()
  }

  /** What has come, to whoever waits. */
  function give(): void {
    if (outcome === null || waiting === null) return
    const [given, wait] = [outcome, waiting]
    asked = false
    outcome = null
    stopWaiting()
    if (given.ok) wait.resolve(given.result)
    else wait.reject(given.error)
  }

  function stopWaiting(): void {
    clearTimeout(timer)
    waiting = null
  }

  function wake(): void {
    const wait = waiting
    stopWaiting()
    wait?.resolve(null)
  }

  return {
    // One promise for each: a flood of items goes through here.
    next(ms) {
      if (!asked) ask()
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        if (ms !== undefined) timer = setTimeout(wake, ms)
        give()
      })
    },
    wake,
  }
}
