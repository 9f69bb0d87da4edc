import { type RunOutcome } from '@rejoin/core'
import { type BeginResult, type RunIdentity, type RunKey, type RunProgress, type RunRecord, type RunRegistry } from '../registry/registry.ts'
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
  const insert = database.prepare(`
    INSERT OR REPLACE INTO records
      (name, caller, run_id, session, started_at, changed_at, state, handle, outcome, elapsed_ms, instance)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  `)
  const remove = database.prepare('DELETE FROM records WHERE name = ?')

  function find(key: RunKey): Known | null {
    const row = byName.get(nameOf(key), retention.oldest())
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
    const { user, runId, session, startedAt, state } = record
    const handle = state === 'starting' ? null : record.handle
    const [outcome, elapsedMs] = state === 'ended' ? [JSON.stringify(record.outcome), record.elapsedMs] : [null, null]
    insert.run(nameOf(record), user, runId, session, startedAt, Date.now(), state, handle, outcome, elapsedMs, instances.own)
    return record
  }

  function change({ user, runId, session, startedAt }: RunRecord, progress: RunProgress): RunRecord {
    return put({ user, runId, session, startedAt, ...progress })
  }

  /** Its process has died before the agent had named the run. */
  function lose(record: RunRecord): RunRecord {
    const elapsedMs = Math.max(0, Date.now() - record.startedAt)
    return change(record, { state: 'ended', handle: null, outcome: { type: 'failed', code: 'start_unknown' }, elapsedMs })
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
    async begin(run, { maxRunsPerCaller, again }) {
      return await write<BeginResult>(run, () => {
        const known = find(run)
        const isBegunAgain = known?.isLost === true && again
        if (known && !isBegunAgain) return { type: 'joined', record: known.isLost ? lose(known.record) : known.record }

        const others = active(run.user).filter(({ record }) => record.runId !== run.runId)
        for (const { record, isLost } of others) if (isLost && record.session === run.session) lose(record)
        const live = others.filter(({ isLost }) => !isLost)
        const blocking = live.find(({ record }) => record.session === run.session)
        if (blocking) return { type: 'busy', record: blocking.record }
        // It has been let in once.
        if (!isBegunAgain && live.length >= maxRunsPerCaller) return { type: 'too_many_runs' }
        put(newRecord(run, { state: 'starting' }))
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
    async running(key, handle) {
      await write(key, () => {
        const record = find(key)?.record
        if (record && record.state !== 'ended') change(record, { state: 'running', handle })
      })
    },
    async end(key, outcome, elapsedMs) {
      await write(key, () => {
        const record = find(key)?.record
        if (record === undefined || record.state === 'ended') return
        const handle = record.state === 'running' ? record.handle : null
        change(record, { state: 'ended', handle, outcome, elapsedMs: Number.isFinite(elapsedMs) ? elapsedMs : 0 })
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
  }
}

function newRecord({ user, runId, session }: RunIdentity, progress: RunProgress): RunRecord {
  return { user, runId, session, startedAt: Date.now(), ...progress }
}

function recordIn(row: Row): RunRecord {
  return {
    user: textOrNull(row, 'caller'),
    runId: text(row, 'run_id'),
    session: text(row, 'session'),
    startedAt: integer(row, 'started_at'),
    ...progressIn(row),
  }
}

function progressIn(row: Row): RunProgress {
  switch (row.state) {
    case 'starting':
      return { state: 'starting' }
    case 'running':
      return { state: 'running', handle: text(row, 'handle') }
    default: {
      const outcome: RunOutcome = JSON.parse(text(row, 'outcome'))
      return { state: 'ended', handle: textOrNull(row, 'handle'), outcome, elapsedMs: integer(row, 'elapsed_ms') }
    }
  }
}

function nameOf({ user, runId }: RunKey): string {
  return JSON.stringify([user, runId])
}
