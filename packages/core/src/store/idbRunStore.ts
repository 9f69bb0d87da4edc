import { createStore, promisifyRequest, type UseStore } from 'idb-keyval'
import { startCursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { isObject } from '../wire/isObject.ts'
import { isLeft, takeLeft } from './left.ts'
import { lastMoved, movedHead } from './movedHead.ts'
import { type RunHead, type RunKey, type RunRecord, type RunStore, type RunSummary, type RunWrite, type WriteResult } from './runStore.ts'
import { createSegments, type Segments } from './segments.ts'
import { isHead, isPlace, isStart, isString, isUpdate } from './stored.ts'

/** Records of another version are treated as absent. */
const schemaVersion = 1

/**
 * One object store; each key is `[session, run id, kind, …]`. The kinds sort by these numbers, so one range
 * holds a run, with what has a date first, and one range holds a session.
 */
const kind = { start: 0, head: 1, handle: 2, claim: 3, log: 4, stop: 5, left: 6, answered: 7, replaced: -1 } as const

/**
 * While a synchronous request holds the page, Firefox goes on with its transactions but not with its promises: a transaction
 * with nothing to do commits before the answer is heard. It is begun again, so often in all.
 */
const mostTries = 3

/** After any key that begins like this one: arrays sort after numbers and strings. */
const last: IDBValidKey = []

interface Stored<T> {
  readonly v: number
  readonly value: T
}

/**
 * Keeps runs in IndexedDB, in a database of this user's own. Opens it at the first call.
 * @param user whose runs; `null` on a public page
 */
export function idbRunStore(user: string | null): RunStore {
  const name = databaseName(user)
  let use = openLazily(name)
  const readings = new Map<string, Reading>()

  /**
   * One transaction, from the first request to the commit.
   * @param work writes nothing before its last answer, and all the rest in that turn: what has lost its transaction is done again
   */
  async function transact<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    for (let left = mostTries; ; left -= 1) {
      try {
        return await transactOnce(mode, work)
      } catch (error) {
        if (left === 1 || !isInactive(error)) throw error
      }
    }
  }

  async function transactOnce<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    return await use(mode, async (store) => {
      const { db } = store.transaction
      // Another tab deletes or upgrades the database: it hangs until we let go. The next call opens anew.
      db.onversionchange = () => {
        db.close()
        use = openLazily(name)
      }
      const done = mode === 'readonly' ? undefined : promisifyRequest(store.transaction)
      // Where the work fails, it has the better reason.
      done?.catch(() => {})
      let result: T
      try {
        result = await work(store)
      } catch (error) {
        if (done) abort(store.transaction)
        throw error
      }
      if (done) {
        // Without an explicit commit the transaction lingers for a turn, and a reload loses it.
        commit(store.transaction)
        await done
      }
      return result
    })
  }

  async function readHead(store: IDBObjectStore, { session, id }: RunKey): Promise<HeadRecord | null> {
    return unpackIf(await promisifyRequest(store.get([session, id, kind.head])), isHeadRecord)
  }

  async function readRecords(store: IDBObjectStore, range: IDBKeyRange): Promise<Found[]> {
    const [keys, values] = await readRange(store, range)
    return groupRecords(keys, values, true)
  }

  /** Without its log. */
  async function readSummary(store: IDBObjectStore, { session, id }: RunKey): Promise<RunSummary | undefined> {
    const [before, after] = await Promise.all([
      readRange(store, IDBKeyRange.bound([session, id], [session, id, kind.log])),
      readRange(store, IDBKeyRange.bound([session, id, kind.stop], [session, id, last])),
    ])
    return groupRecords([...before[0], ...after[0]], [...before[1], ...after[1]], false)[0]
  }

  /** How many places the log has by then, `places` before. */
  function writeLog(store: IDBObjectStore, { session, id }: RunKey, reading: Reading, write: RunWrite, places: number | undefined): number | undefined {
    const { updates, replace, handle } = write
    if (replace) {
      reading.layout = createSegments(0)
      store.delete(prefixRange(session, id, kind.log))
    }
    const segment = updates.length > 0 ? reading.layout.add(updates) : undefined
    if (segment) {
      const { seq, through, updates: joined } = segment
      store.put(pack<LogRecord>({ through, updates: joined }), [session, id, kind.log, seq])
      if (through > seq) {
        store.delete(IDBKeyRange.bound([session, id, kind.log, seq], [session, id, kind.log, through], true))
      }
    }
    if (handle === null) store.delete([session, id, kind.handle])
    else if (handle !== undefined) store.put(pack(handle), [session, id, kind.handle])
    return segment ? segment.through + 1 : replace ? 0 : places
  }

  return {
    async load(session) {
      const records = await transact('readonly', (store) => readRecords(store, prefixRange(session)))
      return records.sort((a, b) => a.start.createdAt - b.start.createdAt)
    },
    begin(start) {
      return transact('readwrite', async (store) => {
        const { session, id, answers, replaces, createdAt } = start
        for (const earlier of [answers, replaces]) {
          if (earlier !== undefined && (await isTaken(store, session, earlier, replaces))) return false
        }
        if (replaces !== undefined) {
          store.delete(prefixRange(session, replaces))
          store.put(pack<Replaced>({ createdAt }), [session, replaces, kind.replaced])
        }
        if (answers !== undefined) store.put(pack(id), [session, answers, kind.answered])
        writeStart(store, start)
        return true
      })
    },
    adopt(start) {
      return transact('readwrite', async (store) => {
        const known = await promisifyRequest(store.getKey([start.session, start.id, kind.start]))
        if (known !== undefined || (await isReplaced(store, start.session, start.id))) return false
        writeStart(store, start)
        return true
      })
    },
    list() {
      return transact('readonly', listRuns)
    },
    claimReader({ session, id }) {
      return transact('readwrite', async (store) => {
        const [record] = await readRecords(store, prefixRange(session, id))
        if (record === undefined) return null
        const head = { ...record.head, reader: record.head.reader + 1 }
        const reading: Reading = { reader: head.reader, layout: createSegments(record.next), purges: await countPurges(store) }
        // What was left of a damaged log.
        if (record.next === 0) store.delete(prefixRange(session, id, kind.log))
        readings.set(nameOf({ session, id }), reading)
        let places: number | undefined = record.next
        for (const write of record.taken) places = writeLog(store, record.start, reading, write, places)
        store.delete(prefixRange(session, id, kind.left))
        store.put(headRecord(head, places), [session, id, kind.head])
        return { ...record, head }
      })
    },
    async append(key, write) {
      const reading = readings.get(nameOf(key))
      let again = false
      const result = await transact('readwrite', async (store): Promise<WriteResult> => {
        const head = await readHead(store, key)
        if (head === null) return reading !== undefined && (await countPurges(store)) > reading.purges ? 'purged' : 'missing'
        if (head.reader !== write.reader) return 'superseded'
        if (!write.replace && head.cursor !== write.after) return 'gap'
        if (reading?.reader !== write.reader) return 'superseded'
        // It has counted what was not written.
        if (again && head.places !== undefined) reading.layout = createSegments(head.places)
        again = true
        const places = writeLog(store, key, reading, write, head.places)
        store.put(headRecord(movedHead(head, write), places), [key.session, key.id, kind.head])
        return 'written'
      })
      const over = result === 'written' ? write.outcome !== undefined : result !== 'gap'
      // A reader of this tab that has followed keeps its own.
      if (over && readings.get(nameOf(key))?.reader === write.reader) readings.delete(nameOf(key))
      return result
    },
    async leave({ session, id }, writes) {
      // Each reader its own: one that has been followed, and has not heard of it, must not overwrite what its successor has left.
      const key = [session, id, kind.left, writes[0]?.reader ?? 0]
      const life = readings.get(nameOf({ session, id }))?.purges
      let purged = false
      const left = transact('readwrite', async (store) => {
        if (life !== undefined) {
          // Who has purged since has left this mark: then this fails, and all of the transaction with it. To look, there is no turn.
          store.add(pack(true), [life]).onerror = () => {
            purged = true
          }
          store.delete([life])
        }
        store.put(pack(writes), key)
      })
      await left.catch((error: unknown) => {
        if (!purged) throw error
      })
      // Firefox keeps the rest of a transaction that was committed before its error came. It shows where the page lives on.
      if (purged && life !== undefined) {
        await transact('readwrite', async (store) => {
          store.delete(key)
          store.put(pack(true), [life])
        })
      }
    },
    requestStop(key) {
      // A record of its own, put without a look: a page that is reloaded at once gets no turn for an answer.
      return transact('readwrite', async (store) => {
        store.put(pack(true), [key.session, key.id, kind.stop])
      })
    },
    claimOnce({ session, id }, claim) {
      return transact('readwrite', async (store) => {
        const key = [session, id, kind.claim, claim]
        if ((await promisifyRequest(store.getKey(key))) !== undefined) return false
        store.put(pack(true), key)
        return true
      })
    },
    remove({ session, id }) {
      readings.delete(nameOf({ session, id }))
      return transact('readwrite', async (store) => {
        store.delete(prefixRange(session, id))
      })
    },
    expire(before, isSpared = () => false) {
      return transact('readwrite', async (store) => {
        const old: RunKey[] = []
        await eachRun(store, (key, start) => {
          // `null`, not of this version: left to the one that knows it. None: put without a look, after it was removed.
          if (start === undefined || (start !== null && !(start.createdAt >= before))) old.push(key)
        })
        const summaries = await Promise.all(old.map((key) => readSummary(store, key)))
        for (const [at, key] of old.entries()) {
          const run = summaries[at]
          if ((run && lastMoved(run) >= before) || isSpared(key)) continue
          store.delete(prefixRange(key.session, key.id))
        }
      })
    },
    async purge() {
      await transact('readwrite', async (store) => {
        const life = await countPurges(store)
        store.delete(IDBKeyRange.upperBound(firstPurge, true))
        store.delete(IDBKeyRange.lowerBound(afterPurges))
        store.put(pack(true), [life])
      })
    },
    countPurges() {
      return transact('readonly', countPurges)
    },
  }
}

