import { type DatabaseSync } from 'node:sqlite'
import { type Changes } from './changes.ts'
import { type Retention } from './retention.ts'
import { integer, text } from './row.ts'
import { type Writes } from './writes.ts'

/** Rows that one step deletes at most: about a millisecond of everybody's time. */
const rowsPerStep = 200
const pauseMs = 10

/** Not more often, in milliseconds, unless so much has been written meanwhile: a part of what may be in all. */
const maxGapMs = 60_000
const partBetween = 1 / 16

export interface SweeperOptions {
  readonly database: DatabaseSync
  readonly writes: Writes
  readonly changes: Changes
  readonly retention: Retention
  /** Sweeps at least so far apart, in milliseconds, where that is less than a minute. */
  readonly gapMs: number
  readonly maxBytes: number
}

export interface Sweeper {
  /** Begins to sweep where it is time. */
  look(): void
  stop(): void
}

interface Step {
  /** Whether there may be more to delete. */
  readonly more: boolean
  /** The runs that somebody may be waiting for more of. */
  readonly dismissed: readonly string[]
}

/** Deletes what is too old, or too much, step by step; what has been deleted makes room for what comes. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { database, writes, changes, retention, maxBytes } = options
  const dismissEnded = database.prepare(`
    UPDATE runs SET key = NULL
    WHERE id IN (SELECT id FROM runs WHERE key IS NOT NULL AND ending IS NOT NULL AND changed_at <= ? ORDER BY changed_at LIMIT ?)
  `)
  const oldUnfinished = database.prepare(`
    SELECT * FROM runs WHERE key IS NOT NULL AND ending IS NULL AND max(changed_at, held_until) <= ? LIMIT ?
  `)
  const dismiss = database.prepare('UPDATE runs SET key = NULL WHERE id = ?')
  const leaving = database.prepare('SELECT id FROM runs WHERE key IS NULL LIMIT 1')
  const deleteSlices = database.prepare(`
    DELETE FROM slices WHERE run = ?1 AND last IN (SELECT last FROM slices WHERE run = ?1 ORDER BY last LIMIT ?2)
  `)
  const deleteRun = ['asked WHERE run', 'checkpoints WHERE run', 'runs WHERE id'].map((of) => database.prepare(`DELETE FROM ${of} = ?`))
  const deleteRecords = database.prepare(`
    DELETE FROM records WHERE name IN (SELECT name FROM records WHERE changed_at <= ? ORDER BY changed_at LIMIT ?)
  `)
  const pages = database.prepare('PRAGMA page_count')
  const freePages = database.prepare('PRAGMA freelist_count')
  const maxPages = maxBytes / integer(database.prepare('PRAGMA page_size').get(), 'page_size')
  const gapMs = Math.min(maxGapMs, options.gapMs)
  let timer: ReturnType<typeof setTimeout> | undefined
  let isSweeping = false
  let sweptAt = -Infinity
  let sweptPages = 0

  function pagesInUse(): number {
    return integer(pages.get(), 'page_count') - integer(freePages.get(), 'freelist_count')
  }

  function step(): Step {
    const { dismissed, left } = dismissOld()
    const more = deleteSome(left)
    sweptAt = Date.now()
    sweptPages = pagesInUse()
    return { more, dismissed }
  }

  function dismissOld(): { dismissed: string[]; left: number } {
    const oldest = retention.oldest()
    let left = rowsPerStep
    left -= Number(deleteRecords.run(oldest, left).changes)
    left -= Number(dismissEnded.run(oldest, Math.max(0, left)).changes)
    const unfinished = oldUnfinished.all(oldest, Math.max(0, left)).filter(retention.isTooOld)
    for (const run of unfinished) dismiss.run(integer(run, 'id'))
    return { dismissed: unfinished.map((run) => text(run, 'key')), left: left - unfinished.length }
  }

  function deleteSome(rows: number): boolean {
    let left = rows
    while (left > 0) {
      const run = leaving.get() ?? dismissedForRoom()
      if (run === undefined) return false
      const id = integer(run, 'id')
      const deleted = Number(deleteSlices.run(id, left).changes)
      if (deleted < left) for (const statement of deleteRun) statement.run(id)
      left -= deleted + 1
    }
    return true
  }

  /** The run that ended first, where all together have grown too large. */
  function dismissedForRoom(): ReturnType<typeof leaving.get> {
    if (pagesInUse() <= maxPages) return undefined
    dismissEnded.run(Number.MAX_SAFE_INTEGER, 1)
    return leaving.get()
  }

  /** Who reads an ended one reads it to its end. */
  function tellReaders({ dismissed }: Step): void {
    for (const key of dismissed) changes.tell(key)
  }

  async function sweep(): Promise<void> {
    try {
      while ((await writes.run(step, tellReaders)).more) await pause()
    } catch {
      // The file can not be written just now, or is closed: those whose runs it keeps hear of it.
    } finally {
      isSweeping = false
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      timer = setTimeout(resolve, pauseMs)
      timer.unref()
    })
  }

  return {
    look() {
      if (isSweeping || (Date.now() - sweptAt < gapMs && pagesInUse() - sweptPages < maxPages * partBetween)) return
      isSweeping = true
      void sweep()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}
