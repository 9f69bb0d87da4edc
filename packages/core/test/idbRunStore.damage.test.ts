import { describe, expect, it } from 'vitest'
import { cursorOf, databaseName, idbRunStore, startCursor } from '@rejoin/core'
import type { RunStore, RunWrite, Update } from '@rejoin/core'
import { runStart, text, textIn } from './runStoreContract.ts'

/** What a program beside the store does to its records. */
async function tamper(user: string, work: (records: IDBObjectStore) => void): Promise<void> {
  const db = await settled(indexedDB.open(databaseName(user)))
  const records = db.transaction('runs', 'readwrite').objectStore('runs')
  work(records)
  await settled(records.count())
  db.close()
}

async function keysIn(user: string): Promise<IDBValidKey[]> {
  const db = await settled(indexedDB.open(databaseName(user)))
  const keys = await settled(db.transaction('runs').objectStore('runs').getAllKeys())
  db.close()
  return keys
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** A store with two runs of three records each. */
async function filled(user: string): Promise<RunStore> {
  const store = idbRunStore(user)
  for (const [at, id] of ['a', 'b'].entries()) {
    await store.begin(runStart(id, 'main', at + 1))
    await store.claimReader(runStart(id))
    for (let n = 1; n <= 3; n += 1) {
      await store.append(runStart(id), { reader: 1, after: cursorOf(0, n - 1), cursor: cursorOf(0, n), updates: [text(n, String(n))], handle: 'h' })
    }
  }
  return store
}

const log = 4
const idOf = ({ start }: { start: { id: string } }): string => start.id

describe('a damaged log (row 70)', () => {
  const damages: [string, (records: IDBObjectStore) => void][] = [
    ['with a hole in it', (records) => records.delete(['main', 'a', log, 1])],
    ['without its first record', (records) => records.delete(['main', 'a', log, 0])],
    ['with something else in it', (records) => records.put({ v: 1, value: {} }, ['main', 'a', log, 0])],
    ['with nothing in it', (records) => records.put({ v: 1, value: null }, ['main', 'a', log, 2])],
    ['with a record of another version', (records) => records.put({ v: 2, value: [] }, ['main', 'a', log, 1])],
  ]

  for (const [index, [name, damage]] of damages.entries()) {
    it(`${name} is read from the beginning again, and no other run is concerned`, async () => {
      const user = `damage-${index}`
      const store = await filled(user)
      await tamper(user, damage)
      const [first, second] = await store.load('main')
      expect(first).toMatchObject({ start: { id: 'a' }, updates: [], head: { cursor: startCursor } })
      expect(textIn(second)).toBe('123')
      // Whoever reads it next writes a whole one.
      const claimed = await store.claimReader(runStart('a'))
      expect(claimed?.updates).toEqual([])
      await store.append(runStart('a'), { reader: claimed?.head.reader ?? 0, after: startCursor, cursor: cursorOf(0, 3), updates: [text(3, 'anew')] })
      expect((await idbRunStore(user).load('main')).map(textIn)).toEqual(['anew', '123'])
    })
  }

  it('of a run that is over is treated as absent', async () => {
    const store = await filled('over')
    const end = { type: 'end', cursor: cursorOf(0, 4), outcome: { type: 'completed' }, elapsedMs: 1 } as const
    await store.append(runStart('a'), { reader: 1, after: cursorOf(0, 3), cursor: end.cursor, updates: [end], handle: null, outcome: end.outcome })
    await tamper('over', (records) => records.delete(['main', 'a', log, 1]))
    expect((await store.load('main')).map(idOf)).toEqual(['b'])
  })
})

describe('records of another version', () => {
  it('are left by the sweep to the version that knows them', async () => {
    const store = await filled('future')
    await tamper('future', (records) => records.put({ v: 2, value: { anything: 1 } }, ['main', 'a', 0]))
    await store.expire(1_000)
    const keys = await keysIn('future')
    expect(keys).toContainEqual(['main', 'a', 0])
    expect(keys).toContainEqual(['main', 'a', log, 2])
    expect(keys.filter((key) => Array.isArray(key) && key[1] === 'b')).toEqual([])
  })
})

describe('an end', () => {
  it('leaves no token at rest', async () => {
    const store = await filled('ended')
    const end = { type: 'end', cursor: cursorOf(0, 4), outcome: { type: 'completed' }, elapsedMs: 1 } as const
    await store.append(runStart('a'), { reader: 1, after: cursorOf(0, 3), cursor: end.cursor, updates: [end], handle: null, outcome: end.outcome })
    expect(await keysIn('ended')).not.toContainEqual(['main', 'a', 2])
  })
})

describe('what a page has left as it went', () => {
  const write = { reader: 1, after: cursorOf(0, 3), cursor: cursorOf(0, 4), updates: [text(4, '4')] }

  it('for a run that was removed meanwhile is no run, and goes with the next sweep', async () => {
    const store = await filled('left-removed')
    await store.remove(runStart('a'))
    await store.leave(runStart('a'), [write])
    expect((await store.load('main')).map(({ start }) => start.id)).toEqual(['b'])
    expect(await store.claimReader(runStart('a'))).toBeNull()
    await store.expire(0)
    expect((await keysIn('left-removed')).filter((key) => Array.isArray(key) && key[1] === 'a')).toEqual([])
    expect((await store.load('main')).map(textIn)).toEqual(['123'])
  })

  it.each([
    ['nothing of ours', 'nonsense'],
    ['a write without its updates', [{ reader: 1, after: cursorOf(0, 3), cursor: cursorOf(0, 4) }]],
    ['nothing at all', [null]],
  ])('is passed over where it is %s', async (_, value) => {
    const user = `left-${String(_)}`
    const store = await filled(user)
    await tamper(user, (records) => records.put({ v: 1, value }, ['main', 'a', 6]))
    expect((await store.load('main')).map(textIn)).toEqual(['123', '123'])
    expect(textIn(await store.claimReader(runStart('a')))).toBe('123')
  })
})

describe('a new base that a page has left, over a damaged log (row 70)', () => {
  it('brings along what was said before it: the handle, and when the run moved', async () => {
    const store = await filled('left-base')
    const grown = { reader: 1, after: cursorOf(0, 3), cursor: cursorOf(0, 4), updates: [text(4, '4')], handle: 'next', at: 7 }
    const cursor = cursorOf(1, 0)
    const base: Update = { type: 'snapshot', cursor, parts: [{ type: 'text', text: 'all' }], steps: [] }
    await store.leave(runStart('a'), [grown, { reader: 1, after: grown.cursor, cursor, updates: [base], replace: true }])
    await tamper('left-base', (records) => records.delete(['main', 'a', log, 1]))
    for (const record of [await store.claimReader(runStart('a')), (await idbRunStore('left-base').load('main'))[0]]) {
      expect(record).toMatchObject({ handle: 'next', head: { cursor, movedAt: 7 } })
      expect(textIn(record)).toBe('all')
    }
  })
})

describe('what a page has left (row 70)', () => {
  it('of what was written before it, keeps the latest handle', async () => {
    const store = await filled('left-handles')
    const write = (n: number): RunWrite => ({ reader: 1, after: cursorOf(0, n - 1), cursor: cursorOf(0, n), updates: [text(n, String(n))] })
    await store.leave(runStart('a'), [{ ...write(3), handle: 'old' }, { ...write(4), handle: 'new' }, write(5)])
    const record = await store.claimReader(runStart('a'))
    expect([textIn(record), record?.handle]).toEqual(['12345', 'new'])
    expect((await idbRunStore('left-handles').load('main'))[0]?.handle).toBe('new')
  })
})

describe('a run whose start or head has been written over (row 70)', () => {
  const start = runStart('a', 'main', 1)
  const whole = { cursor: cursorOf(0, 3), reader: 1, stop: false, outcome: null }
  it.each<[string, number, unknown]>([
    ['a start that is a word', 0, 'nonsense'],
    ['a start without its date', 0, { ...start, createdAt: undefined }],
    ['the start of another run', 0, { ...start, id: 'c' }],
    ['a question without its parts', 0, { ...start, message: { id: 'q', role: 'user' } }],
    ['a head that is a number', 1, 7],
    ['a head without its cursor', 1, { ...whole, cursor: undefined }],
    ['a head that no further reader can be counted in', 1, { ...whole, reader: Number.MAX_SAFE_INTEGER }],
    ['a head whose outcome is none', 1, { ...whole, outcome: 'completed' }],
  ])('with %s is treated as absent, and all others are as they were', async (name, kindOf, value) => {
    const user = `over-${name}`
    const store = await filled(user)
    await tamper(user, (records) => records.put({ v: 1, value }, ['main', 'a', kindOf]))
    expect((await store.load('main')).map(idOf)).toEqual(['b'])
    expect((await store.list()).map(idOf)).toEqual(['b'])
    expect(await store.claimReader(runStart('a'))).toBeNull()
    expect((await store.load('main')).map(textIn)).toEqual(['123'])
  })

  it('with a date that is none goes with the next sweep', async () => {
    const store = await filled('undated')
    await tamper('undated', (records) => records.put({ v: 1, value: { ...start, createdAt: 'today' } }, ['main', 'a', 0]))
    await store.expire(0)
    expect((await keysIn('undated')).filter((key) => Array.isArray(key) && key[1] === 'a')).toEqual([])
    expect((await store.load('main')).map(textIn)).toEqual(['123'])
  })
})

describe('an update that has been written over (row 70)', () => {
  it.each<[string, unknown]>([
    ['more of the text that is a number', { type: 'text', cursor: cursorOf(0, 2), delta: 5 }],
    ['a snapshot without its parts', { type: 'snapshot', cursor: cursorOf(0, 2), steps: [] }],
    ['a part that is none', { type: 'part', cursor: cursorOf(0, 2), part: { type: 'text', id: 'x', text: null } }],
    ['a step that is none', { type: 'progress', cursor: cursorOf(0, 2), step: {} }],
    ['one without a cursor', { type: 'text', delta: '2' }],
    ['nothing', null],
  ])('into %s is never shown: the run is read from the beginning', async (name, update) => {
    const user = `update-${name}`
    const store = await filled(user)
    await tamper(user, (records) => records.put({ v: 1, value: { through: 1, updates: [update] } }, ['main', 'a', log, 1]))
    const [first, second] = await store.load('main')
    expect(first).toMatchObject({ start: { id: 'a' }, updates: [], head: { cursor: startCursor } })
    expect(textIn(second)).toBe('123')
  })
})

describe('a purge', () => {
  it('is not undone by what a page leaves that has read on', async () => {
    const reader = await filled('purged')
    await idbRunStore('purged').purge()
    const write = { reader: 1, after: cursorOf(0, 3), cursor: cursorOf(0, 4), updates: [text(4, '4')] }
    await reader.leave(runStart('a'), [write])
    expect(await reader.append(runStart('a'), write)).toBe('purged')
    // A number, which says no more than that it was purged.
    expect(await keysIn('purged')).toEqual([[0]])
  })

  it('does not keep a run from being left that began after it', async () => {
    const name = 'begun-after'
    await (await filled(name)).purge()
    const store = await filled(name)
    await store.leave(runStart('a'), [{ reader: 1, after: cursorOf(0, 3), cursor: cursorOf(0, 4), updates: [text(4, '4')] }])
    expect((await idbRunStore(name).load('main')).map(textIn)).toEqual(['1234', '123'])
    await idbRunStore(name).purge()
    expect(await keysIn(name)).toEqual([[0], [1]])
  })
})