/** What a tab knows of a run that it reads. */
interface Reading {
  readonly reader: number
  /** Of the log that it appends to. */
  layout: Segments
  /** How often all had been purged when it began. */
  readonly purges: number
}

function nameOf({ session, id }: RunKey): string {
  return JSON.stringify([session, id])
}

/** One database a user. A user's name can not meet that of the public page. */
export function databaseName(user: string | null): string {
  return user === null ? 'rejoin' : `rejoin:${user}`
}

/** idb-keyval's own store; made again at the next call when opening failed or the connection was given up. */
function openLazily(name: string): UseStore {
  let store: UseStore | undefined
  return (mode, callback) => {
    store ??= createStore(name, 'runs')
    return store(mode, callback)
  }
}

function readRange(store: IDBObjectStore, range: IDBKeyRange): Promise<[keys: IDBValidKey[], values: unknown[]]> {
  return Promise.all([promisifyRequest(store.getAllKeys(range)), promisifyRequest<unknown[]>(store.getAll(range))])
}

function prefixRange(...prefix: (string | number)[]): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, last])
}

/** Steps from run to run by key, whatever their logs hold. */
function eachRun(
  store: IDBObjectStore,
  visit: (key: RunKey, start: RunStart | Replaced | null | undefined) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = store.openCursor()
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      if (cursor === null) return resolve()
      const key = cursor.key
      if (!isRunKey(key)) return cursor.continue()
      const [session, id, kindOf] = key
      const dated = kindOf === kind.start || kindOf === kind.replaced
      visit({ session, id }, dated ? unpack<RunStart | Replaced>(cursor.value) : undefined)
      cursor.continue([session, id, last])
    }
  })
}

