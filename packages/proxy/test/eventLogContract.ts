import { cursorOf, isRejoinError, startCursor, userMessage } from '@rejoin/core'
import { type EventLog, type LogEntry, type LoggedUpdate } from '@rejoin/proxy'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

export const delta = (delta: string): LogEntry => ({ type: 'text', delta })
export const completed: LogEntry = { type: 'end', outcome: { type: 'completed' }, elapsedMs: 5 }
const cancelled: LogEntry = { type: 'end', outcome: { type: 'cancelled' }, elapsedMs: 3 }
const pause: LogEntry = { type: 'pause', reason: 'input', elapsedMs: 4 }
const answered = { type: 'end', outcome: { type: 'completed' }, elapsedMs: 4 } as const

export async function readAll(log: EventLog, key: string, after = startCursor): Promise<LoggedUpdate[]> {
  const all: LoggedUpdate[] = []
  for await (const slice of log.read(key, after)) all.push(...slice)
  return all
}

/** What every event log does. `make` gives an empty one. */
export function eventLogContract(name: string, make: () => EventLog): void {
  async function made(...entries: LogEntry[]): Promise<EventLog> {
    const log = make()
    await log.create('run')
    if (entries.length > 0) await log.append('run', entries)
    return log
  }

  describe(`${name}, as an event log,`, () => {
    test('is made once per run, however many make it at once', async () => {
      const log = make()
      const results = await Promise.all(Array.from({ length: 5 }, () => log.create('run')))
      expect(results.filter(Boolean)).toHaveLength(1)
      await log.append('run', [completed])
      expect(await log.create('run')).toBe(false)
      expect(await log.create('another')).toBe(true)
    })

    test('is held by one at a time, for as long as that one keeps it', async () => {
      vi.useFakeTimers()
      onTestFinished(() => void vi.useRealTimers())
      const log = make()
      const [first, second] = [{ holder: 'first', ms: 1_000 }, { holder: 'second', ms: 1_000 }]
      await log.create('run', { lease: first })
      expect(await log.hold('run', second)).toBe(false)
      await vi.advanceTimersByTimeAsync(900)
      expect(await log.hold('run', first)).toBe(true)
      await vi.advanceTimersByTimeAsync(900)
      expect(await log.hold('run', second)).toBe(false)
      await vi.advanceTimersByTimeAsync(101)
      expect(await log.hold('run', second)).toBe(true)
      expect(await log.hold('run', first)).toBe(false)
      await log.append('run', [completed])
      expect(await log.hold('run', second)).toBe(false)
      expect(await log.hold('another', second)).toBe(false)
    })

    test('takes nothing from one who has lost the run, and everything from those who claim nothing', async () => {
      const log = make()
      await log.create('run', { lease: { holder: 'first', ms: 0 } })
      expect(await log.append('run', [delta('a')], { holder: 'first' })).toBe(true)
      await log.hold('run', { holder: 'second', ms: 1_000 })
      expect(await log.append('run', [delta('b')], { holder: 'first', checkpoint: 1 })).toBe(false)
      expect(await log.append('run', [delta('c')], { holder: 'second' })).toBe(true)
      expect(await log.append('run', [cancelled])).toBe(true)
      expect((await readAll(log, 'run')).map((update) => update.type === 'text' && update.delta)).toEqual(['a', 'c', false])
      expect((await log.peek('run'))?.checkpoint).toBeNull()
    })

    test('keeps the last checkpoint, with entries and without', async () => {
      const log = make()
      await log.create('run')
      expect((await log.peek('run'))?.checkpoint).toBeNull()
      await log.append('run', [delta('a')], { checkpoint: { at: 1 } })
      await log.append('run', [delta('b')])
      expect((await log.peek('run'))?.checkpoint).toEqual({ at: 1 })
      await log.append('run', [], { checkpoint: { at: 2 } })
      expect(await log.peek('run')).toMatchObject({ checkpoint: { at: 2 }, cursor: cursorOf(0, 2) })
    })

    test('keeps what the run was asked, and after which, for as long as the run', async () => {
      const log = make()
      const asked = { session: 'support', messages: [userMessage('Hello?')], previous: 'earlier' }
      await log.create('run', { asked })
      expect(await log.create('run', { asked: { ...asked, messages: [] } })).toBe(false)
      await log.append('run', [delta('a')])
      expect(await log.asked('run')).toEqual(asked)
      await log.append('run', [completed])
      expect(await log.asked('run')).toEqual(asked)
      await log.create('first', { asked: { ...asked, previous: null } })
      expect((await log.asked('first'))?.previous).toBeNull()
      await log.create('asked nothing')
      expect(await log.asked('asked nothing')).toBeNull()
      expect(await log.asked('another')).toBeNull()
    })

    test('says that the run waits for as long as nothing follows its pause, which closes nothing', async () => {
      const log = await made(delta('a'), pause)
      expect(await log.peek('run')).toMatchObject({ pause: { ...pause, cursor: cursorOf(0, 2) }, end: null, cursor: cursorOf(0, 2) })
      await log.append('run', [], { checkpoint: 1 })
      expect(await log.peek('run')).toMatchObject({ pause, checkpoint: 1 })
      await log.append('run', [pause, delta('b')])
      expect(await log.peek('run')).toMatchObject({ pause: null, end: null })
      await log.append('run', [delta('c'), pause])
      expect(await log.peek('run')).toMatchObject({ pause: { cursor: cursorOf(0, 6) } })
      await log.append('run', [completed])
      expect(await log.peek('run')).toMatchObject({ pause: null, end: completed, answeredBy: null })
      expect((await readAll(log, 'run')).map(({ type }) => type)).toEqual(['text', 'pause', 'pause', 'text', 'text', 'pause', 'end'])
    })

    test('readers wait on behind a pause', async () => {
      const log = await made(pause)
      const reader = log.read('run', startCursor)[Symbol.asyncIterator]()
      expect((await reader.next()).value).toMatchObject([pause])
      const next = reader.next()
      await log.append('run', [cancelled])
      expect((await next).value).toMatchObject([cancelled])
      expect((await reader.next()).done).toBe(true)
    })

    test('ends a run that waits with the one that answers it, for whoever reads it, and of many answers one', async () => {
      const log = await made(delta('a'), pause)
      const reader = log.read('run', cursorOf(0, 2))[Symbol.asyncIterator]()
      const next = reader.next()
      const answers = { run: 'run', at: cursorOf(0, 2), end: answered }
      const results = await Promise.allSettled(['b', 'c', 'd'].map((key) => log.create(key, { answers })))
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      expect(refused).toMatchObject([{ code: 'not_found' }, { code: 'not_found' }])
      const winner = ['b', 'c', 'd'][results.findIndex(({ status }) => status === 'fulfilled')] ?? ''
      expect((await next).value).toMatchObject([answered])
      expect(await log.peek('run')).toMatchObject({ end: { ...answered, cursor: cursorOf(0, 3) }, pause: null, answeredBy: winner })
      expect(await log.peek(winner)).toMatchObject({ cursor: startCursor, end: null, answeredBy: null })
      expect((await Promise.all(['b', 'c', 'd'].map((key) => log.peek(key)))).filter(Boolean)).toHaveLength(1)
      expect(await log.create(winner, { answers })).toBe(false)
    })

    test.each([
      ['works', [delta('a')], cursorOf(0, 1)],
      ['waits elsewhere', [pause, delta('a'), pause], cursorOf(0, 1)],
      ['has ended', [pause, cancelled], cursorOf(0, 1)],
    ])('makes nothing that answers a run which %s', async (_, entries, at) => {
      const log = await made(...entries)
      const before = await log.peek('run')
      await expect(log.create('b', { answers: { run: 'run', at, end: answered } })).rejects.toMatchObject({ code: 'not_found' })
      await expect(log.create('b', { answers: { run: 'another', at, end: answered } })).rejects.toMatchObject({ code: 'not_found' })
      expect(await log.peek('b')).toBeNull()
      expect(await log.peek('run')).toEqual(before)
    })

    test('an answer is held by whoever holds the run that waits for it, as long as that, where it brings no lease', async () => {
      vi.useFakeTimers()
      onTestFinished(() => void vi.useRealTimers())
      const log = make()
      const [first, second] = [{ holder: 'first', ms: 1_000 }, { holder: 'second', ms: 1_000 }]
      for (const key of ['run', 'other']) {
        await log.create(key, { lease: first })
        await log.append(key, [pause])
      }
      await vi.advanceTimersByTimeAsync(600)
      await log.create('answer', { answers: { run: 'run', at: cursorOf(0, 1), end: answered } })
      await log.create('leased', { lease: second, answers: { run: 'other', at: cursorOf(0, 1), end: answered } })
      expect(await log.hold('answer', second)).toBe(false)
      expect(await log.append('answer', [delta('b')], { holder: 'first' })).toBe(true)
      expect(await log.append('leased', [delta('b')], { holder: 'first' })).toBe(false)
      expect(await log.hold('leased', first)).toBe(false)
      await vi.advanceTimersByTimeAsync(401)
      expect(await log.hold('answer', second)).toBe(true)
    })

    test('gives out growing cursors and gives everything back in order', async () => {
      const log = await made(delta('a'), delta('b'))
      await log.append('run', [{ type: 'status', status: 'queued' }, completed])
      expect(await readAll(log, 'run')).toEqual([
        { type: 'text', delta: 'a', cursor: cursorOf(0, 1) },
        { type: 'text', delta: 'b', cursor: cursorOf(0, 2) },
        { type: 'status', status: 'queued', cursor: cursorOf(0, 3) },
        { ...completed, cursor: cursorOf(0, 4) },
      ])
    })

    test('goes on right after any cursor', async () => {
      const log = await made(...Array.from({ length: 20 }, (_, n) => delta(`${n},`)), completed)
      const all = await readAll(log, 'run')
      for (let k = 0; k < all.length; k += 1) {
        expect(await readAll(log, 'run', all[k]?.cursor)).toEqual(k === 20 ? all.slice(20) : all.slice(k + 1))
      }
    })

    test('delivers the end whatever the cursor', async () => {
      const log = await made(delta('a'), completed)
      for (const cursor of [cursorOf(0, 2), cursorOf(0, 99), cursorOf(3, 0)]) {
        expect(await readAll(log, 'run', cursor)).toEqual([{ ...completed, cursor: cursorOf(0, 2) }])
      }
    })

    test('brings readers what is appended while they read, each at its own pace', async () => {
      const log = await made(delta('a'))
      const slow = log.read('run', startCursor)[Symbol.asyncIterator]()
      const text = async (): Promise<string> => {
        const { value } = await slow.next()
        return (value ?? []).map((update: LoggedUpdate) => (update.type === 'text' ? update.delta : update.type)).join('')
      }
      expect(await text()).toBe('a')
      const waiting = text()
      await log.append('run', [delta('b')])
      expect(await waiting).toBe('b')
      await log.append('run', [delta('c')])
      await log.append('run', [delta('d'), completed])
      expect(await readAll(log, 'run')).toHaveLength(5)
      expect(await text()).toBe('cdend')
      expect(await slow.next()).toEqual({ done: true, value: undefined })
    })

    test('is closed by an end: nothing comes after it, the first one stays', async () => {
      const log = await made(delta('a'), cancelled)
      expect(await log.append('run', [delta('late')])).toBe(false)
      expect(await log.append('run', [completed])).toBe(false)
      expect((await readAll(log, 'run')).at(-1)).toMatchObject({ type: 'end', outcome: { type: 'cancelled' } })
      expect((await log.peek('run'))?.end).toMatchObject({ outcome: { type: 'cancelled' }, cursor: cursorOf(0, 2) })
    })

    test('says where it stands without being read', async () => {
      const log = await made()
      expect(await log.peek('run')).toMatchObject({ phase: 'working', cursor: startCursor, end: null, startedAt: expect.any(Number) })
      await log.append('run', [{ type: 'status', status: 'queued' }])
      expect(await log.peek('run')).toMatchObject({ phase: 'queued', cursor: cursorOf(0, 1) })
      await log.append('run', [delta('a')])
      expect(await log.peek('run')).toMatchObject({ phase: 'working', cursor: cursorOf(0, 2) })
      expect(await log.peek('another')).toBeNull()
    })

    test('a reader stops waiting when its signal aborts', async () => {
      const log = await made()
      const leaving = new AbortController()
      const next = log.read('run', startCursor, leaving.signal)[Symbol.asyncIterator]().next()
      leaving.abort(new Error('gone'))
      await expect(next).rejects.toThrow('gone')
    })

    test('reading a log that is not there is expired, appending to it is refused', async () => {
      const log = make()
      const error = await readAll(log, 'run').catch((error: unknown) => error)
      expect(isRejoinError(error) && error.code).toBe('expired')
      expect(await log.append('run', [delta('a')])).toBe(false)
    })
  })
}
