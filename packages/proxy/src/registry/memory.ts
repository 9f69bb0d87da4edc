import { abortable } from '@rejoin/core'
import { nameIndex } from './names.ts'
import {
  changed,
  handleOf,
  isRecorded,
  isWaiting,
  needsRenewal,
  newRecord,
  passedOver,
  pausedRecord,
  recordedRecord,
  replacedRecord,
  runningRecord,
  timeOf,
} from './record.ts'
import { type RunKey, type RunRecord, type RunRegistry } from './registry.ts'

/** How many records are kept in memory, and how long. */
export interface MemoryRunRegistryOptions {
  /** A record is forgotten this long after it last changed, in milliseconds. @default 86400000 (24 h) */
  retentionMs?: number | undefined
  /** Beyond this many records the oldest go, ended ones first. @default 100000 */
  maxRecords?: number | undefined
}

interface Entry {
  readonly record: RunRecord
  readonly changedAt: number
}

interface Held {
  readonly holder: string
  readonly until: number
}

/** For one process. Has no timers: what is too old goes when something new comes. */
export function memoryRunRegistry(options: MemoryRunRegistryOptions = {}): RunRegistry {
  const { retentionMs = 86_400_000, maxRecords = 100_000 } = options
  // A changed entry moves to the end of its map, so the first is always the oldest.
  const active = new Map<string, Entry>()
  const ended = new Map<string, Entry>()
  const activeOf = nameIndex()
  const unrecordedOf = nameIndex()
  const conversationsOf = nameIndex()
  const claims = new Map<string, Held>()
  const waiting = new Map<string, Set<() => void>>()

  function entryOf(name: string): Entry | undefined {
    return active.get(name) ?? ended.get(name)
  }

  function keptOf(name: string): Entry | null {
    const entry = entryOf(name)
    return entry && entry.changedAt + retentionMs > Date.now() ? entry : null
  }

  function recordOf(name: string): RunRecord | null {
    return keptOf(name)?.record ?? null
  }

  function find(key: RunKey): RunRecord | null {
    return recordOf(nameOf(key))
  }

  function put(record: RunRecord): void {
    const name = nameOf(record)
    active.delete(name)
    ended.delete(name)
    const map = record.state === 'ended' ? ended : active
    map.set(name, { record, changedAt: Date.now() })
    index(name, record, true)
    if (record.state !== 'starting') wake(name)
    sweep()
  }

  function remove(name: string): void {
    const entry = entryOf(name)
    active.delete(name)
    ended.delete(name)
    claims.delete(name)
    if (entry) index(name, entry.record, false)
    wake(name)
  }

  function index(name: string, record: RunRecord, present: boolean): void {
    const { user, session, state, conversation } = record
    if (user === null) return
    activeOf.set(user, name, present && state !== 'ended')
    unrecordedOf.set(user, name, present && state !== 'starting' && !isRecorded(record))
    conversationsOf.set(sessionOf(user, session), name, present && conversation !== null)
  }

  function sweep(): void {
    const oldest = Date.now() - retentionMs
    for (const map of [ended, active]) {
      for (const [name, { changedAt }] of map) {
        if (changedAt > oldest && active.size + ended.size <= maxRecords) break
        remove(name)
      }
    }
  }

  function wake(name: string): void {
    const waiters = waiting.get(name)
    waiting.delete(name)
    for (const resolve of waiters ?? []) resolve()
  }

  function recordsIn(names: readonly string[]): RunRecord[] {
    return names.flatMap((name) => recordOf(name) ?? []).sort((a, b) => a.startedAt - b.startedAt)
  }

  function activeRuns(user: string | null): RunRecord[] {
    return user === null ? [] : recordsIn(activeOf.of(user))
  }

  return {
    async begin(run, { maxRunsPerCaller, replaces }) {
      const known = find(run)
      if (known) return { type: 'joined', record: known }
      const others = activeRuns(run.user).filter((record) => !isWaiting(record))
      const blocking = others.find(({ session }) => session === run.session)
      if (blocking) return { type: 'busy', record: blocking }
      if (others.length >= maxRunsPerCaller) return { type: 'too_many_runs' }
      put(newRecord(run, { state: 'starting' }, replaces))
      return { type: 'started' }
    },
    async get(key) {
      return find(key)
    },
    async settled(key, { signal }) {
      while (find(key)?.state === 'starting') {
        const name = nameOf(key)
        const waiters = waiting.get(name) ?? new Set()
        waiting.set(name, waiters)
        let resolve = (): void => {}
        const woken = new Promise<void>((done) => (resolve = done))
        waiters.add(resolve)
        await abortable(woken, signal).finally(() => waiters.delete(resolve))
      }
      return find(key)
    },
    async running(key, handle, waited) {
      const known = keptOf(nameOf(key))
      if (known === null) return
      const renew = needsRenewal(Date.now() - known.changedAt, retentionMs)
      const record = runningRecord(known.record, { handle, waited, renew })
      if (record) put(record)
    },
    async paused(key, pause) {
      const known = find(key)
      const record = known && pausedRecord(known, pause)
      if (record) put(record)
    },
    async end(key, outcome, elapsedMs, conversation) {
      const record = find(key)
      if (record === null || record.state === 'ended') return
      put(changed(record, { state: 'ended', handle: handleOf(record), outcome, elapsedMs: timeOf(elapsedMs) }, conversation))
    },
    async follow(run) {
      const waited = activeRuns(run.user).filter(({ session, runId }) => session === run.session && runId !== run.runId)
      const over = waited.filter(isWaiting).map(passedOver)
      for (const record of over) put(record)
      const replaces = find(run)?.replaces ?? null
      const replaced = replaces === null || run.user === null ? null : find({ user: run.user, runId: replaces })
      if (replaced?.session === run.session) put(replacedRecord(replaced))
      return over
    },
    async conversation({ user, session, except }) {
      if (user === null) return null
      const turns = recordsIn(conversationsOf.of(sessionOf(user, session))).filter(({ runId }) => runId !== except)
      return turns.at(-1)?.conversation ?? null
    },
    async cancel(run) {
      const known = find(run)
      if (known) return known
      const record = newRecord(run, { state: 'ended', handle: null, outcome: { type: 'cancelled' }, elapsedMs: 0 })
      put(record)
      return record
    },
    async drop(key) {
      remove(nameOf(key))
    },
    async list(user) {
      return activeRuns(user)
    },
    async unrecorded(user) {
      return user === null ? [] : recordsIn(unrecordedOf.of(user))
    },
    async claim(key, { holder, ms }) {
      const name = nameOf(key)
      if (recordOf(name) === null) return false
      const held = claims.get(name)
      if (held && held.holder !== holder && held.until > Date.now()) return false
      claims.set(name, { holder, until: Date.now() + ms })
      return true
    },
    async recorded(key, state) {
      const known = find(key)
      const record = known && recordedRecord(known, state)
      if (record) put(record)
      claims.delete(nameOf(key))
    },
  }
}

function nameOf({ user, runId }: RunKey): string {
  return JSON.stringify([user, runId])
}

function sessionOf(user: string, session: string): string {
  return JSON.stringify([user, session])
}
