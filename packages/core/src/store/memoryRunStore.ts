import { startCursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { movedHead } from './movedHead.ts'
import { type RunHead, type RunKey, type RunRecord, type RunStore } from './runStore.ts'
import { createSegments, type Segments } from './segments.ts'

interface Entry {
  readonly start: RunStart
  head: RunHead
  handle: string | null
  /** Laid out as on disk, so that a long run costs as little here. */
  layout: Segments
  readonly log: Map<number, readonly Update[]>
}

/** Keeps runs for as long as it lives: for tests, and for pages that must leave nothing behind. */
export function memoryRunStore(): RunStore {
  const entries = new Map<string, Entry>()
  const claims = new Map<string, Set<string>>()
  /** The runs that have answered others, by those. */
  const answered = new Map<string, RunKey>()
  const replaced = new Set<string>()
  const nameOf = (key: RunKey): string => JSON.stringify([key.session, key.id])

  const store: RunStore = {
    async load(session) {
      return [...entries.values()]
        .filter(({ start }) => start.session === session)
        .sort((a, b) => a.start.createdAt - b.start.createdAt)
        .map((entry) => recordOf(entry, claims.get(nameOf(entry.start))))
    },
    async list() {
      return [...entries.values()].map(({ start, head }) => ({ start, head, claims: [...(claims.get(nameOf(start)) ?? [])] }))
    },
    async begin(start) {
      const { session, answers, replaces } = start
      const isTaken = (id: string): boolean => {
        const answer = answered.get(nameOf({ session, id }))
        if (replaced.has(nameOf({ session, id }))) return true
        return answer !== undefined && answer.id !== replaces && entries.has(nameOf(answer))
      }
      if ([answers, replaces].some((id) => id !== undefined && isTaken(id))) return false
      if (replaces !== undefined) {
        const name = nameOf({ session, id: replaces })
        replaced.add(name)
        entries.delete(name)
        claims.delete(name)
      }
      if (answers !== undefined) answered.set(nameOf({ session, id: answers }), start)
      const head = { cursor: startCursor, reader: 0, stop: false, outcome: null }
      entries.set(nameOf(start), { start, head, handle: null, layout: createSegments(0), log: new Map() })
      return true
    },
    async adopt(start) {
      if (entries.has(nameOf(start)) || replaced.has(nameOf(start))) return false
      await store.begin(start)
      return true
    },
    async claimReader(key) {
      const entry = entries.get(nameOf(key))
      if (entry === undefined) return null
      entry.head = { ...entry.head, reader: entry.head.reader + 1 }
      return recordOf(entry, claims.get(nameOf(key)))
    },
    async append(key, write) {
      const { reader, after, updates, handle, replace = false } = write
      const entry = entries.get(nameOf(key))
      if (entry === undefined) return 'missing'
      if (entry.head.reader !== reader) return 'superseded'
      if (!replace && entry.head.cursor !== after) return 'gap'
      if (replace) {
        entry.layout = createSegments(0)
        entry.log.clear()
      }
      if (updates.length > 0) {
        const { seq, through, updates: joined } = entry.layout.add(updates)
        for (let taken = seq; taken <= through; taken += 1) entry.log.delete(taken)
        entry.log.set(seq, joined)
      }
      entry.head = movedHead(entry.head, write)
      if (handle !== undefined) entry.handle = handle
      return 'written'
    },
    async leave(key, writes) {
      for (const write of writes) await store.append(key, write)
    },
    async requestStop(key) {
      const entry = entries.get(nameOf(key))
      if (entry) entry.head = { ...entry.head, stop: true }
    },
    async claimOnce(key, name) {
      const taken = claims.get(nameOf(key)) ?? new Set()
      claims.set(nameOf(key), taken)
      if (taken.has(name)) return false
      taken.add(name)
      return true
    },
    async remove(key) {
      entries.delete(nameOf(key))
      claims.delete(nameOf(key))
    },
    async expire(before) {
      for (const [name, { start }] of entries) if (start.createdAt < before) entries.delete(name)
    },
    async purge() {
      entries.clear()
      claims.clear()
      answered.clear()
      replaced.clear()
    },
  }
  return store
}

function recordOf({ start, head, handle, log }: Entry, claims: Iterable<string> = []): RunRecord {
  // A joined record takes the place of its first; places are in the order of the log, the map need not be.
  const updates = [...log].toSorted(([a], [b]) => a - b).flatMap(([, segment]) => segment)
  return { start, head, handle, updates, claims: [...claims] }
}
