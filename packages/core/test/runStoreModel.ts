import { expect } from 'vitest'
import { newRun, reduce, startCursor } from '@rejoin/core'
import type { Cursor, PauseReason, RunKey, RunOutcome, RunRecord, RunStart, RunSummary, RunWrite, Update, WriteResult } from '@rejoin/core'

interface ModelRun {
  readonly start: RunStart
  cursor: Cursor
  reader: number
  handle: string | null
  outcome: RunOutcome | null
  paused: PauseReason | undefined
  movedAt: number | undefined
  updates: readonly Update[]
  /** Something has been done to its log. Then it is whole, or read from the beginning again; of a run that is over, nothing is left. */
  damaged: boolean
  /** Its start or its head is of another version, so it can not be read. */
  foreign: 'start' | 'head' | null
  /** Something has been left that nobody has taken yet. */
  left: boolean
}

/** What a tab that reads a run knows. */
export interface ModelReader {
  readonly reader: number
  /** Where its writes have come to. */
  cursor: Cursor
}

/** What a run store is to do, as simply as it can be said. */
export interface RunStoreModel {
  run(key: RunKey): ModelRun | undefined
  /** What a tab may write as; `undefined` where it does not read the run, or no more. */
  readerOf(tab: number, key: RunKey): ModelReader | undefined
  /** The tab reads this run no more. */
  release(tab: number, key?: RunKey): void
  /** Whether the store may hear of this run as of a new one. */
  isNew(key: RunKey): boolean
  begin(start: RunStart): boolean
  adopt(start: RunStart): boolean
  /** Follows what the store has said, where that may be the one or the other. */
  claimReader(tab: number, key: RunKey, said: RunRecord | null): void
  append(key: RunKey, write: RunWrite): WriteResult
  leave(key: RunKey, writes: readonly RunWrite[]): void
  requestStop(key: RunKey): void
  claimOnce(key: RunKey, name: string): boolean
  remove(key: RunKey): void
  expire(before: number): void
  purge(): void
  /** @throws what `expect` throws */
  expectLoaded(session: string, records: readonly RunRecord[]): void
  /** @throws what `expect` throws */
  expectListed(summaries: readonly RunSummary[]): void
}

const nameOf = ({ session, id }: RunKey): string => JSON.stringify([session, id])
const byId = (a: RunSummary, b: RunSummary): number => (nameOf(a.start) < nameOf(b.start) ? -1 : 1)

