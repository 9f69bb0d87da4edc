import fc from 'fast-check'
import { expect } from 'vitest'
import { cursorOf, databaseName, parseCursor } from '@rejoin/core'
import type { RunKey, RunOutcome, RunStart, RunStore, RunWrite, Update, WriteResult } from '@rejoin/core'
import { anyText } from './arbitraries.ts'
import { runStart } from './runStoreContract.ts'
import { type ModelReader, type RunStoreModel } from './runStoreModel.ts'

/** A user's store as several tabs see it. */
export interface RealStore {
  readonly tabs: RunStore[]
  /** The page of this tab is loaded anew. */
  reload(tab: number): void
  readonly user: string
}

export const tabCount = 2
type Command = fc.AsyncCommand<RunStoreModel, RealStore>

const sessions = ['main', 'other']
/** Few, so that most of what is asked concerns a run that is there. An id names one run, whatever the session. */
const anyKey: fc.Arbitrary<RunKey> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ session: 'main', id: 'a' }) },
  { weight: 3, arbitrary: fc.constantFrom({ session: 'main', id: 'b' }, { session: 'main', id: 'c' }, { session: 'other', id: 'd' }) },
)
const anyTab = fc.nat(tabCount - 1)
const anyDate = fc.nat(9)
const outcome: RunOutcome = { type: 'completed' }

function tabOf(real: RealStore, tab: number): RunStore {
  return real.tabs[tab] ?? expect.fail('There is no such tab.')
}

function command(name: string, given: unknown, check: (model: RunStoreModel) => boolean, run: Command['run']): Command {
  return { check, run, toString: () => `${name}(${JSON.stringify(given)})` }
}

function agree<T>(said: T, expected: T): void {
  expect(said).toBe(expected)
}

/** The model does not say how a run came to be gone. */
function plain(result: WriteResult): WriteResult {
  return result === 'purged' ? 'missing' : result
}

const always = (): boolean => true

const begin = fc
  .record({ tab: anyTab, key: anyKey, createdAt: anyDate, answers: fc.option(fc.constantFrom('a', 'b', 'c')), replaces: fc.option(fc.constantFrom('a', 'b', 'c')) })
  .map(({ tab, key, createdAt, answers, replaces }) => {
    const start: RunStart = {
      ...runStart(key.id, key.session, createdAt),
      ...(answers !== null && { answers }),
      ...(replaces !== null && { replaces }),
    }
    return command(
      'begin',
      start,
      // An id is new, and each run has one part in a turn.
      (model) => model.isNew(key) && answers !== key.id && replaces !== key.id && (answers === null || answers !== replaces),
      async (model, real) => agree(await tabOf(real, tab).begin(start), model.begin(start)),
    )
  })

const adopt = fc.record({ tab: anyTab, key: anyKey, createdAt: anyDate }).map(({ tab, key, createdAt }) => {
  const start: RunStart = { ...runStart(key.id, key.session, createdAt), message: null }
  return command('adopt', start, always, async (model, real) => agree(await tabOf(real, tab).adopt(start), model.adopt(start)))
})

async function claim(model: RunStoreModel, real: RealStore, tab: number, key: RunKey): Promise<ModelReader | undefined> {
  model.claimReader(tab, key, await tabOf(real, tab).claimReader(key))
  return model.readerOf(tab, key)
}

const claimReader = fc
  .record({ tab: anyTab, key: anyKey })
  .map(({ tab, key }) => command('claimReader', { tab, ...key }, always, async (model, real) => void (await claim(model, real, tab, key))))

interface Said {
  readonly delta: string
  readonly handle: string | null | undefined
  readonly at: number | undefined
  readonly closes: 'end' | 'pause' | null
  readonly replace: boolean
}

const anySaid: fc.Arbitrary<Said> = fc.record({
  // Never empty: a piece that says nothing is not missed.
  delta: anyText(3).map((text) => `${text}.`),
  handle: fc.oneof(fc.constant(undefined), fc.constantFrom('h1', 'h2', null)),
  closes: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom('end' as const, 'pause' as const) }),
  at: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyDate }),
  replace: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

/** What a reader writes next. Its place moves on. */
function nextWrite(reader: ModelReader, { delta, handle, closes, replace, at }: Said, skip = 0): RunWrite {
  const { epoch, n } = parseCursor(reader.cursor)
  const after = skip === 0 ? reader.cursor : cursorOf(epoch, n + skip)
  const cursor = replace ? cursorOf(epoch + 1, 0) : cursorOf(epoch, n + skip + 1)
  const base: Update = replace ? { type: 'snapshot', cursor, parts: [{ type: 'text', text: delta }], steps: [] } : { type: 'text', cursor, delta }
  const end: Update[] = closes === 'end' ? [{ type: 'end', cursor, outcome, elapsedMs: 1 }] : []
  return {
    reader: reader.reader,
    after,
    cursor,
    updates: [base, ...end],
    ...(handle !== undefined && { handle }),
    ...(replace && { replace }),
    ...(at !== undefined && { at }),
    ...(closes === 'end' && { outcome, handle: null }),
    ...(closes === 'pause' && { paused: 'input' as const }),
  }
}

