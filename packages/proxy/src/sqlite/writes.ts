import { RejoinError } from '@rejoin/core'
import { type DatabaseSync } from 'node:sqlite'
import { setImmediate, setTimeout } from 'node:timers'
import { failure, isBusy, isOwnFault, isSqliteError } from './failure.ts'
import { type OpenFile } from './file.ts'

/** How long others may keep the file locked before what waits for it fails, in milliseconds. */
const patienceMs = 10_000
const againMs = 5

export interface Writes {
  readonly isClosed: boolean
  /**
   * Runs a step in the transaction of this turn of the event loop, and resolves when that is committed. A step may be
   * run again where another one has failed.
   * @param committed called in the same turn as the commit, before the asker goes on
   * @throws RejoinError `unavailable` where the file can not be written
   */
  run<T>(step: () => T, committed?: (result: T) => void): Promise<T>
  /** Runs a look at what is committed. */
  look<T>(step: () => T): Promise<T>
  /** Takes nothing any more; resolves when all there is has been written. */
  close(): Promise<void>
}

interface Job {
  /** Gives back what is to be done when it is committed. */
  readonly step: () => () => void
  readonly reject: (error: unknown) => void
}

export interface WritesOptions {
  readonly file: string
  readonly there: OpenFile
  /** Called after each transaction. */
  written(): void
}

/** All that is written in one turn of the event loop is one transaction: the transaction is what costs. */
export function createWrites(database: DatabaseSync, { file, there, written }: WritesOptions): Writes {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  let queue: Job[] = []
  let scheduled = false
  let blockedSince: number | null = null
  let closing: (() => void) | null = null
  let closed: Promise<void> | null = null

  // The event loop's own timers, also where a test has put others in their place: nothing here is about time.
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    if (blockedSince === null) setImmediate(flush)
    else setTimeout(flush, againMs)
  }

  function flush(): void {
    scheduled = false
    const batch = queue
    queue = []
    write(batch)
    if (queue.length > 0) schedule()
    else closing?.()
  }

  function write(batch: readonly Job[]): void {
    if (batch.length === 0) return
    try {
      there.assertThere()
      begin.run()
    } catch (error) {
      return notBegun(batch, error)
    }
    blockedSince = null
    const settled: (() => void)[] = []
    for (const job of batch) {
      try {
        settled.push(job.step())
      } catch (error) {
        rollback()
        if (!isOwnFault(error)) return rejectAll(batch, error)
        job.reject(isSqliteError(error) ? failure(file, error) : error)
        return write(batch.filter((other) => other !== job))
      }
    }
    try {
      commit.run()
    } catch (error) {
      rollback()
      return rejectAll(batch, error)
    }
    for (const settle of settled) settle()
    written()
  }

  function notBegun(batch: readonly Job[], error: unknown): void {
    blockedSince ??= performance.now()
    if (isBusy(error) && performance.now() - blockedSince < patienceMs) queue = [...batch, ...queue]
    else {
      blockedSince = null
      rejectAll(batch, error)
    }
  }

  function rollback(): void {
    try {
      database.exec('ROLLBACK')
    } catch {
      // SQLite has done so itself: it does where the disk is full, say.
    }
  }

  function rejectAll(batch: readonly Job[], error: unknown): void {
    const reason = failure(file, error)
    for (const { reject } of batch) reject(reason)
  }

  return {
    get isClosed() {
      return closed !== null
    },
    run(step, committed) {
      if (closed) return Promise.reject(closedError(file))
      return new Promise((resolve, reject) => {
        queue.push({
          step() {
            const result = step()
            return () => {
              committed?.(result)
              resolve(result)
            }
          },
          reject,
        })
        schedule()
      })
    },
    async look(step) {
      const since = performance.now()
      while (true) {
        if (closed) throw closedError(file)
        there.assertThere()
        try {
          return step()
        } catch (error) {
          if (!isSqliteError(error)) throw error
          if (!isBusy(error) || performance.now() - since > patienceMs) throw failure(file, error)
        }
        await new Promise((resolve) => setTimeout(resolve, againMs))
      }
    },
    close() {
      closed ??= new Promise((resolve) => {
        if (queue.length === 0) resolve()
        else closing = resolve
      })
      return closed
    },
  }
}

function closedError(file: string): RejoinError {
  return new RejoinError('unavailable', {
    message: `The store of ${file} has been closed, so its runs can be neither read nor written. Close it when nobody uses it any more.`,
  })
}
