import { type PauseReason, type RunOutcome } from '@rejoin/core'
import {
  changed,
  handleOf,
  isWaiting,
  needsRenewal,
  newRecord,
  passedOver,
  pausedRecord,
  recordedRecord,
  replacedRecord,
  runningRecord,
  timeOf,
} from '../registry/record.ts'
import { type BeginResult, type RunKey, type RunProgress, type RunRecord, type RunRegistry } from '../registry/registry.ts'
import { type StoreParts } from './eventLog.ts'
import { integer, text, textOrNull, type Row } from './row.ts'

/** A record, and whether it is a start that nobody can bring to anything any more. */
interface Known {
  readonly record: RunRecord
  readonly isLost: boolean
}

export function sqliteRunRegistry({ database, writes, changes, instances, retention }: StoreParts): RunRegistry {
  const byName = database.prepare('SELECT * FROM records WHERE name = ? AND changed_at > ?')
  const activeOf = database.prepare(`
    SELECT * FROM records WHERE caller = ? AND state <> 'ended' AND changed_at > ? ORDER BY started_at, name
  `)
  const unrecordedOf = database.prepare(`
    SELECT * FROM records
    WHERE caller = ? AND recorded IS NOT state AND state <> 'starting' AND changed_at > ? ORDER BY started_at, name
  `)
  const latestOf = database.prepare(`
    SELECT conversation FROM records
    WHERE caller = ? AND session = ? AND conversation IS NOT NULL AND run_id <> ? AND changed_at > ?
    ORDER BY started_at DESC, name DESC LIMIT 1
  `)
  // What somebody has claimed stays claimed.
  const upsert = database.prepare(`
    INSERT INTO records
      (name, caller, run_id, session, started_at, changed_at, state, handle, outcome, elapsed_ms, instance, reason, replaces, conversation, recorded)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
      session = excluded.session, started_at = excluded.started_at, changed_at = excluded.changed_at, state = excluded.state,
      handle = excluded.handle, outcome = excluded.outcome, elapsed_ms = excluded.elapsed_ms, instance = excluded.instance,
      reason = excluded.reason, replaces = excluded.replaces, conversation = excluded.conversation, recorded = excluded.recorded
  `)
  const setClaim = database.prepare('UPDATE records SET claimed_by = ?, claimed_in = ?, claimed_until = ? WHERE name = ?')
  const remove = database.prepare('DELETE FROM records WHERE name = ?')

  function rowOf(key: RunKey): Row | undefined {
    return byName.get(nameOf(key), retention.oldest())
  }

  function find(key: RunKey): Known | null {
    const row = rowOf(key)
    return row ? knownIn(row) : null
  }

  function active(user: string | null): Known[] {
    return user === null ? [] : activeOf.all(user, retention.oldest()).map(knownIn)
  }

  function knownIn(row: Row): Known {
    const record = recordIn(row)
    return { record, isLost: record.state === 'starting' && instances.isDead(text(row, 'instance')) }
  }

  function put(record: RunRecord): RunRecord {
    const { user, runId, session, startedAt, state, replaces, conversation, recorded } = record
    const elapsedMs = state === 'ended' || state === 'paused' ? record.elapsedMs : null
    const outcome = state === 'ended' ? JSON.stringify(record.outcome) : null
    const reason = state === 'paused' ? record.reason : null
    const progress = [state, handleOf(record), outcome, elapsedMs, instances.own, reason]
    upsert.run(nameOf(record), user, runId, session, startedAt, Date.now(), ...progress, replaces, conversation, recorded)
    return record
  }

  /** Its process has died before the agent had named the run. */
  function lose(record: RunRecord): RunRecord {
    const elapsedMs = Math.max(0, Date.now() - record.startedAt)
    return put(changed(record, { state: 'ended', handle: null, outcome: { type: 'failed', code: 'start_unknown' }, elapsedMs }))
  }

  function isFree(row: Row, holder: string): boolean {
    const held = textOrNull(row, 'claimed_by')
    if (held === null || held === holder || integer(row, 'claimed_until') <= Date.now()) return true
    return instances.isDead(text(row, 'claimed_in'))
  }

  async function write<T>(key: RunKey, step: () => T): Promise<T> {
    return await writes.run(step, () => changes.tell(nameOf(key)))
  }

  async function loseIfLost(key: RunKey): Promise<void> {
    await write(key, () => {
      const known = find(key)
      if (known?.isLost) lose(known.record)
    })
  }

  return {
    async begin(run, { maxRunsPerCaller, again, replaces }) {
      return await write<BeginResult>(run, () => {
        const known = find(run)
        const isBegunAgain = known?.isLost === true && again
        if (known && !isBegunAgain) return { type: 'joined', record: known.isLost ? lose(known.record) : known.record }

        const others = active(run.user).filter(({ record }) => record.runId !== run.runId)
        for (const { record, isLost } of others) if (isLost && record.session === run.session) lose(record)
        const live = others.filter(({ record, isLost }) => !isLost && !isWaiting(record))
        const blocking = live.find(({ record }) => record.session === run.session)
        if (blocking) return { type: 'busy', record: blocking.record }
        // It has been let in once.
        if (!isBegunAgain && live.length >= maxRunsPerCaller) return { type: 'too_many_runs' }
        put(newRecord(run, { state: 'starting' }, replaces))
        return { type: 'started' }
      })
    },
    async get(key) {
      return await writes.look(() => find(key)?.record ?? null)
    },
    async settled(key, { signal, again }) {
      // That a process has died is written nowhere.
      const follower = changes.follow(nameOf(key), { signal, restless: true })
      try {
        while (true) {
          signal.throwIfAborted()
          const known = await writes.look(() => find(key))
          if (known?.record.state !== 'starting') return known?.record ?? null
          if (known.isLost && again) return null
          if (known.isLost) await loseIfLost(key)
          else await follower.next()
        }
      } finally {
        follower.close()
      }
    },
    async running(key, handle, waited) {
      await write(key, () => {
        const row = rowOf(key)
        if (row === undefined) return
        const now = Date.now()
        const renew = needsRenewal(now - integer(row, 'changed_at'), now - retention.oldest())
        const record = runningRecord(recordIn(row), { handle, waited, renew })
        if (record) put(record)
      })
    },
    async paused(key, pause) {
      await write(key, () => {
        const known = find(key)?.record
        const record = known && pausedRecord(known, pause)
        if (record) put(record)
      })
    },
    async end(key, outcome, elapsedMs, conversation) {
      await write(key, () => {
        const record = find(key)?.record
        if (record === undefined || record.state === 'ended') return
        put(changed(record, { state: 'ended', handle: handleOf(record), outcome, elapsedMs: timeOf(elapsedMs) }, conversation))
      })
    },
    async follow(run) {
      return await write(run, () => {
        const others = active(run.user).map(({ record }) => record)
        const waited = others.filter(({ session, runId }) => session === run.session && runId !== run.runId)
        const over = waited.filter(isWaiting).map(passedOver)
        for (const record of over) put(record)
        const replaces = find(run)?.record.replaces ?? null
        const replaced = replaces === null || run.user === null ? undefined : find({ user: run.user, runId: replaces })?.record
        if (replaced?.session === run.session) put(replacedRecord(replaced))
        return over
      })
    },
    async conversation({ user, session, except = '' }) {
      if (user === null) return null
      return await writes.look(() => {
        const row = latestOf.get(user, session, except, retention.oldest())
        return row ? text(row, 'conversation') : null
      })
    },
    async cancel(run) {
      return await write(run, () => {
        const known = find(run)?.record
        return known ?? put(newRecord(run, { state: 'ended', handle: null, outcome: { type: 'cancelled' }, elapsedMs: 0 }))
      })
    },
    async drop(key) {
      await write(key, () => remove.run(nameOf(key)))
    },
    async list(user) {
      return await writes.look(() => active(user).map(({ record }) => record))
    },
    async unrecorded(user) {
      if (user === null) return []
      return await writes.look(() => unrecordedOf.all(user, retention.oldest()).map(recordIn))
    },
    async claim(key, { holder, ms }) {
      return await write(key, () => {
        const row = rowOf(key)
        if (row === undefined || !isFree(row, holder)) return false
        setClaim.run(holder, instances.own, Date.now() + ms, nameOf(key))
        return true
      })
    },
    async recorded(key, state) {
      await write(key, () => {
        const known = find(key)?.record
        const record = known && recordedRecord(known, state)
        if (record) put(record)
        setClaim.run(null, null, null, nameOf(key))
      })
    },
  }
}