function isOpen(model: RunStoreModel, key: RunKey): boolean {
  const run = model.run(key)
  return run !== undefined && run.outcome === null && run.foreign !== 'start'
}

/** What a tab does that reads a run, or would: none writes beyond an end. */
function reading(name: string, tab: number, key: RunKey, given: object, work: (model: RunStoreModel, store: RunStore, reader: ModelReader) => Promise<void>): Command {
  const isOver = (model: RunStoreModel): boolean => model.run(key)?.outcome != null
  const check = (model: RunStoreModel): boolean => (model.run(key) === undefined ? model.readerOf(tab, key) !== undefined : isOpen(model, key))
  return command(name, { tab, ...key, ...given }, check, async (model, real) => {
    const reader = model.readerOf(tab, key) ?? (await claim(model, real, tab, key))
    if (reader && !isOver(model)) await work(model, tabOf(real, tab), reader)
  })
}

const append = fc
  .record({ tab: anyTab, key: anyKey, said: anySaid, count: fc.constantFrom(1, 1, 2, 3, 31, 33) })
  .map(({ tab, key, said, count }) =>
    reading('append', tab, key, { said, count }, async (model, store, reader) => {
      for (let at = 1; at <= count; at += 1) {
        const write = nextWrite(reader, at === count ? said : { ...said, closes: null, replace: false })
        const result = await store.append(key, write)
        agree(plain(result), model.append(key, write))
        // Who is refused writes no more.
        if (result !== 'written') return model.release(tab, key)
        reader.cursor = write.cursor
      }
    }),
  )

const appendBehindAGap = fc.record({ tab: anyTab, key: anyKey, said: anySaid }).map(({ tab, key, said }) =>
  reading('appendBehindAGap', tab, key, { said }, async (model, store, reader) => {
    const write = nextWrite(reader, { ...said, replace: false }, 2)
    const result = await store.append(key, write)
    if (result === 'written') expect.fail('A log has a hole.')
    agree(plain(result), model.append(key, write))
  }),
)

interface Leaving {
  readonly said: readonly Said[]
  /** When what was in flight is written, if ever. Nobody hears of it. */
  readonly written: 'before' | 'after' | 'never'
}

const anyLeaving: fc.Arbitrary<Leaving> = fc.record({
  said: fc.array(anySaid, { minLength: 1, maxLength: 2 }),
  written: fc.constantFrom('before' as const, 'after' as const, 'never' as const),
})

/** A page goes: it leaves what is in flight and what waits behind it. */
async function leaves(model: RunStoreModel, store: RunStore, key: RunKey, { ...reader }: ModelReader, { said, written }: Leaving): Promise<void> {
  const writes: RunWrite[] = []
  for (const each of said) {
    if (writes.at(-1)?.outcome) break
    const write = nextWrite(reader, each)
    writes.push(write)
    reader.cursor = write.cursor
  }
  const [first] = writes
  if (first && written === 'before') agree(plain(await store.append(key, first)), model.append(key, first))
  await store.leave(key, writes)
  model.leave(key, written === 'before' ? writes.slice(1) : writes)
  if (first && written === 'after') await store.append(key, first)
}

const leave = fc.record({ tab: anyTab, key: anyKey, leaving: anyLeaving }).map(({ tab, key, leaving }) =>
  reading('leave', tab, key, leaving, async (model, store, reader) => {
    await leaves(model, store, key, reader, leaving)
    model.release(tab, key)
  }),
)

/** All pages go at once: the one that reads, and those that have been followed and have not heard of it. */
const leaveAll = fc.record({ key: anyKey, tabs: fc.constantFrom([0, 1], [1, 0]), leaving: anyLeaving }).map(({ key, tabs, leaving }) =>
  command('leave, in all tabs', { key, tabs, ...leaving }, (model) => isOpen(model, key), async (model, real) => {
    for (const tab of tabs) if (model.readerOf(tab, key) === undefined) await claim(model, real, tab, key)
    for (const tab of tabs.toReversed()) {
      const reader = model.readerOf(tab, key)
      if (reader && isOpen(model, key)) await leaves(model, tabOf(real, tab), key, reader, leaving)
      model.release(tab, key)
    }
  }),
)

const requestStop = fc.record({ tab: anyTab, key: anyKey }).map(({ tab, key }) =>
  command('requestStop', key, always, async (model, real) => {
    await tabOf(real, tab).requestStop(key)
    model.requestStop(key)
  }),
)

const claimOnce = fc.record({ key: anyKey, name: fc.constantFrom('finish', 'seen') }).map(({ key, name }) =>
  command('claimOnce, in all tabs together', { key, name }, always, async (model, real) => {
    const won = await Promise.all(real.tabs.map((store) => store.claimOnce(key, name)))
    agree(won.filter(Boolean).length, model.claimOnce(key, name) ? 1 : 0)
  }),
)