/** What is left of a run whose place another has taken, so that nothing brings it back. */
interface Replaced {
  /** When it was replaced. */
  readonly createdAt: number
}

/**
 * Each purge leaves its number as a key, `[number]`, and nothing else: what a page that still reads leaves as it goes would come after it.
 */
const firstPurge: IDBValidKey = [0]
/** Sessions are named by strings. */
const afterPurges: IDBValidKey = ['']

async function countPurges(store: IDBObjectStore): Promise<number> {
  const latest = await promisifyRequest(store.openKeyCursor(IDBKeyRange.bound(firstPurge, afterPurges, false, true), 'prev'))
  const [number] = Array.isArray(latest?.key) ? latest.key : []
  return typeof number === 'number' ? number + 1 : 0
}

async function isReplaced(store: IDBObjectStore, session: string, id: string): Promise<boolean> {
  return (await promisifyRequest(store.getKey([session, id, kind.replaced]))) !== undefined
}

/** Whether a run has been replaced, or answered by one that is here and is not itself to be replaced. */
async function isTaken(store: IDBObjectStore, session: string, id: string, replaces: string | undefined): Promise<boolean> {
  if (await isReplaced(store, session, id)) return true
  const answer = unpackIf(await promisifyRequest(store.get([session, id, kind.answered])), isString)
  if (answer === null || answer === replaces) return false
  return (await promisifyRequest(store.getKey([session, answer, kind.start]))) !== undefined
}

function writeStart(store: IDBObjectStore, start: RunStart): void {
  const head: RunHead = { cursor: startCursor, reader: 0, stop: false, outcome: null }
  store.put(pack(start), [start.session, start.id, kind.start])
  store.put(pack(head), [start.session, start.id, kind.head])
}

/** Steps over the logs: what they hold may be megabytes, and is not asked for. */
async function listRuns(store: IDBObjectStore): Promise<RunSummary[]> {
  const keys: IDBValidKey[] = []
  const values: unknown[] = []
  await new Promise<void>((resolve, reject) => {
    const request = store.openCursor()
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      if (cursor === null) return resolve()
      const { key } = cursor
      if (isRunKey(key) && key[2] === kind.log) return cursor.continue([key[0], key[1], kind.stop])
      keys.push(key)
      values.push(cursor.value)
      cursor.continue()
    }
  })
  return groupRecords(keys, values, false).map(({ start, head, claims }) => ({ start, head, claims }))
}

type RunRecordKey = [session: string, id: string, kind: number, ...rest: IDBValidKey[]]

