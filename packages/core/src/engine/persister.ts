import { compact } from '../compact.ts'
import { delay } from '../async.ts'
import { type Cursor } from '../cursor.ts'
import { type RunKey, type RunStore, type RunWrite } from '../store/runStore.ts'
import { type RunOutcome, type RunPause, type Update } from '../update.ts'

export interface PersisterOptions {
  store: RunStore
  key: RunKey
  reader: number
  /** Where the log stood when the reader took it over. */
  after: Cursor
  /** Between the end of one write and the beginning of the next, in milliseconds. */
  gapMs: number
  /** A later reader owns the run. */
  onSuperseded(): void
  /** Nothing more will be stored for this run. */
  onFailed(cause: unknown): void
}

/**
 * Stores what a reader receives: token and content in one write, one write at a time, and whatever
 * arrived meanwhile in the next.
 */
export interface Persister {
  add(updates: readonly Update[], cursor: Cursor, handle: string | null, closed: RunOutcome | RunPause | null): void
  /** The same, in place of everything stored before. */
  replace(updates: readonly Update[], cursor: Cursor, handle: string | null, closed: RunOutcome | RunPause | null): void
  /** Leaves in the store what is not acknowledged yet, and stores nothing more: the page is about to go. */
  flush(): void
  /** When everything added so far is stored, or given up. */
  settled(): Promise<void>
}

export function createPersister({ store, key, reader, after, gapMs, onSuperseded, onFailed }: PersisterOptions): Persister {
  let pending: Update[] = []
  let cursor = after
  /** Where the writes begun so far leave the log. */
  let taken = after
  let outcome: RunOutcome | null = null
  let pause: RunPause | null = null
  let handle: string | null = null
  let storedHandle: string | null = null
  let replacing = false
  let dirty = false
  let given = false
  let writing: Promise<void> | null = null
  let inFlight: RunWrite | null = null

  function take(): RunWrite {
    const write: RunWrite = {
      reader,
      after: taken,
      cursor,
      updates: compact(pending),
      at: Date.now(),
      ...(replacing && { replace: true }),
      ...(outcome && { outcome }),
      ...(pause && { paused: pause.reason }),
      ...(outcome ? { handle: null } : handle !== storedHandle && { handle }),
    }
    pending = []
    taken = cursor
    storedHandle = handle
    replacing = false
    dirty = false
    return write
  }

  async function write(): Promise<void> {
    try {
      inFlight = take()
      const result = await store.append(key, inFlight)
      inFlight = null
      if (result === 'written') return
      given = true
      // What was purged is not to be stored: nothing has failed.
      if (result === 'purged') return
      if (result === 'superseded') onSuperseded()
      else onFailed(new Error(result === 'gap' ? 'An earlier write of this run failed.' : 'The records of this run are gone.'))
    } catch (cause) {
      given = true
      onFailed(cause)
    }
  }

  /** Begun in the same turn; also of a store that throws at once. */
  async function leave(writes: readonly RunWrite[]): Promise<void> {
    try {
      await store.leave(key, writes)
    } catch (cause) {
      onFailed(cause)
    }
  }

  async function drain(): Promise<void> {
    while (dirty && !given) {
      await write()
      // The gap counts for what comes next as well, unless nothing does.
      if (gapMs > 0 && outcome === null && !given) await delay(gapMs)
    }
    pending = []
    writing = null
  }

  function start(): void {
    if (!given) writing ??= drain()
  }

  function add(updates: readonly Update[], at: Cursor, nextHandle: string | null, closed: RunOutcome | RunPause | null): void {
    if (given) return
    for (const update of updates) pending.push(update)
    cursor = at
    handle = nextHandle ?? handle
    pause = closed?.type === 'paused' ? closed : null
    outcome = closed?.type === 'paused' ? null : closed
    dirty = true
    start()
  }

  return {
    add,
    replace(...base) {
      pending = []
      replacing = true
      add(...base)
    },
    flush() {
      if (given) return
      const writes = [...(inFlight ? [inFlight] : []), ...(dirty ? [take()] : [])]
      given = true
      if (writes.length > 0) void leave(writes)
    },
    async settled() {
      await writing
    },
  }
}