const remove = fc.record({ tab: anyTab, key: anyKey }).map(({ tab, key }) =>
  command('remove', key, always, async (model, real) => {
    await tabOf(real, tab).remove(key)
    model.remove(key)
  }),
)

const expire = fc.record({ tab: anyTab, before: anyDate }).map(({ tab, before }) =>
  command('expire', before, always, async (model, real) => {
    await tabOf(real, tab).expire(before)
    model.expire(before)
  }),
)

const purge = anyTab.map((tab) =>
  command('purge', tab, always, async (model, real) => {
    await tabOf(real, tab).purge()
    model.purge()
  }),
)

const reload = anyTab.map((tab) =>
  command('reload', tab, always, async (model, real) => {
    real.reload(tab)
    model.release(tab)
  }),
)

/** Everything that can be read, as any tab reads it. */
export async function look(model: RunStoreModel, store: RunStore): Promise<void> {
  for (const session of sessions) model.expectLoaded(session, await store.load(session))
  model.expectListed(await store.list())
}

const lookAround = anyTab.map((tab) => command('load and list', tab, always, (model, real) => look(model, tabOf(real, tab))))

// As often as they stand here.
const writing = [append, append, append, append, append, append, append, append, appendBehindAGap, leave, leave, leaveAll]
const beginning = [begin, begin, begin, begin, adopt, adopt, claimReader, claimReader]
const all = [...beginning, ...writing, requestStop, claimOnce, remove, expire, purge, reload, lookAround, lookAround, lookAround]

/** What may be asked of any store, in any order. */
export const anyCommands = fc.commands(all, { maxCommands: 40, size: 'max' })

// The kinds of records, as they stand in their keys.
const kinds = { start: 0, head: 1, handle: 2, log: 4, left: 6 }
const foreignRecord = { v: 2, value: { anything: 1 } }

async function tamper({ user, tabs }: RealStore, work: (records: IDBObjectStore, keys: IDBValidKey[]) => void): Promise<void> {
  // Makes the database, should nobody have asked for it yet.
  await tabs[0]?.list()
  const db = await settled(indexedDB.open(databaseName(user)))
  const records = db.transaction('runs', 'readwrite').objectStore('runs')
  work(records, await settled(records.getAllKeys()))
  await settled(records.count())
  db.close()
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

const damages = {
  gone: (records: IDBObjectStore, key: IDBValidKey) => records.delete(key),
  'of another version': (records: IDBObjectStore, key: IDBValidKey) => records.put(foreignRecord, key),
  'no record': (records: IDBObjectStore, key: IDBValidKey) => records.put('nonsense', key),
  'nothing in it': (records: IDBObjectStore, key: IDBValidKey) => records.put({ v: 1, value: null }, key),
}

const damageLog = fc
  .record({ key: anyKey, at: fc.nat(40), how: fc.constantFrom(...(Object.keys(damages) as (keyof typeof damages)[])) })
  .map(({ key, at, how }) =>
    command('a log record is', { key, at, how }, (model) => model.run(key) !== undefined, async (model, real) => {
      const run = model.run(key) ?? expect.fail()
      await tamper(real, (records, keys) => {
        const log = keys.filter((found) => Array.isArray(found) && found[0] === key.session && found[1] === key.id && found[2] === kinds.log)
        const place = log[at % Math.max(1, log.length)]
        if (place === undefined) return
        damages[how](records, place)
        run.damaged = true
      })
    }),
  )

/** Whether all that is known of a run stands in its own records. */
function isPlain(model: RunStoreModel, key: RunKey): boolean {
  const run = model.run(key)
  return run?.foreign === null && !run.left
}

const foreign = fc.record({ key: anyKey, kind: fc.constantFrom('start' as const, 'head' as const, 'handle' as const) }).map(({ key, kind }) =>
  command('of another version is', { key, kind }, (model) => isPlain(model, key), async (model, real) => {
    const run = model.run(key) ?? expect.fail()
    await tamper(real, (records) => records.put(foreignRecord, [key.session, key.id, kinds[kind]]))
    if (kind === 'handle') run.handle = null
    else run.foreign = kind
  }),
)

const nonsense = fc.constantFrom<unknown>('nonsense', { v: 1, value: 'nonsense' }, { v: 1, value: [null] }, foreignRecord)
const nonsenseLeft = fc.record({ key: anyKey, reader: fc.nat(2), value: nonsense }).map(({ key, reader, value }) =>
  command('left is nonsense', { key, reader, value }, (model) => model.run(key)?.left !== true, (_model, real) =>
    tamper(real, (records) => records.put(value, [key.session, key.id, kinds.left, reader])),
  ),
)

/** The same, and what a disk or a newer version may do to the records in between. */
export const anyCommandsAndDamages = fc.commands([...all, ...all, ...Array<typeof damageLog>(12).fill(damageLog), foreign, nonsenseLeft], { maxCommands: 40, size: 'max' })
