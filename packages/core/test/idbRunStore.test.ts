import { describe, expect, it, vi } from 'vitest'
import { cursorOf, databaseName, idbRunStore } from '@rejoin/core'
import { runStart, runStoreContract, text, textIn } from './runStoreContract.ts'

const user = 'somebody'
runStoreContract('IndexedDB run store (fake engine)', () => idbRunStore(user), () => idbRunStore(user).purge())

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function settled(request: IDBRequest | IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    if ('oncomplete' in request) request.oncomplete = () => resolve()
    else request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

/** The next look into the store is heard of only when its transaction is over. */
function hearTooLate(): void {
  const { get } = IDBObjectStore.prototype
  vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementationOnce(function (this: IDBObjectStore, key) {
    const request = get.call(this, key)
    Object.defineProperty(request, 'onsuccess', {
      set: (heard: () => void) => {
        this.transaction.addEventListener('complete', heard)
      },
    })
    return request
  })
}

describe('IndexedDB run store', () => {
  it('writes what has lost its transaction once more, and leaves no hole in the log', async () => {
    const store = idbRunStore('late')
    await store.begin(runStart('a'))
    const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
    for (let n = 1; n <= 40; n += 1) {
      if (n % 3 === 0) hearTooLate()
      expect(await store.append(runStart('a'), { reader, after: cursorOf(0, n - 1), cursor: cursorOf(0, n), updates: [text(n, `${n} `)] })).toBe('written')
    }
    vi.restoreAllMocks()
    const [record] = await store.load('main')
    expect(record?.head.cursor).toBe(cursorOf(0, 40))
    expect(textIn(record)).toBe([...Array(40).keys()].map((i) => `${i + 1} `).join(''))
  })

  it('keeps a long answer in tens of records', async () => {
    const store = idbRunStore('long')
    await store.begin(runStart('a'))
    const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
    for (let n = 1; n <= 3000; n += 1) {
      await store.append(runStart('a'), { reader, after: cursorOf(0, n - 1), cursor: cursorOf(0, n), updates: [text(n, `${n} `)] })
    }
    const db = await open(databaseName('long'))
    const keys = db.transaction('runs').objectStore('runs').getAllKeys()
    await settled(keys)
    db.close()
    expect(keys.result.length).toBeLessThan(70)
    expect(textIn((await store.load('main'))[0])).toHaveLength([...Array(3000).keys()].map((i) => `${i + 1} `).join('').length)
  })

  it('treats records of another version as absent (row 70)', async () => {
    const store = idbRunStore('versions')
    await store.begin(runStart('a'))
    await store.begin(runStart('b', 'main', 2))
    const db = await open(databaseName('versions'))
    const transaction = db.transaction('runs', 'readwrite')
    transaction.objectStore('runs').put({ v: 2, value: { anything: 'else' } }, ['main', 'a', 1])
    transaction.objectStore('runs').put('not a record at all', ['main', 'c', 0])
    await settled(transaction)
    db.close()
    expect((await store.load('main')).map(({ start }) => start.id)).toEqual(['b'])
  })

  it('lets go of the database when somebody wants to delete it, and opens it anew', async () => {
    const store = idbRunStore('deleted')
    await store.begin(runStart('a'))
    await settled(indexedDB.deleteDatabase(databaseName('deleted')))
    expect(await store.load('main')).toEqual([])
    await store.begin(runStart('b'))
    expect((await store.load('main')).map(({ start }) => start.id)).toEqual(['b'])
  })

  it('keeps users apart, the public page too (row 71)', async () => {
    expect(new Set([databaseName(null), databaseName(''), databaseName('a')]).size).toBe(3)
    await idbRunStore('a').begin(runStart('a'))
    expect(await idbRunStore('b').load('main')).toEqual([])
    expect(await idbRunStore(null).load('main')).toEqual([])
  })
})
