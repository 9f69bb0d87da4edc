import { context, type Context } from '@opentelemetry/api'

/** What is told of an iteration. */
export interface Pulls<T> {
  /** The source is asked in here. */
  readonly context: Context
  /** What is handed on in the place of a value. */
  pulled(value: T): T
  /** The source has no more. */
  over(): void
  failed(error: unknown): void
  left(): void
}

/**
 * An iteration whose source is asked within a context, pull by pull: between two of them, and for whoever pulls, the
 * context is what it was. Nothing begins before the first pull.
 */
export function pulledWithin<T>(source: () => AsyncIterable<T>, begin: () => Pulls<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(source, begin) }
}

// No generator: one that waits for its source could only be left after that.
function iterate<T>(source: () => AsyncIterable<T>, begin: () => Pulls<T>): AsyncIterator<T, undefined> {
  let pulls: Pulls<T> | null = null
  let iterator: AsyncIterator<T, unknown> | null = null
  let left = false

  function pull(within: Pulls<T>): Promise<IteratorResult<T, unknown>> {
    return context.with(within.context, () => {
      iterator ??= source()[Symbol.asyncIterator]()
      return iterator.next()
    })
  }

  return {
    async next() {
      if (left) return { done: true, value: undefined }
      pulls ??= begin()
      try {
        const result = await pull(pulls)
        if (!result.done) return { done: false, value: pulls.pulled(result.value) }
        pulls.over()
        return { done: true, value: undefined }
      } catch (error) {
        pulls.failed(error)
        throw error
      }
    },
    async return() {
      left = true
      if (pulls !== null) {
        pulls.left()
        await context.with(pulls.context, async () => iterator?.return?.())
      }
      return { done: true, value: undefined }
    },
  }
}
