import { type Cursor } from '../cursor.ts'

/** Finds what a follower has missed. */
export interface CatchingUp {
  /** Another tab is as far as `cursor`, and this one is not. */
  missed(cursor: Cursor): void
  /** Another tab has said what it knows; this one has taken it over. */
  answered(): void
  stop(): void
}

export interface CatchingUpOptions {
  cursor(): Cursor
  /** Asks the other tabs. */
  ask(): void
  /** Takes over what is stored. */
  look(): Promise<void>
}

/** While it waits for an answer, a follower does not ask again for this long; then it looks in the store. Milliseconds. */
const patienceMs = 1_000

export function createCatchingUp({ cursor, ask, look }: CatchingUpOptions): CatchingUp {
  let wanted = cursor()
  let asked = false
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Whoever has told of it is gone. What it has not left in the store is lost, and comes from the agent again. */
  async function search(): Promise<void> {
    timer = undefined
    asked = false
    await look()
    wanted = cursor()
  }

  function stop(): void {
    clearTimeout(timer)
    timer = undefined
    asked = false
  }

  return {
    missed(at) {
      if (at > wanted) wanted = at
      if (!asked) ask()
      asked = true
      timer ??= setTimeout(() => void search(), patienceMs)
    },
    answered() {
      asked = false
      if (cursor() >= wanted) stop()
    },
    stop,
  }
}
