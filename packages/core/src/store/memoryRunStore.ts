import { startCursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { takeLeft } from './left.ts'
import { lastMoved, movedHead } from './movedHead.ts'
import { type RunHead, type RunKey, type RunRecord, type RunStore, type RunSummary, type RunWrite } from './runStore.ts'
import { createSegments, type Segments } from './segments.ts'

interface Entry {
  readonly start: RunStart
  head: RunHead
  handle: string | null
  /** Laid out as on disk, so that a long run costs as little here. */
  layout: Segments
  readonly log: Map<number, readonly Update[]>
}

/** What may be known of a run, whether it is here or not. It goes with the run, and with the sweep. */
interface Note {
  entry: Entry | null
  stop: boolean
  readonly claims: Set<string>
  left: readonly RunWrite[]
  /** The id of the run that has answered it. */
  answer: string | null
  /** When another has taken its place. */
  replacedAt: number | null
}

/** Keeps runs for as long as it lives: for tests, and for pages that must leave nothing behind. */
export function memoryRunStore(): RunStore {
  const notes = new Map<string, Note>()
  /** The runs that somebody read when all was purged. */
  const purged = new Set<string>()
  let purges = 0
  const nameOf = ({ session, id }: RunKey): string => JSON.stringify([session, id])

  function noteOf(key: RunKey): Note {
    const known = notes.get(nameOf(key)) ?? { entry: null, stop: false, claims: new Set(), left: [], answer: null, replacedAt: null }
    notes.set(nameOf(key), known)
    return known
  }

  function entryOf(key: RunKey): Entry | null {
    return notes.get(nameOf(key))?.entry ?? null
  }

  function isTaken(session: string, id: string, replaces: string | undefined): boolean {
    const note = notes.get(nameOf({ session, id }))
    if (note === undefined || note.replacedAt !== null) return note !== undefined
    return note.answer !== null && note.answer !== replaces && entryOf({ session, id: note.answer }) !== null
  }

  function put(start: RunStart): void {
    const head = { cursor: startCursor, reader: 0, stop: false, outcome: null }
    purged.delete(nameOf(start))
    noteOf(start).entry = { start, head, handle: null, layout: createSegments(0), log: new Map() }
  }

  function* runs(): Generator<[Entry, Note]> {
    for (const note of notes.values()) if (note.entry) yield [note.entry, note]
  }

  const store: RunStore = {
    async load(session) {
      return [...runs()]
        .filter(([{ start }]) => start.session === session)
        .sort(([a], [b]) => a.start.createdAt - b.start.createdAt)
        .map(([entry, note]) => recordOf(entry, note))
    },
    async list() {
      return [...runs()].map(([entry, note]) => summaryOf(entry, note))
    },
    async begin(start) {
      const { session, id, answers, replaces, createdAt } = start
      if ([answers, replaces].some((earlier) => earlier !== undefined && isTaken(session, earlier, replaces))) return false
      if (replaces !== undefined) {
        notes.delete(nameOf({ session, id: replaces }))
        noteOf({ session, id: replaces }).replacedAt = createdAt
      }
      if (answers !== undefined) noteOf({ session, id: answers }).answer = id
      put(start)
      return true
    },
    async adopt(start) {
      const note = notes.get(nameOf(start))
      if (note && (note.entry !== null || note.replacedAt !== null)) return false
      put(start)
      return true
    },
    async claimReader(key) {
      const note = notes.get(nameOf(key))
      const entry = note?.entry
      if (!note || !entry) return null
      for (const each of takeLeft(readEntry(entry), note.left).taken) write(entry, each)
      note.left = []
      entry.head = { ...entry.head, reader: entry.head.reader + 1 }
      return recordOf(entry, note)
    },
    async append(key, given) {
      const entry = entryOf(key)
      if (entry === null) return purged.has(nameOf(key)) ? 'purged' : 'missing'
      if (entry.head.reader !== given.reader) return 'superseded'
      if (!given.replace && entry.head.cursor !== given.after) return 'gap'
      write(entry, given)
      return 'written'
    },
    async leave(key, writes) {
      const note = noteOf(key)
      note.left = [...note.left.filter(({ reader }) => reader !== writes[0]?.reader), ...writes]
    },
    async requestStop(key) {
      noteOf(key).stop = true
    },
    async claimOnce(key, name) {
      const { claims } = noteOf(key)
      if (claims.has(name)) return false
      claims.add(name)
      return true
    },
    async remove(key) {
      notes.delete(nameOf(key))
    },
    async expire(before, isSpared = () => false) {
      for (const [name, note] of notes) {
        const { entry, replacedAt } = note
        const since = replacedAt ?? (entry && lastMoved(summaryOf(entry, note)))
        if ((since === null || since < before) && !(entry && isSpared(entry.start))) notes.delete(name)
      }
    },
    async purge() {
      for (const name of notes.keys()) purged.add(name)
      notes.clear()
      purges += 1
    },
    async countPurges() {
      return purges
    },
  }
  return store
}

function write(entry: Entry, given: RunWrite): void {
  const { updates, handle, replace = false } = given
  if (replace) {
    entry.layout = createSegments(0)
    entry.log.clear()
  }
  if (updates.length > 0) {
    const { seq, through, updates: joined } = entry.layout.add(updates)
    for (let taken = seq; taken <= through; taken += 1) entry.log.delete(taken)
    entry.log.set(seq, joined)
  }
  entry.head = movedHead(entry.head, given)
  if (handle !== undefined) entry.handle = handle
}

function readEntry({ head, handle, log }: Entry): Pick<RunRecord, 'head' | 'handle' | 'updates'> {
  // A joined record takes the place of its first; places are in the order of the log, the map need not be.
  const updates = [...log].toSorted(([a], [b]) => a - b).flatMap(([, segment]) => segment)
  return { head, handle, updates }
}

function recordOf(entry: Entry, note: Note): RunRecord {
  const { head, handle, updates } = takeLeft(readEntry(entry), note.left)
  return { start: entry.start, head: { ...head, stop: note.stop }, claims: [...note.claims], handle, updates }
}

/** The same without a look at the log, which may be long. */
function summaryOf({ start, head: stored, handle }: Entry, { left, stop, claims }: Note): RunSummary {
  const { head } = takeLeft({ head: stored, handle, updates: [] }, left)
  return { start, head: { ...head, stop }, claims: [...claims] }
}
