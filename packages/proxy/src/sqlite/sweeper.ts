import { type DatabaseSync } from 'node:sqlite'
import { integer } from './row.ts'
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
  readonly retentionMs: number
  readonly maxBytes: number
}

export interface Sweeper {
  /** Begins to sweep where it is time. */
  look(): void
  stop(): void
}

/** Deletes what is too old, or too much, step by step; what has been deleted makes room for what comes. */
export function createSweeper({ database, writes, retentionMs, maxBytes }: SweeperOptions): Sweeper {
  const dismissEnded = database.prepare(`
    UPDATE runs SET key = NULL
    WHERE id IN (SELECT id FROM runs WHERE key IS NOT NULL AND ending IS NOT NULL AND changed_at <= ? ORDER BY changed_at LIMIT ?)
  `)
  const dismissUnfinished = database.prepare(`
    UPDATE runs SET key = NULL WHERE key IS NOT NULL AND ending IS NULL AND max(changed_at, held_until) <= ?
  `)
  const leaving = database.prepare('SELECT id FROM runs WHERE key IS NULL LIMIT 1')
  const deleteSlices = database.prepare(`
    DELETE FROM slices WHERE run = ?1 AND last IN (SELECT last FROM slices WHERE run = ?1 ORDER BY last LIMIT ?2)
  `)
  const deleteRun = ['messages WHERE run', 'checkpoints WHERE run', 'runs WHERE id'].map((of) => database.prepare(`DELETE FROM ${of} = ?`))
  const deleteRecords = database.prepare(`
    DELETE FROM records WHERE name IN (SELECT name FROM records WHERE changed_at <= ? ORDER BY changed_at LIMIT ?)
  `)
  const pages = database.prepare('PRAGMA page_count')
  const freePages = database.prepare('PRAGMA freelist_count')
  const maxPages = maxBytes / integer(database.prepare('PRAGMA page_size').get(), 'page_size')
  const gapMs = Math.min(maxGapMs, retentionMs / 4)
  let timer: ReturnType<typeof setTimeout> | undefined
  let isSweeping = false
  let sweptAt = -Infinity
  let sweptPages = 0

  function pagesInUse(): number {
    return integer(pages.get(), 'page_count') - integer(freePages.get(), 'freelist_count')
  }

  /** Whether there may be more to delete. */
  function step(): boolean {
    const more = deleteSome()
    sweptAt = Date.now()
    sweptPages = pagesInUse()
    return more
  }

  function deleteSome(): boolean {
    const oldest = Date.now() - retentionMs
    let left = rowsPerStep
    left -= Number(deleteRecords.run(oldest, left).changes)
    left -= Number(dismissEnded.run(oldest, Math.max(0, left)).changes)
    left -= Number(dismissUnfinished.run(oldest).changes)
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

  async function sweep(): Promise<void> {
    try {
      while (await writes.run(step)) await pause()
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
