import { AssertionError } from 'node:assert/strict'

// Taken before a test can put a fake clock in their place: what never comes must fail whatever the clock says.
const { setTimeout, clearTimeout } = globalThis

export interface Patience {
  /** What `promise` gives. Fails where that does not come. */
  soon<T>(promise: Promise<T>, what: string): Promise<T>
  /** Asks again and again. Fails where it never comes true. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>
}

const askAgainMs = 2

/** @param ms in real time, whatever clock the test has */
export function createPatience(ms: number): Patience {
  function soon<T>(promise: Promise<T>, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const never = new AssertionError({ message: `${what}: nothing has come of it in ${ms} ms.` })
      const timer = setTimeout(() => reject(never), ms)
      promise.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  async function ask(condition: () => boolean | Promise<boolean>, over: AbortSignal): Promise<void> {
    while (!over.aborted && !(await condition())) await new Promise((resolve) => setTimeout(resolve, askAgainMs))
  }

  return {
    soon,
    async until(condition, what) {
      const over = new AbortController()
      try {
        await soon(ask(condition, over.signal), what)
      } finally {
        over.abort()
      }
    },
  }
}
