import { compact } from '../compact.ts'
import { startCursor } from '../cursor.ts'
import { type RunKey, type RunRecord, type RunStore } from './runStore.ts'

/** Keeps runs for as long as it lives: for tests, for servers, and where storage is refused. */
export function memoryRunStore(): RunStore {
  const records = new Map<string, RunRecord>()
  const claims = new Set<string>()
  const nameOf = (key: RunKey): string => JSON.stringify([key.session, key.id])

  return {
    async load(session) {
      return [...records.values()]
        .filter(({ start }) => start.session === session)
        .sort((a, b) => a.start.createdAt - b.start.createdAt)
    },
    async begin(start) {
      const head = { cursor: startCursor, reader: 0, stop: false, outcome: null }
      records.set(nameOf(start), { start, head, handle: null, updates: [] })
    },
    async claimReader(key) {
      const record = records.get(nameOf(key))
      if (record === undefined) return null
      const claimed = { ...record, head: { ...record.head, reader: record.head.reader + 1 } }
      records.set(nameOf(key), claimed)
      return claimed
    },
    async append(key, { reader, cursor, updates, handle, outcome, replace = false }) {
      const record = records.get(nameOf(key))
      if (record === undefined) return 'missing'
      if (record.head.reader !== reader) return 'superseded'
      records.set(nameOf(key), {
        start: record.start,
        head: { ...record.head, cursor, outcome: outcome ?? record.head.outcome },
        handle: handle === undefined ? record.handle : handle,
        updates: compact(replace ? updates : [...record.updates, ...updates]),
      })
      return 'written'
    },
    async requestStop(key) {
      const record = records.get(nameOf(key))
      if (record) records.set(nameOf(key), { ...record, head: { ...record.head, stop: true } })
    },
    async claimOnce(key, name) {
      const claim = JSON.stringify([key.session, key.id, name])
      if (claims.has(claim)) return false
      claims.add(claim)
      return true
    },
    async remove(key) {
      records.delete(nameOf(key))
    },
    async expire(before) {
      for (const [name, { start }] of records) if (start.createdAt < before) records.delete(name)
    },
    async purge() {
      records.clear()
      claims.clear()
    },
  }
}
