import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isRejoinError } from '@rejoin/core'
import { sqliteStore } from '@rejoin/proxy/sqlite'
import { describe, expect, test } from 'vitest'
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
