import { abortable } from '@rejoin/core'
import { type RunIdentity, type RunKey, type RunProgress, type RunRecord, type RunRegistry } from './registry.ts'

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

/** For one process. Has no timers: what is too old goes when something new comes. */
export function memoryRunRegistry(options: MemoryRunRegistryOptions = {}): RunRegistry {
  const { retentionMs = 86_400_000, maxRecords = 100_000 } = options
  // A changed entry moves to the end of its map, so the first is always the oldest.
  const active = new Map<string, Entry>()
  const ended = new Map<string, Entry>()
  const activeOf = new Map<string, Set<string>>()
  const waiting = new Map<string, Set<() => void>>()

  function find(key: RunKey): RunRecord | null {
    const name = nameOf(key)
    const entry = active.get(name) ?? ended.get(name)
    return entry && entry.changedAt + retentionMs > Date.now() ? entry.record : null
  }

  function put(record: RunRecord): void {
    const name = nameOf(record)
    active.delete(name)
    ended.delete(name)
    const map = record.state === 'ended' ? ended : active
    map.set(name, { record, changedAt: Date.now() })
    if (record.user !== null) index(record.user, name, record.state !== 'ended')
    if (record.state !== 'starting') wake(name)
    sweep()
  }

  function remove(name: string): void {
    const entry = active.get(name) ?? ended.get(name)
    active.delete(name)
    ended.delete(name)
    if (entry && entry.record.user !== null) index(entry.record.user, name, false)
    wake(name)
  }

  function index(user: string, name: string, present: boolean): void {
    const names = activeOf.get(user) ?? new Set()
    if (present) activeOf.set(user, names.add(name))
    else if (names.delete(name) && names.size === 0) activeOf.delete(user)
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

  function activeRuns(user: string | null): RunRecord[] {
    const names = user === null ? [] : [...(activeOf.get(user) ?? [])]
    return names.flatMap((name) => active.get(name)?.record ?? []).filter((record) => find(record) !== null)
  }

  function change(record: RunRecord, progress: RunProgress): void {
    const { user, runId, session, startedAt } = record
    put({ user, runId, session, startedAt, ...progress })
  }

  return {
    async begin(run, { maxRunsPerCaller }) {
      const known = find(run)
      if (known) return { type: 'joined', record: known }
      const others = activeRuns(run.user)
      const blocking = others.find(({ session }) => session === run.session)
      if (blocking) return { type: 'busy', record: blocking }
      if (others.length >= maxRunsPerCaller) return { type: 'too_many_runs' }
      put(newRecord(run, { state: 'starting' }))
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
    async running(key, handle) {
      const record = find(key)
      if (record && record.state !== 'ended') change(record, { state: 'running', handle })
    },
    async end(key, outcome, elapsedMs) {
      const record = find(key)
      if (record === null || record.state === 'ended') return
      const handle = record.state === 'running' ? record.handle : null
      change(record, { state: 'ended', handle, outcome, elapsedMs: Number.isFinite(elapsedMs) ? elapsedMs : 0 })
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
      return activeRuns(user).sort((a, b) => a.startedAt - b.startedAt)
    },
  }
}

function newRecord({ user, runId, session }: RunIdentity, progress: RunProgress): RunRecord {
  return { user, runId, session, startedAt: Date.now(), ...progress }
}

function nameOf({ user, runId }: RunKey): string {
  return JSON.stringify([user, runId])
}
