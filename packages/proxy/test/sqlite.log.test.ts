import { DatabaseSync, StatementSync } from 'node:sqlite'
import { cursorOf, isRejoinError, startCursor, userMessage } from '@rejoin/core'
import { type LogEntry } from '@rejoin/proxy'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { completed, delta, readAll } from './eventLogContract.ts'
import { openStore, temporaryFile } from './sqlite/temporaryFile.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.catch((error: unknown) => error)
  return isRejoinError(error) ? error.code : error
}

const many = (count: number): LogEntry[] => Array.from({ length: count }, (_, n) => delta(`${n} `))

describe('what is appended to an SQLite log in one turn of the event loop', () => {
  test('is one transaction, of all runs', async () => {
    const { log } = openStore()
    const keys = Array.from({ length: 50 }, (_, n) => `run ${n}`)
    await Promise.all(keys.map((key) => log.create(key)))
    // The store tidies up after its first transaction.
    await log.append('run 0', [])
    await log.append('run 0', [])
    const run = vi.spyOn(StatementSync.prototype, 'run')
    await Promise.all(keys.map((key) => log.append(key, [delta('a')])))
    const statements = run.mock.contexts.map((statement) => (statement instanceof StatementSync ? statement.sourceSQL : ''))
    expect(statements.filter((sql) => sql === 'COMMIT')).toHaveLength(1)
  })

  test('is acknowledged when another process can read it, and not before', async () => {
    const file = temporaryFile()
    const [first, second] = [openStore({ file }), openStore({ file })]
    await first.log.create('run')
    const appended = first.log.append('run', [delta('a')])
    expect((await second.log.peek('run'))?.cursor).toBe(startCursor)
    await appended
    expect((await second.log.peek('run'))?.cursor).toBe(cursorOf(0, 1))
  })

  test('fails alone where it is no JSON', async () => {
    const { log } = openStore()
    await log.create('run')
    const circular: { self?: unknown } = {}
    circular.self = circular
    const results = await Promise.allSettled([
      log.append('run', [delta('a')]),
      log.append('run', [delta('b')], { checkpoint: circular }),
      log.append('run', [delta('c')]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await log.append('run', [completed])
    expect(await readAll(log, 'run')).toMatchObject([{ delta: 'a' }, { delta: 'c' }, { type: 'end' }])
  })

  test('fails alone where the file can not take it', async () => {
    const { log } = openStore()
    const results = await Promise.all([
      codeOf(log.create('first')),
      codeOf(log.create('second', { lease: { holder: 'me', ms: Number.NaN } })),
      codeOf(log.create('third', { lease: { holder: 'me', ms: 0.5 } })),
    ])
    expect(results).toEqual([true, 'unavailable', true])
    expect(await Promise.all(['first', 'second', 'third'].map(async (key) => (await log.peek(key)) !== null))).toEqual([true, false, true])
  })

  test('fails together where the disk is full, reaches no reader, and what comes later is not harmed', async () => {
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec')
    const { log } = openStore()
    const [database] = exec.mock.contexts.filter((context) => context instanceof DatabaseSync)
    const limit = (pages: number): void => database?.exec(`PRAGMA max_page_count = ${pages}`)
    await Promise.all(['first', 'second'].map((key) => log.create(key)))
    const reader = log.read('first', startCursor)[Symbol.asyncIterator]()
    const next = reader.next()
    limit(1)
    const large = delta('x'.repeat(1_000_000))
    const results = await Promise.all([log.append('first', [delta('a')]), log.append('second', [large])].map(codeOf))
    expect(results).toEqual(['unavailable', 'unavailable'])
    limit(1_000_000)
    expect((await log.peek('first'))?.cursor).toBe(startCursor)
    await log.append('first', [delta('b')])
    expect((await next).value).toEqual([{ ...delta('b'), cursor: cursorOf(0, 1) }])
    await reader.return?.()
  })
})

describe('a reader of an SQLite log', () => {
  test('far behind gets its backlog piece by piece', async () => {
    const { log } = openStore()
    await log.create('run')
    await log.append('run', many(10_000))
    await log.append('run', [completed])
    const lengths: number[] = []
    for await (const slice of log.read('run', startCursor)) lengths.push(slice.length)
    expect(lengths).toEqual([4_096, 4_096, 1_809])
  })

  test('gets no more at once than about a megabyte', async () => {
    const { log } = openStore()
    await log.create('run')
    for (let n = 0; n < 8; n += 1) await log.append('run', [delta('x'.repeat(400_000))])
    await log.append('run', [completed])
    const lengths: number[] = []
    for await (const slice of log.read('run', startCursor)) lengths.push(slice.length)
    expect(lengths).toEqual([3, 3, 3])
  })

  test('goes on in the middle of a large append', async () => {
    const { log } = openStore()
    await log.create('run')
    await log.append('run', [...many(5_000), completed])
    for (const n of [1, 255, 256, 257, 4_095, 4_096, 4_999]) {
      const rest = await readAll(log, 'run', cursorOf(0, n))
      expect(rest).toHaveLength(5_001 - n)
      expect(rest[0]?.cursor).toBe(cursorOf(0, n + 1))
    }
  })

  test('gets everything once, in order, while several processes append and it lags behind', async () => {
    const file = temporaryFile()
    const stores = [openStore({ file }), openStore({ file })]
    const [here, there] = stores.map(({ log }) => log)
    if (!here || !there) throw new Error('No stores.')
    await here.create('run')
    const read = readAll(here, 'run')
    for (let n = 0; n < 100; n += 1) {
      await Promise.all([here.append('run', [delta(`${n} a`)]), here.append('run', [delta(`${n} b`)]), there.append('run', [delta(`${n} c`)])])
    }
    await there.append('run', [completed])
    const updates = await read
    expect(updates.map(({ cursor }) => cursor)).toEqual(Array.from({ length: 301 }, (_, n) => cursorOf(0, n + 1)))
    expect(updates).toEqual(await readAll(there, 'run'))
  })

  test('is brought what another process appends, which makes no run a second time either', async () => {
    const file = temporaryFile()
    const [first, second] = [openStore({ file }), openStore({ file })]
    const made = await Promise.all([first.log.create('run'), second.log.create('run')])
    expect(made.filter(Boolean)).toHaveLength(1)
    const reader = second.log.read('run', startCursor)[Symbol.asyncIterator]()
    const next = reader.next()
    await first.log.append('run', [delta('a')])
    expect((await next).value).toMatchObject([{ delta: 'a' }])
    const last = reader.next()
    await first.log.append('run', [completed])
    expect((await last).value).toMatchObject([{ type: 'end' }])
  })

  test('of a run that is deleted meanwhile hears that it is gone, and is never given a part', async () => {
    vi.useFakeTimers()
    const { log } = openStore({ retentionMs: 1_000 })
    await log.create('run')
    await log.append('run', [...many(10_000), completed])
    const reader = log.read('run', startCursor)[Symbol.asyncIterator]()
    await reader.next()
    await vi.advanceTimersByTimeAsync(2_000)
    await log.create('another')
    await swept(log)
    expect(await codeOf(reader.next())).toBe('expired')
  })

  test('that waits for more of a run nobody works on any more hears when that is forgotten', async () => {
    vi.useFakeTimers()
    const { log } = openStore({ retentionMs: 1_000 })
    await log.create('run')
    const waiting = codeOf(readAll(log, 'run'))
    await log.append('other', [])
    await vi.advanceTimersByTimeAsync(999)
    await log.append('other', [])
    await vi.advanceTimersByTimeAsync(500)
    await swept(log)
    expect(await waiting).toBe('expired')
  })

  test('that waits for more of a run hears when another has come in its place', async () => {
    vi.useFakeTimers()
    const { log } = openStore({ retentionMs: 1_000 })
    await log.create('run')
    const waiting = codeOf(readAll(log, 'run'))
    await log.append('other', [])
    vi.setSystemTime(Date.now() + 1_000)
    expect(await log.create('run')).toBe(true)
    expect(await waiting).toBe('expired')
  })
})

function pagesIn(file: string): number {
  const database = new DatabaseSync(file)
  const pages = database.prepare('PRAGMA page_count').get()?.page_count
  database.close()
  return Number(pages)
}

/** Until nothing that is too old is left: a step is taken with each turn of the clock. */
async function swept(log: ReturnType<typeof openStore>['log']): Promise<void> {
  for (let step = 0; step < 50; step += 1) {
    await log.append('none', [])
    await vi.advanceTimersByTimeAsync(20)
  }
}

describe('an SQLite store', () => {
  test('keeps a run for the retention after its end, and a running one for as long as it is held or written', async () => {
    vi.useFakeTimers()
    const { log } = openStore({ retentionMs: 1_000 })
    await log.create('ended')
    await log.append('ended', [completed])
    for (const key of ['left', 'written', 'held']) await log.create(key, { lease: { holder: 'me', ms: 100 }, asked: { session: 'support', messages: [userMessage('Hello?')], previous: null } })
    vi.advanceTimersByTime(999)
    expect(await log.peek('ended')).not.toBeNull()
    await log.append('written', [delta('a')])
    await log.hold('held', { holder: 'me', ms: 100 })
    vi.advanceTimersByTime(1)
    expect(await log.peek('ended')).toBeNull()
    expect(await codeOf(readAll(log, 'ended'))).toBe('expired')
    vi.advanceTimersByTime(100)
    expect(await log.peek('left')).toBeNull()
    expect(await log.asked('left')).toBeNull()
    await swept(log)
    expect(await log.peek('written')).toBeNull()
    expect(await log.create('ended')).toBe(true)
    expect(await log.peek('ended')).toMatchObject({ end: null, cursor: startCursor })
  })

  test('keeps a run that is worked on when the clock has gone on by more than the retention, and not for ever', async () => {
    vi.useFakeTimers()
    const file = temporaryFile()
    const [here, there] = [openStore({ file, retentionMs: 10_000 }), openStore({ file, retentionMs: 10_000 })]
    const lease = { holder: 'me', ms: 900 }
    for (const key of ['run', 'given up']) await here.log.create(key, { lease })
    await here.log.create('nobody')
    vi.setSystemTime(Date.now() + 20_000)
    await there.log.create('other')
    await swept(there.log)
    expect(await there.log.peek('nobody')).toBeNull()
    expect(await there.log.peek('run')).not.toBeNull()
    expect(await here.log.hold('run', lease)).toBe(true)
    for (let second = 0; second < 61; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000)
      await there.log.peek('given up')
      await here.log.hold('run', lease)
    }
    await swept(there.log)
    expect(await there.log.peek('given up')).toBeNull()
    expect(await there.log.peek('run')).not.toBeNull()
  })

  test('drops the logs that ended first when the file grows too large, and never a running one', async () => {
    const { log } = openStore({ maxBytes: 3_000_000 })
    await log.create('running')
    await log.append('running', [delta('x'.repeat(1_000_000))])
    for (let n = 0; n < 30; n += 1) {
      await log.create(`${n}`)
      await log.append(`${n}`, [delta('x'.repeat(1_000_000)), completed])
    }
    await vi.waitFor(async () => expect(await log.peek('27')).toBeNull(), { timeout: 4_000 })
    expect(await log.peek('29')).not.toBeNull()
    expect(await log.peek('running')).not.toBeNull()
  })

  test('makes room for new runs where expired ones were: its file does not grow', async () => {
    vi.useFakeTimers()
    const file = temporaryFile()
    const { log } = openStore({ file, retentionMs: 1_000 })
    const sizes: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const keys = Array.from({ length: 100 }, (_, n) => `${round} ${n}`)
      await Promise.all(keys.map((key) => log.create(key)))
      await Promise.all(keys.map((key) => log.append(key, [...many(300), completed])))
      vi.advanceTimersByTime(1_500)
      await swept(log)
      sizes.push(pagesIn(file))
    }
    expect(sizes[0]).toBeGreaterThan(100)
    expect(sizes[4]).toBeLessThanOrEqual((sizes[0] ?? 0) * 1.05)
  })

  test('forgets a record when it has not changed for the retention, active ones too', async () => {
    vi.useFakeTimers()
    const { registry } = openStore({ retentionMs: 1_000 })
    const limits = { maxRunsPerCaller: 100, again: false }
    const run = (n: number) => ({ user: 'ada', runId: `run-${n}`, session: `${n}` })
    await registry.begin(run(1), limits)
    await registry.begin(run(2), limits)
    vi.advanceTimersByTime(600)
    await registry.running(run(2), 'handle')
    vi.advanceTimersByTime(600)
    expect(await registry.get(run(1))).toBeNull()
    expect((await registry.list('ada')).map(({ runId }) => runId)).toEqual(['run-2'])
    expect(await registry.begin({ ...run(3), session: '1' }, limits)).toEqual({ type: 'started' })
  })

  test('tells those who wait for a start what comes of it in another process', async () => {
    const file = temporaryFile()
    const [first, second] = [openStore({ file }), openStore({ file })]
    const key = { user: 'ada', runId: 'run-0001', session: 'support' }
    const limits = { maxRunsPerCaller: 1, again: true }
    const begun = await Promise.all([first, second].map(({ registry }) => registry.begin(key, limits)))
    expect(begun.map(({ type }) => type).sort()).toEqual(['joined', 'started'])
    const settled = second.registry.settled(key, { signal: new AbortController().signal, again: true })
    await first.registry.running(key, 'handle')
    expect(await settled).toMatchObject({ state: 'running', handle: 'handle' })
  })

  test('has a timer while somebody waits, and else none', async () => {
    vi.useFakeTimers()
    const store = openStore()
    await store.log.create('run')
    expect(vi.getTimerCount()).toBe(0)
    const leaving = new AbortController()
    const next = store.log.read('run', startCursor, leaving.signal)[Symbol.asyncIterator]().next()
    await store.log.append('other', [])
    expect(vi.getTimerCount()).toBe(1)
    leaving.abort(new Error('gone'))
    await expect(next).rejects.toThrow('gone')
    expect(vi.getTimerCount()).toBe(0)
    const waiting = codeOf(readAll(store.log, 'run'))
    await store.log.append('other', [])
    await store.close()
    await waiting
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a store that is closed', () => {
  test('has written what it was asked to, and lets go of its runs and starts', async () => {
    const file = temporaryFile()
    const store = openStore({ file })
    const run = { user: 'ada', runId: 'run-0001', session: 'support' }
    await store.log.create('run', { lease: { holder: 'first', ms: 600_000 } })
    await store.registry.begin(run, { maxRunsPerCaller: 1, again: true })
    const appended = store.log.append('run', [delta('a')])
    await Promise.all([store.close(), store.close()])
    expect(await appended).toBe(true)
    const next = openStore({ file })
    expect(await next.log.peek('run')).toMatchObject({ cursor: cursorOf(0, 1) })
    expect(await next.log.hold('run', { holder: 'second', ms: 1_000 })).toBe(true)
    expect(await next.registry.begin(run, { maxRunsPerCaller: 1, again: true })).toEqual({ type: 'started' })
  })

  test('says so to whoever reads, waits or writes', async () => {
    const store = openStore()
    const { log, registry } = store
    const run = { user: 'ada', runId: 'run-0001', session: 'support' }
    const limits = { maxRunsPerCaller: 1, again: true }
    await log.create('run')
    await registry.begin(run, limits)
    const waiting = [readAll(log, 'run'), registry.settled(run, { signal: new AbortController().signal, again: true })].map(codeOf)
    onTestFinished(() => store.close())
    await log.peek('run')
    await store.close()
    expect(await Promise.all(waiting)).toEqual(['unavailable', 'unavailable'])
    const late = [log.create('late'), log.peek('run'), readAll(log, 'run'), registry.get(run), registry.begin(run, limits)]
    for (const error of await Promise.all(late.map((one) => one.catch((error: unknown) => error)))) {
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('has been closed') })
    }
  })

  test('says to whoever works on a run that it is no longer held here', async () => {
    const store = openStore()
    const lease = { holder: 'me', ms: 60_000 }
    await store.log.create('run', { lease })
    await store.close()
    expect(await store.log.hold('run', lease)).toBe(false)
    expect(await store.log.append('run', [delta('late')], { holder: 'me' })).toBe(false)
  })
})
