import { cursorOf, parseCursor, RejoinError, type ChatMessage, type EndUpdate, type PauseUpdate } from '@rejoin/core'
import { type DatabaseSync } from 'node:sqlite'
import { type Answered, type EventLog, type Lease, type LogEntry, type LoggedUpdate } from '../logs/eventLog.ts'
import { maxSlice } from '../logs/memory.ts'
import { type Changes, type Tail } from './changes.ts'
import { type Instances } from './instances.ts'
import { type Retention } from './retention.ts'
import { integer, text, textOrNull, type Row } from './row.ts'
import { type Writes } from './writes.ts'

/** Updates in a row at most: whoever goes on in the middle of one parses the whole of it. */
const maxRow = 256

/** A reader's slice ends with the row that brings it beyond this, in characters of JSON. */
const maxSliceLength = 1024 * 1024

export interface StoreParts {
  readonly database: DatabaseSync
  readonly writes: Writes
  readonly changes: Changes
  readonly instances: Instances
  readonly retention: Retention
}

export function sqliteEventLog({ database, writes, changes, instances, retention }: StoreParts): EventLog {
  const byKey = database.prepare('SELECT * FROM runs WHERE key = ?')
  const byId = database.prepare('SELECT ending FROM runs WHERE id = ? AND key IS NOT NULL')
  const leave = database.prepare('UPDATE runs SET key = NULL WHERE id = ?')
  const insert = database.prepare(`
    INSERT INTO runs (key, started_at, changed_at, length, phase, holder, instance, held_until) VALUES (?, ?, ?, 0, 'working', ?, ?, ?)
  `)
  const inherit = database.prepare(`
    UPDATE runs SET (holder, instance, held_until) = (SELECT holder, instance, held_until FROM runs WHERE id = ?) WHERE id = ?
  `)
  const setAnswer = database.prepare('UPDATE runs SET answered_by = ? WHERE id = ?')
  const take = database.prepare('UPDATE runs SET holder = ?, instance = ?, held_until = ? WHERE id = ?')
  const grow = database.prepare(`
    UPDATE runs
    SET length = length + ?1, phase = coalesce(?2, phase), pause = iif(?1 = 0, pause, ?3), ending = ?4, changed_at = ?5
    WHERE key = ?6 AND ending IS NULL AND (?7 IS NULL OR holder = ?7)
    RETURNING id, length
  `)
  const insertSlice = database.prepare('INSERT INTO slices (run, last, json) VALUES (?, ?, ?)')
  const slicesAfter = database.prepare('SELECT last, json FROM slices WHERE run = ? AND last > ? ORDER BY last')
  const insertAsked = database.prepare('INSERT INTO asked (run, session, messages, previous) VALUES (?, ?, ?, ?)')
  const selectAsked = database.prepare('SELECT session, messages, previous FROM asked WHERE run = ?')
  const putCheckpoint = database.prepare('INSERT OR REPLACE INTO checkpoints (run, json) VALUES (?, ?)')
  const selectCheckpoint = database.prepare('SELECT json FROM checkpoints WHERE run = ?')

  function find(key: string): Row | null {
    const row = byKey.get(key)
    return row && !retention.isTooOld(row) ? row : null
  }

  function isFree(row: Row, holder: string): boolean {
    const [holds, instance] = [textOrNull(row, 'holder'), textOrNull(row, 'instance')]
    return holds === null || holds === holder || integer(row, 'held_until') <= Date.now() || instance === null || instances.isDead(instance)
  }

  /** What follows number `at`, up to a slice. */
  function sliceAfter(run: number, at: number): LoggedUpdate[] {
    const slice: LoggedUpdate[] = []
    let length = 0
    for (const row of slicesAfter.iterate(run, at)) {
      const json = text(row, 'json')
      const entries: LogEntry[] = JSON.parse(json)
      const first = integer(row, 'last') - entries.length + 1
      // What was there is on its way out.
      if (first > at + slice.length + 1) throw new RejoinError('expired')
      for (const [index, entry] of entries.entries()) {
        const number = first + index
        if (number > at && slice.length < maxSlice) slice.push({ ...entry, cursor: cursorOf(0, number) })
      }
      length += json.length
      if (slice.length >= maxSlice || length >= maxSliceLength) break
    }
    return slice
  }

  function assertThere(run: number): void {
    if (byId.get(run) === undefined) throw new RejoinError('expired')
  }

  /** In a transaction. The length it has then; `null` where nothing is appended. */
  function add(key: string, { rows, count, phase, pause, end }: AppendedRows, note: string | null, holder: string | null): number | null {
    const run = grow.get(count, phase, pause, end, Date.now(), key, holder)
    if (run === undefined) return null
    const id = integer(run, 'id')
    const length = integer(run, 'length')
    let last = length - count
    for (const row of rows) {
      last += row.count
      insertSlice.run(id, last, row.json)
    }
    if (note !== null) putCheckpoint.run(id, note)
    return length
  }

  /** The run that waits there; `null` where it does not. */
  function waiting({ run, at }: Answered): Row | null {
    const row = find(run)
    return row !== null && row.pause !== null && cursorOf(0, integer(row, 'length')) === at ? row : null
  }

  return {
    async create(key, { lease, asked, answers } = {}) {
      const messages = asked ? JSON.stringify(asked.messages) : ''
      const end = answers && rowsOf([answers.end])
      const created = await writes.run(() => {
        const known = byKey.get(key)
        if (known && !retention.isTooOld(known)) return false
        const answered = answers && waiting(answers)
        if (answered === null) return null
        if (known) leave.run(integer(known, 'id'))
        const now = Date.now()
        const { lastInsertRowid } = lease
          ? insert.run(key, now, now, lease.holder, instances.own, heldUntil(lease))
          : insert.run(key, now, now, null, null, 0)
        if (asked) insertAsked.run(lastInsertRowid, asked.session, messages, asked.previous)
        if (answered && answers && end) {
          const id = integer(answered, 'id')
          if (lease === undefined) inherit.run(id, lastInsertRowid)
          setAnswer.run(key, id)
          add(answers.run, end, null, null)
        }
        return true
      }, () => {
        // Who still reads the one before.
        changes.tell(key)
        if (answers) changes.tell(answers.run)
      })
      if (created === null) throw new RejoinError('not_found')
      return created
    },
    async hold(key, lease) {
      if (writes.isClosed) return false
      return await writes.run(() => {
        const run = find(key)
        if (run === null || run.ending !== null || !isFree(run, lease.holder)) return false
        take.run(lease.holder, instances.own, heldUntil(lease), integer(run, 'id'))
        return true
      })
    },
    async append(key, entries, { holder, checkpoint } = {}) {
      if (writes.isClosed) return false
      const rows = rowsOf(entries)
      const { count } = rows
      const note = checkpoint === undefined ? null : JSON.stringify(checkpoint)
      const length = await writes.run(() => add(key, rows, note, holder ?? null), (length) => {
        if (length !== null) changes.tell(key, () => tailOf(entries.slice(0, count), length - count))
      })
      return length !== null
    },
    async *read(key, after, signal) {
      const run = await writes.look(() => find(key))
      if (run === null) throw new RejoinError('expired')
      const id = integer(run, 'id')
      const { epoch, n } = parseCursor(after)
      const length = integer(run, 'length') - (run.ending === null ? 0 : 1)
      let at = epoch > 0 ? length : Math.min(n, length)
      const follower = changes.follow(key, { signal })
      try {
        let told: readonly LoggedUpdate[] | null = null
        while (true) {
          signal?.throwIfAborted()
          const slice: readonly LoggedUpdate[] = told ?? (await writes.look(() => sliceAfter(id, at)))
          if (slice.length > 0) yield slice
          else await writes.look(() => assertThere(id))
          at += slice.length
          if (slice.at(-1)?.type === 'end') return
          // After what was looked up there may be more; after anything else, what comes is told.
          told = told || slice.length === 0 ? updatesAfter(await follower.next(), at) : null
        }
      } finally {
        follower.close()
      }
    },
    async peek(key) {
      return await writes.look(() => {
        const run = find(key)
        if (run === null) return null
        const cursor = cursorOf(0, integer(run, 'length'))
        const ending = textOrNull(run, 'ending')
        const end: EndUpdate | null = ending === null ? null : { ...JSON.parse(ending), cursor }
        const paused = textOrNull(run, 'pause')
        const pause: PauseUpdate | null = paused === null ? null : { ...JSON.parse(paused), cursor }
        const note = selectCheckpoint.get(integer(run, 'id'))
        const checkpoint: unknown = note ? JSON.parse(text(note, 'json')) : null
        const phase = text(run, 'phase') === 'queued' ? 'queued' : 'working'
        const answeredBy = textOrNull(run, 'answered_by')
        return { startedAt: integer(run, 'started_at'), phase, cursor, pause, end, answeredBy, checkpoint }
      })
    },
    async asked(key) {
      return await writes.look(() => {
        const run = find(key)
        const row = run && selectAsked.get(integer(run, 'id'))
        if (!row) return null
        const messages: ChatMessage[] = JSON.parse(text(row, 'messages'))
        return { session: text(row, 'session'), messages, previous: textOrNull(row, 'previous') }
      })
    },
  }
}