function isRunKey(key: IDBValidKey): key is RunRecordKey {
  return Array.isArray(key) && typeof key[0] === 'string' && typeof key[1] === 'string' && typeof key[2] === 'number'
}

/** A run as it was found. */
interface Found extends RunRecord {
  /** The place of the next log record. */
  readonly next: number
  /** What of it stands only in what its last reader has left. */
  readonly taken: readonly RunWrite[]
}

/** What the records of a range say, run by run: what is strange about one concerns no other. */
function groupRecords(keys: readonly IDBValidKey[], values: readonly unknown[], withLogs: boolean): Found[] {
  const found: Found[] = []
  for (let at = 0; at < keys.length; ) {
    const first = keys[at]
    let end = at + 1
    if (first !== undefined && isRunKey(first)) {
      while (end < keys.length && isSameRun(first, keys[end])) end += 1
      const record = readRecord(keys.slice(at, end), values.slice(at, end), withLogs)
      if (record) found.push(record)
    }
    at = end
  }
  return found
}

function isSameRun(first: RunRecordKey, key: IDBValidKey | undefined): boolean {
  return key !== undefined && isRunKey(key) && key[0] === first[0] && key[1] === first[1]
}

/** `null` for what is not of this version, or not whole and over. */
function readRecord(keys: readonly IDBValidKey[], values: readonly unknown[], withLogs: boolean): Found | null {
  let start: RunStart | null = null
  let stored: HeadRecord | null = null
  let handle: string | null = null
  let next = 0
  let whole = true
  let stop = false
  const left: RunWrite[] = []
  const claims: string[] = []
  const updates: Update[] = []
  for (const [at, key] of keys.entries()) {
    if (!isRunKey(key)) continue
    const value = values[at]
    const [session, id, kindOf, place] = key
    if (kindOf === kind.start) start = unpackIf(value, (found): found is RunStart => isStart(found, { session, id }))
    else if (kindOf === kind.head) stored = unpackIf(value, isHeadRecord)
    else if (kindOf === kind.handle) handle = unpackIf(value, isString)
    else if (kindOf === kind.stop) stop = unpack(value) === true
    else if (kindOf === kind.left) left.push(...leftIn(value))
    else if (kindOf === kind.claim && typeof place === 'string') claims.push(place)
    else if (kindOf === kind.log && typeof place === 'number') {
      const segment = unpackIf(value, isLogRecord)
      // A log with a hole, or with something else in it, would give a wrong text.
      whole &&= place === next && segment !== null && segment.through >= place
      if (segment === null) continue
      for (const update of segment.updates) updates.push(update)
      next = segment.through + 1
    }
  }
  if (start === null || stored === null) return null
  const { places = next, ...known } = stored
  const head: RunHead = { ...known, stop }
  if (withLogs) whole &&= places === next
  // A damaged log the server still has, from the beginning; of a run that is over nobody has it.
  if (!whole && head.outcome) return null
  const found = whole
    ? { start, head, handle, updates, claims, next }
    : { start, head: { ...head, cursor: startCursor }, handle, updates: [], claims, next: 0 }
  return { ...found, ...takeLeft(found, left) }
}

function leftIn(value: unknown): readonly RunWrite[] {
  return unpackIf(value, isLeft) ?? []
}

/** The head, and how many places the log has: one that has fewer has lost its end. Earlier versions did not say. */
interface HeadRecord extends RunHead {
  readonly places?: number
}

function isHeadRecord(value: unknown): value is HeadRecord {
  return isHead(value) && (!('places' in value) || isPlace(value.places))
}

function headRecord(head: RunHead, places: number | undefined): Stored<HeadRecord> {
  return pack({ ...head, ...(places !== undefined && { places }) })
}

interface LogRecord {
  /** The last place this record has taken in. */
  readonly through: number
  readonly updates: readonly Update[]
}

function isLogRecord(value: unknown): value is LogRecord {
  return isObject(value) && isPlace(value.through) && Array.isArray(value.updates) && value.updates.every(isUpdate)
}

function pack<T>(value: T): Stored<T> {
  return { v: schemaVersion, value }
}

/** The value, where it is of this version. What its form is, is not looked at. */
function unpack<T>(stored: unknown): T | null {
  return isStored<T>(stored) && stored.v === schemaVersion ? stored.value : null
}

function unpackIf<T>(stored: unknown, isSound: (value: unknown) => value is T): T | null {
  const value = unpack<unknown>(stored)
  return isSound(value) ? value : null
}

function isStored<T>(stored: unknown): stored is Stored<T> {
  return typeof stored === 'object' && stored !== null && 'v' in stored && 'value' in stored
}

function commit(transaction: IDBTransaction): void {
  try {
    transaction.commit?.()
  } catch {
    // Already finished: its own result says how.
  }
}

function isInactive(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TransactionInactiveError'
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // Already finished.
  }
}