export function runStoreModel(tabs: number): RunStoreModel {
  const runs = new Map<string, ModelRun>()
  /** What may be known of a run that is not here: it goes with the run, and with the sweep. */
  const stops = new Set<string>()
  const claims = new Map<string, Set<string>>()
  /** The run that has answered this one. */
  const answered = new Map<string, string>()
  /** The runs that another has taken the place of, and when. */
  const replaced = new Map<string, number>()
  const readers = Array.from({ length: tabs }, () => new Map<string, ModelReader>())

  function forget(name: string): void {
    for (const each of [runs, stops, claims, answered, replaced]) each.delete(name)
  }

  function put(start: RunStart): void {
    runs.set(nameOf(start), {
      start,
      cursor: startCursor,
      reader: 0,
      handle: null,
      outcome: null,
      paused: undefined,
      movedAt: undefined,
      updates: [],
      damaged: false,
      foreign: null,
      left: false,
    })
    // Who has read a run of this name before has been told that it is gone.
    for (const known of readers) known.delete(nameOf(start))
  }

  function isTaken(session: string, id: string, replaces: string | undefined): boolean {
    if (replaced.has(nameOf({ session, id }))) return true
    const answer = answered.get(nameOf({ session, id }))
    return answer !== undefined && answer !== replaces && runs.has(nameOf({ session, id: answer }))
  }

  function summaryOf(run: ModelRun): RunSummary {
    const name = nameOf(run.start)
    const { cursor, reader, outcome, paused, movedAt } = run
    const head = { cursor, reader, stop: stops.has(name), outcome, ...(paused !== undefined && { paused }), ...(movedAt !== undefined && { movedAt }) }
    return { start: run.start, head, claims: [...(claims.get(name) ?? [])].toSorted() }
  }

  /** With what the log says in place of how it is laid out. */
  function comparable({ start, head, handle, claims, updates }: RunRecord): object {
    return { start, head, handle, claims: [...claims].toSorted(), said: updates.reduce(reduce, newRun(start)) }
  }

  function wholeRecord(run: ModelRun): RunRecord {
    return { ...summaryOf(run), handle: run.handle, updates: run.updates }
  }

  /** Whether it is a damaged run's that is read from the beginning, and knows no more of what its last reader has left. */
  function expectRecord(run: ModelRun, record: RunRecord): boolean {
    const reset = run.damaged && record.head.cursor === startCursor
    if (reset) expect(record).toMatchObject({ start: run.start, head: { reader: run.reader, outcome: null }, updates: [] })
    else expect(comparable(record)).toEqual(comparable(wholeRecord(run)))
    return reset
  }

  const isGone = (run: ModelRun): boolean => run.damaged && run.outcome !== null

  const model: RunStoreModel = {
    run: (key) => runs.get(nameOf(key)),
    readerOf: (tab, key) => readers[tab]?.get(nameOf(key)),
    release(tab, key) {
      if (key) readers[tab]?.delete(nameOf(key))
      else readers[tab]?.clear()
    },
    isNew: (key) => !runs.has(nameOf(key)) && !replaced.has(nameOf(key)),
    begin(start) {
      const { session, id, answers, replaces, createdAt } = start
      if ([answers, replaces].some((earlier) => earlier !== undefined && isTaken(session, earlier, replaces))) return false
      if (replaces !== undefined) {
        forget(nameOf({ session, id: replaces }))
        replaced.set(nameOf({ session, id: replaces }), createdAt)
      }
      if (answers !== undefined) answered.set(nameOf({ session, id: answers }), id)
      put(start)
      return true
    },
    adopt(start) {
      if (!model.isNew(start)) return false
      put(start)
      return true
    },
    claimReader(tab, key, said) {
      const run = runs.get(nameOf(key))
      if (said === null) {
        expect(run === undefined || run.foreign !== null || isGone(run)).toBe(true)
        return
      }
      if (run === undefined || run.foreign !== null) expect.fail('A run was read that is not there.')
      run.reader += 1
      if (expectRecord(run, said)) {
        const { handle, head } = said
        Object.assign(run, { cursor: startCursor, updates: [], handle, outcome: null, paused: head.paused, movedAt: head.movedAt })
      }
      run.damaged = false
      run.left = false
      readers[tab]?.set(nameOf(key), { reader: run.reader, cursor: run.cursor })
    },
    append(key, { reader, after, cursor, updates, handle, outcome, paused, at, replace = false }) {
      const run = runs.get(nameOf(key))
      if (run === undefined || run.foreign === 'head') return 'missing'
      if (run.reader !== reader) return 'superseded'
      if (!replace && run.cursor !== after) return 'gap'
      run.updates = replace ? updates : [...run.updates, ...updates]
      if (replace) run.damaged = false
      run.cursor = cursor
      run.paused = paused
      run.movedAt = at ?? run.movedAt
      run.outcome = outcome ?? run.outcome
      if (handle !== undefined) run.handle = handle
      return 'written'
    },
    leave(key, writes) {
      for (const write of writes) model.append(key, write)
      const run = runs.get(nameOf(key))
      if (run) run.left = true
    },
    requestStop(key) {
      stops.add(nameOf(key))
    },
    claimOnce(key, name) {
      const taken = claims.get(nameOf(key)) ?? new Set()
      claims.set(nameOf(key), taken)
      const first = !taken.has(name)
      taken.add(name)
      return first
    },
    remove(key) {
      forget(nameOf(key))
    },
    expire(before) {
      for (const name of new Set([...runs.keys(), ...stops, ...claims.keys(), ...answered.keys(), ...replaced.keys()])) {
        const run = runs.get(name)
        if (run?.foreign === 'start') continue
        // When it moved stands in its head.
        const movedAt = run?.foreign === 'head' ? undefined : run?.movedAt
        const since = replaced.get(name) ?? (run && Math.max(run.start.createdAt, movedAt ?? 0))
        if (since === undefined || since < before) forget(name)
      }
    },
    purge() {
      for (const each of [runs, stops, claims, answered, replaced]) each.clear()
    },
    expectLoaded(session, records) {
      const expected = [...runs.values()].filter(({ start, foreign }) => start.session === session && foreign === null)
      const dates = records.map(({ start }) => start.createdAt)
      expect(dates).toEqual(dates.toSorted((a, b) => a - b))
      for (const record of records) {
        const run = runs.get(nameOf(record.start))
        if (run === undefined) expect.fail(`A run was loaded that is not there: ${nameOf(record.start)}`)
        expectRecord(run, record)
      }
      const loaded = new Set(records.map(({ start }) => nameOf(start)))
      expect(loaded.size).toBe(records.length)
      expect(expected.filter((run) => !loaded.has(nameOf(run.start)) && !isGone(run))).toEqual([])
    },
    expectListed(summaries) {
      const expected = [...runs.values()].filter(({ foreign }) => foreign === null).map(summaryOf)
      const listed = summaries.map((summary) => ({ ...summary, claims: [...summary.claims].toSorted() }))
      expect(listed.toSorted(byId)).toEqual(expected.toSorted(byId))
    },
  }
  return model
}