function recordIn(row: Row): RunRecord {
  return {
    user: textOrNull(row, 'caller'),
    runId: text(row, 'run_id'),
    session: text(row, 'session'),
    startedAt: integer(row, 'started_at'),
    replaces: textOrNull(row, 'replaces'),
    conversation: textOrNull(row, 'conversation'),
    recorded: recordedIn(row),
    ...progressIn(row),
  }
}

function progressIn(row: Row): RunProgress {
  switch (row.state) {
    case 'starting':
      return { state: 'starting' }
    case 'running':
      return { state: 'running', handle: text(row, 'handle') }
    case 'paused':
      return { state: 'paused', handle: textOrNull(row, 'handle'), reason: reasonIn(row), elapsedMs: integer(row, 'elapsed_ms') }
    default: {
      const outcome: RunOutcome = JSON.parse(text(row, 'outcome'))
      return { state: 'ended', handle: textOrNull(row, 'handle'), outcome, elapsedMs: integer(row, 'elapsed_ms') }
    }
  }
}

function reasonIn(row: Row): PauseReason {
  const reason = text(row, 'reason')
  return reason === 'approval' || reason === 'auth' ? reason : 'input'
}

function recordedIn({ recorded }: Row): RunRecord['recorded'] {
  return recorded === 'paused' || recorded === 'ended' ? recorded : null
}

function nameOf({ user, runId }: RunKey): string {
  return JSON.stringify([user, runId])
}
