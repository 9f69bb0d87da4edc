export interface PatientIterator<T> {
  /** The next result, or `null` when none has come within `ms` (for ever, where it is not given). */
  next(ms?: number): Promise<IteratorResult<T, unknown> | null>
  /** Ends the waits there are, with `null`. */
  wake(): void
}

type Outcome<T> =
  | { readonly ok: true; readonly result: IteratorResult<T, unknown> }
  | { readonly ok: false; readonly error: unknown }

/** An iterator whose next result can be waited for again and again. Leaves no reaction behind per wait. */
export function patient<T>(source: AsyncIterator<T, unknown>): PatientIterator<T> {
  let asked = false
  let outcome: Outcome<T> | null = null
  const waits = new Set<() => void>()

  function settle(next: Outcome<T>): void {
    outcome = next
    wake()
  }

  function wake(): void {
    for (const resolve of waits) resolve()
  }

  return {
    async next(ms) {
      if (!asked) {
        asked = true
        source.next().then(
          (result) => settle({ ok: true, result }),
          (error: unknown) => settle({ ok: false, error }),
        )
      }
      if (outcome === null) await wait(waits, ms)
      const settled = outcome
      if (settled === null) return null
      outcome = null
      asked = false
      return unwrap(settled)
    },
    wake,
  }
}

function unwrap<T>(outcome: Outcome<T>): IteratorResult<T, unknown> {
  if (outcome.ok) return outcome.result
  throw outcome.error
}

function wait(waits: Set<() => void>, ms: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(over, ms)
    function over(): void {
      clearTimeout(timer)
      waits.delete(over)
      resolve()
    }
    waits.add(over)
  })
}