/** In whole milliseconds: the column takes no others. */
function heldUntil({ ms }: Lease): number {
  return Math.ceil(Date.now() + ms)
}

function updatesAfter(tail: Tail | null, at: number): readonly LoggedUpdate[] | null {
  return tail?.after === at ? tail.updates : null
}

/** As it will be read; nothing where a reader has to take it piece by piece. */
function tailOf(entries: readonly LogEntry[], after: number): Tail | null {
  if (entries.length > maxSlice) return null
  return { after, updates: entries.map((entry, index) => ({ ...entry, cursor: cursorOf(0, after + index + 1) })) }
}

interface SliceRow {
  readonly count: number
  readonly json: string
}

interface AppendedRows {
  readonly rows: readonly SliceRow[]
  readonly count: number
  /** What the run is in after them; `null` where it stays as it is. */
  readonly phase: string | null
  readonly pause: string | null
  readonly end: string | null
}

/** Nothing comes after an end. Made before the transaction, so that entries which are no JSON fail alone. */
function rowsOf(entries: readonly LogEntry[]): AppendedRows {
  const endAt = entries.findIndex(({ type }) => type === 'end')
  const kept = endAt < 0 ? entries : entries.slice(0, endAt + 1)
  const rows: SliceRow[] = []
  for (let at = 0; at < kept.length; at += maxRow) {
    const part = kept.slice(at, at + maxRow)
    rows.push({ count: part.length, json: JSON.stringify(part) })
  }
  const last = kept.at(-1)
  const phase = last === undefined ? null : last.type === 'status' ? last.status : 'working'
  const [pause, end] = (['pause', 'end'] as const).map((type) => (last?.type === type ? JSON.stringify(last) : null))
  return { rows, count: kept.length, phase, pause: pause ?? null, end: end ?? null }
}
