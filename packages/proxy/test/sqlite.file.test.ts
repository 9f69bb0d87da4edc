import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isRejoinError, startCursor } from '@rejoin/core'
import { sqliteStore } from '@rejoin/proxy/sqlite'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { delta } from './eventLogContract.ts'
import { filesBeside, openStore, temporaryFile } from './sqlite/temporaryFile.ts'

function refusal(file: string): string {
  try {
    void sqliteStore({ file }).close()
    return 'opened'
  } catch (error) {
    if (!isRejoinError(error) || error.code !== 'unavailable') throw error
    return error.message
  }
}

function query(file: string, sql: string): unknown {
  const database = new DatabaseSync(file)
  try {
    return database.prepare(sql).get()
  } finally {
    database.close()
  }
}

afterEach(() => void vi.useRealTimers())

describe('the file of a store', () => {
  test('is made with its folder, for nobody else to read', async () => {
    const file = join(dirname(temporaryFile()), 'data', 'deep', 'runs.sqlite')
    await openStore({ file }).log.create('run')
    expect(statSync(file).mode & 0o077).toBe(0)
    expect(statSync(`${file}-wal`).mode & 0o077).toBe(0)
  })

  test('is refused where it is no database, and not changed', () => {
    const file = temporaryFile()
    writeFileSync(file, 'Dear diary, '.repeat(1_000))
    expect(refusal(file)).toContain('it is no SQLite database')
    expect(readFileSync(file, 'utf8')).toBe('Dear diary, '.repeat(1_000))
    expect(filesBeside(file)).toEqual([])
  })

  test("is refused where it is another program's, and not changed", () => {
    const file = temporaryFile()
    query(file, 'CREATE TABLE diary (day TEXT)')
    const before = readFileSync(file)
    expect(refusal(file)).toContain('belongs to another program')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('is refused where a newer version has written it, and not changed', async () => {
    const file = temporaryFile()
    await openStore({ file }).close()
    query(file, 'PRAGMA user_version = 1000')
    const before = readFileSync(file)
    expect(refusal(file)).toContain('a newer version')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('is refused where it is damaged', async () => {
    const file = temporaryFile()
    const store = openStore({ file })
    await store.log.create('run')
    await store.close()
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xff, 100, 4_096))
    expect(refusal(file)).toContain('it is damaged')
  })

  test('is refused where it can not be', () => {
    const notAFolder = temporaryFile()
    writeFileSync(notAFolder, '')
    expect(refusal(join(notAFolder, 'runs.sqlite'))).toContain('it can not be opened')
    const folder = temporaryFile()
    mkdirSync(folder)
    expect(refusal(folder)).toContain('it can not be opened')
  })

  test.each(['there', 'not there yet'])('is the same through links to it and to its folder, where it is %s: its runs are held by one', async (state) => {
    const file = temporaryFile()
    const folder = join(dirname(temporaryFile()), 'data')
    symlinkSync(dirname(file), folder)
    const release = join(dirname(temporaryFile()), 'release.sqlite')
    symlinkSync(relative(dirname(release), join(folder, 'runs.sqlite')), release)
    const lease = { holder: 'one', ms: 600_000 }
    const files = state === 'there' ? [file, release, join(folder, 'runs.sqlite')] : [release, file, join(folder, 'runs.sqlite')]
    const logs = files.map((path) => openStore({ file: path }).log)
    await logs[0]?.create('run', { lease })
    for (const log of logs.slice(1)) expect(await log.hold('run', { holder: 'two', ms: 600_000 })).toBe(false)
    expect(readdirSync(dirname(release))).toEqual(['release.sqlite'])
  })

  const ways: Record<string, (file: string) => void> = {
    'is removed': (file) => rmSync(file),
    'is removed with its folder': (file) => rmSync(dirname(file), { recursive: true }),
    'is replaced by another': (file) => {
      writeFileSync(`${file}-new`, '')
      renameSync(`${file}-new`, file)
    },
  }

  test.each(Object.entries(ways))('that %s while it is in use is noticed, by whoever writes, reads or waits', async (_, remove) => {
    vi.useFakeTimers()
    const file = temporaryFile()
    const { log, registry } = openStore({ file })
    await log.create('run')
    const waiting = log.read('run', startCursor)[Symbol.asyncIterator]().next()
    waiting.catch(() => {})
    remove(file)
    vi.advanceTimersByTime(1_000)
    const gone = { code: 'unavailable', message: expect.stringContaining('removed or replaced while it was in use') }
    await expect(log.append('run', [delta('a')])).rejects.toMatchObject(gone)
    await expect(waiting).rejects.toMatchObject(gone)
    await expect(log.hold('run', { holder: 'me', ms: 1 })).rejects.toMatchObject(gone)
    await expect(log.peek('run')).rejects.toMatchObject(gone)
    await expect(registry.get({ user: null, runId: 'run-0001' })).rejects.toMatchObject(gone)
  })

  test.each(['removed', 'emptied'])('is refused where it was %s and its log is still there, and not changed', async (how) => {
    const file = temporaryFile()
    await openStore({ file }).log.create('run')
    const log = readFileSync(`${file}-wal`)
    if (how === 'removed') rmSync(file)
    else writeFileSync(file, '')
    expect(refusal(file)).toContain('belongs to one that was there before')
    expect(readFileSync(`${file}-wal`).equals(log)).toBe(true)
  })

  test('stands alone when its stores are closed, however many there were', async () => {
    const file = temporaryFile()
    for (let round = 0; round < 10; round += 1) {
      const stores = Array.from({ length: 10 }, () => openStore({ file }))
      await Promise.all(stores.map(({ log }, n) => log.create(`${round} ${n}`)))
      await Promise.all(stores.map(({ log }, n) => log.append(`${round} ${n}`, [delta('a')])))
      await Promise.all(stores.map((store) => store.close()))
    }
    expect(filesBeside(file)).toEqual([])
    expect(query(file, 'SELECT count(*) AS runs FROM runs')).toEqual({ runs: 100 })
  })
})
