import { beforeEach, describe, expect, it } from 'vitest'
import { cursorOf, reduce, newRun, shownParts, startCursor, textOf, userMessage } from '@rejoin/core'
import type { RunRecord, RunStart, RunStore, RunWrite, Update } from '@rejoin/core'

export function runStart(id: string, session = 'main', createdAt = 1): RunStart {
  return { id, session, createdAt, message: userMessage('A question', `question-${id}`) }
}

export function text(n: number, delta: string): Update {
  return { type: 'text', cursor: cursorOf(0, n), delta }
}

export function textIn(record: RunRecord | null | undefined): string {
  if (!record) throw new Error('There is no record.')
  return textOf({ parts: shownParts(record.updates.reduce(reduce, newRun(record.start))) })
}

/** What every run store does. `make` gives a store on the same data each time within a test. */
export function runStoreContract(name: string, make: () => RunStore, clear: () => Promise<void>): void {
  describe(name, () => {
    beforeEach(clear)

    it('gives back what was begun, oldest first, by session', async () => {
      const store = make()
      await store.begin(runStart('b', 'main', 2))
      await store.begin(runStart('a', 'main', 1))
      await store.begin(runStart('c', 'other', 3))
      expect((await store.load('main')).map(({ start }) => start)).toEqual([runStart('a', 'main', 1), runStart('b', 'main', 2)])
      expect(await store.load('nothing')).toEqual([])
    })

    it('takes one answer to a question, of several at once', async () => {
      const store = make()
      await store.begin(runStart('question'))
      const begun = await Promise.all(['a', 'b', 'c'].map((id) => store.begin({ ...runStart(id), answers: 'question' })))
      expect(begun.filter(Boolean)).toHaveLength(1)
      expect(await store.load('main')).toHaveLength(2)
    })

    it('removes what a start replaces in the same step, and lets nothing bring it back', async () => {
      const store = make()
      await store.begin(runStart('old'))
      expect(await store.begin({ ...runStart('new', 'main', 2), replaces: 'old' })).toBe(true)
      expect((await store.load('main')).map(({ start }) => start.id)).toEqual(['new'])
      expect(await store.adopt(runStart('old'))).toBe(false)
      expect(await store.begin({ ...runStart('other', 'main', 3), replaces: 'old' })).toBe(false)
      expect(await store.begin({ ...runStart('other', 'main', 3), answers: 'old' })).toBe(false)
      expect((await store.list()).map(({ start }) => start.id)).toEqual(['new'])
      await store.expire(2)
      expect(await store.adopt(runStart('old'))).toBe(false)
      await store.expire(3)
      expect(await store.load('main')).toEqual([])
    })

    it('takes one of an answer to a run and what replaces it, and an answer in the place of another', async () => {
      const store = make()
      await store.begin(runStart('question'))
      expect(await store.begin({ ...runStart('answer', 'main', 2), answers: 'question' })).toBe(true)
      expect(await store.begin({ ...runStart('again', 'main', 2), replaces: 'question' })).toBe(false)
      expect(await store.begin({ ...runStart('better', 'main', 3), answers: 'question', replaces: 'answer' })).toBe(true)
      expect((await store.load('main')).map(({ start }) => start.id)).toEqual(['question', 'better'])
    })

    it('takes another answer once the first is gone', async () => {
      const store = make()
      await store.begin(runStart('question'))
      expect(await store.begin({ ...runStart('a'), answers: 'question' })).toBe(true)
      expect(await store.begin({ ...runStart('b'), answers: 'question' })).toBe(false)
      await store.remove({ session: 'main', id: 'a' })
      expect(await store.begin({ ...runStart('b'), answers: 'question' })).toBe(true)
      await store.remove({ session: 'main', id: 'question' })
      await store.remove({ session: 'main', id: 'b' })
      expect(await store.load('main')).toEqual([])
    })

    it('lists the runs of all sessions, with how they stand and what was claimed', async () => {
      const store = make()
      await store.begin(runStart('a', 'main'))
      await store.begin(runStart('b', 'other'))
      await store.begin(runStart('c', 'other'))
      for (const id of ['a', 'b']) await store.claimReader(runStart(id, id === 'a' ? 'main' : 'other'))
      const write = { reader: 1, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'Hello')] }
      await store.append(runStart('a'), { ...write, outcome: { type: 'completed' } })
      await store.append(runStart('b', 'other'), { ...write, paused: 'input' })
      await store.requestStop(runStart('c', 'other'))
      await store.claimOnce(runStart('a'), 'seen')
      const listed = new Map((await make().list()).map((run) => [run.start.id, run]))
      expect([...listed.keys()].toSorted()).toEqual(['a', 'b', 'c'])
      expect(listed.get('a')).toMatchObject({ start: runStart('a'), head: { outcome: { type: 'completed' } }, claims: ['seen'] })
      expect(listed.get('b')).toMatchObject({ head: { outcome: null, paused: 'input' }, claims: [] })
      expect(listed.get('c')).toMatchObject({ head: { outcome: null, stop: true } })
    })

    it('lists a run by what its last reader has left, too', async () => {
      const store = make()
      await store.begin(runStart('a'))
      await store.claimReader(runStart('a'))
      const write = { reader: 1, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'Hello')] }
      await store.leave(runStart('a'), [{ ...write, outcome: { type: 'completed' } }])
      expect((await make().list())[0]?.head.outcome).toEqual({ type: 'completed' })
    })

    it('knows that a run which waited for the person goes on again', async () => {
      const store = make()
      await store.begin(runStart('a'))
      await store.claimReader(runStart('a'))
      const write = { reader: 1, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'Hello')] }
      await store.append(runStart('a'), { ...write, paused: 'auth' })
      expect((await store.list())[0]?.head.paused).toBe('auth')
      await store.append(runStart('a'), { ...write, after: cursorOf(0, 1), cursor: cursorOf(0, 2) })
      expect((await store.list())[0]?.head.paused).toBeUndefined()
    })

    it('adopts a run that it does not know, and leaves one that it knows as it is', async () => {
      const store = make()
      expect(await store.adopt({ ...runStart('a'), message: null })).toBe(true)
      expect(await store.adopt({ ...runStart('a'), message: null })).toBe(false)
      await store.begin(runStart('b'))
      expect(await store.adopt({ ...runStart('b'), message: null })).toBe(false)
      expect((await store.load('main')).map(({ start }) => start.message?.id ?? null)).toEqual([null, 'question-b'])
    })

    it('keeps token, cursor and content together', async () => {
      const store = make()
      await store.begin(runStart('a'))
      const claimed = await store.claimReader(runStart('a'))
      const reader = claimed?.head.reader ?? 0
      expect(reader).toBe(1)
      const write = { reader, after: startCursor, cursor: cursorOf(0, 2), updates: [text(1, 'Hello '), text(2, 'there')], handle: 'h1' }
      expect(await store.append(runStart('a'), write)).toBe('written')
      const [record] = await make().load('main')
      expect(record?.handle).toBe('h1')
      expect(record?.head.cursor).toBe(cursorOf(0, 2))
      expect(textIn(record)).toBe('Hello there')
    })

    it('refuses the writes of a reader that was followed by another', async () => {
      const store = make()
      await store.begin(runStart('a'))
      const first = await store.claimReader(runStart('a'))
      const second = await store.claimReader(runStart('a'))
      const late = { reader: first?.head.reader ?? 0, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'late')] }
      expect(await store.append(runStart('a'), late)).toBe('superseded')
      const mine = { reader: second?.head.reader ?? 0, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'mine')] }
      expect(await store.append(runStart('a'), mine)).toBe('written')
      expect(textIn((await store.load('main'))[0])).toBe('mine')
    })

    it('refuses a write that would leave a hole in the log', async () => {
      const store = make()
      await store.begin(runStart('a'))
      const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
      const second = { reader, after: cursorOf(0, 1), cursor: cursorOf(0, 2), updates: [text(2, 'second')] }
      expect(await store.append(runStart('a'), second)).toBe('gap')
      const first = { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'first ')] }
      expect(await store.append(runStart('a'), first)).toBe('written')
      expect(await store.append(runStart('a'), second)).toBe('written')
      expect(textIn((await store.load('main'))[0])).toBe('first second')
    })

    it('says that a run is missing instead of writing beside what was removed', async () => {
      const store = make()
      await store.begin(runStart('a'))
      await store.claimReader(runStart('a'))
      await store.remove(runStart('a'))
      expect(await store.append(runStart('a'), { reader: 1, after: startCursor, cursor: cursorOf(0, 1), updates: [] })).toBe('missing')
      expect(await store.claimReader(runStart('a'))).toBeNull()
      expect(await store.load('main')).toEqual([])
    })

    it('says so where a run was purged under its reader, and does not take one for the other', async () => {
      const store = make()
      for (const id of ['a', 'b']) {
        await store.begin(runStart(id))
        await store.claimReader(runStart(id))
      }
      const write = { reader: 1, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'x')] }
      await store.remove(runStart('b'))
      expect(await store.append(runStart('b'), write)).toBe('missing')
      await store.purge()
      expect(await store.append(runStart('a'), write)).toBe('purged')
      await store.begin(runStart('c'))
      expect((await store.claimReader(runStart('c')))?.head.reader).toBe(1)
      expect(await store.append(runStart('c'), write)).toBe('written')
    })

    it('keeps apart the runs of two sessions that have the same id', async () => {
      const store = make()
      for (const session of ['main', 'other']) {
        await store.begin(runStart('a', session))
        await store.claimReader(runStart('a', session))
      }
      let expected = ''
      for (let n = 1; n <= 40; n += 1) {
        expected += `${n} `
        for (const session of ['main', 'other']) {
          const write = { reader: 1, after: cursorOf(0, n - 1), cursor: cursorOf(0, n), updates: [text(n, `${n} `)] }
          expect(await store.append(runStart('a', session), write)).toBe('written')
        }
      }
      for (const session of ['main', 'other']) expect(textIn((await make().load(session))[0])).toBe(expected)
    })

    it('replaces everything before a new base', async () => {
      const store = make()
      await store.begin(runStart('a'))
      const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
      await store.append(runStart('a'), { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'old')] })
      const base: Update = { type: 'snapshot', cursor: cursorOf(1, 0), parts: [{ type: 'text', text: 'new' }], steps: [] }
      await store.append(runStart('a'), { reader, after: startCursor, cursor: base.cursor, updates: [base], replace: true })
      await store.append(runStart('a'), { reader, after: base.cursor, cursor: cursorOf(1, 1), updates: [{ type: 'text', cursor: cursorOf(1, 1), delta: 'er' }] })
      expect(textIn((await make().load('main'))[0])).toBe('newer')
    })

    it('forgets the token with the end and keeps the outcome', async () => {
      const store = make()
      await store.begin(runStart('a'))
      const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
      await store.append(runStart('a'), { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'x')], handle: 'h' })
      const end: Update = { type: 'end', cursor: cursorOf(0, 2), outcome: { type: 'completed' }, elapsedMs: 5 }
      await store.append(runStart('a'), { reader, after: cursorOf(0, 1), cursor: end.cursor, updates: [end], handle: null, outcome: end.outcome })
      const [record] = await store.load('main')
      expect(record?.handle).toBeNull()
      expect(record?.head.outcome).toEqual({ type: 'completed' })
    })

    describe('takes what a reader has left as its page went', () => {
      const end: Update = { type: 'end', cursor: cursorOf(0, 3), outcome: { type: 'completed' }, elapsedMs: 5 }

      async function reading(): Promise<{ store: RunStore; first: RunWrite; second: RunWrite }> {
        const store = make()
        await store.begin(runStart('a'))
        const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
        const first = { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'in flight, ')], handle: 'h' }
        const second = { reader, after: cursorOf(0, 1), cursor: cursorOf(0, 2), updates: [text(2, 'behind it')] }
        return { store, first, second }
      }

      it.each([true, false])('and what was in flight once, where that was written: %s', async (written) => {
        const { store, first, second } = await reading()
        if (written) await store.append(runStart('a'), first)
        await store.leave(runStart('a'), [first, second])
        for (const record of [(await make().load('main'))[0], await make().claimReader(runStart('a')), (await make().load('main'))[0]]) {
          expect(textIn(record)).toBe('in flight, behind it')
          expect(record).toMatchObject({ handle: 'h', head: { cursor: cursorOf(0, 2) } })
        }
      })

      it('and goes on behind it', async () => {
        const { store, first, second } = await reading()
        await store.leave(runStart('a'), [first, second])
        const next = make()
        const reader = (await next.claimReader(runStart('a')))?.head.reader ?? 0
        expect(await next.append(runStart('a'), { reader, after: second.cursor, cursor: cursorOf(0, 3), updates: [text(3, '.')] })).toBe('written')
        expect(textIn((await make().load('main'))[0])).toBe('in flight, behind it.')
      })

      it('an end too', async () => {
        const { store, first, second } = await reading()
        const last = { ...second, after: cursorOf(0, 2), cursor: end.cursor, updates: [end], handle: null, outcome: { type: 'completed' } as const }
        await store.leave(runStart('a'), [first, second, last])
        const [record] = await make().load('main')
        expect(record).toMatchObject({ handle: null, head: { outcome: { type: 'completed' } } })
        expect(textIn(record)).toBe('in flight, behind it')
      })

      it('a new base in place of what was before it', async () => {
        const { store, first } = await reading()
        await store.append(runStart('a'), first)
        const base: Update = { type: 'snapshot', cursor: cursorOf(1, 0), parts: [{ type: 'text', text: 'new' }], steps: [] }
        await store.leave(runStart('a'), [{ ...first, after: first.cursor, cursor: base.cursor, updates: [base], replace: true }])
        for (const record of [(await make().load('main'))[0], await make().claimReader(runStart('a')), (await make().load('main'))[0]]) {
          expect(textIn(record)).toBe('new')
        }
      })

      it('but nothing that would leave a hole, and nothing of a reader that was followed by another', async () => {
        const { store, first, second } = await reading()
        await store.leave(runStart('a'), [second])
        expect(textIn((await make().load('main'))[0])).toBe('')
        await make().claimReader(runStart('a'))
        await store.leave(runStart('a'), [first, second])
        for (const record of [(await make().load('main'))[0], await make().claimReader(runStart('a'))]) {
          expect(textIn(record)).toBe('')
        }
      })
    })

    it('remembers that the person wants to stop, beside a reader that writes', async () => {
      const store = make()
      await store.begin(runStart('a'))
      const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
      await store.requestStop(runStart('a'))
      await store.append(runStart('a'), { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'x')] })
      expect((await store.load('main'))[0]?.head).toMatchObject({ stop: true, cursor: cursorOf(0, 1) })
    })

    it('gives a claim to exactly one caller (row 69)', async () => {
      const stores = [make(), make(), make()]
      const won = await Promise.all(stores.map((store) => store.claimOnce(runStart('a'), 'finish')))
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await make().claimOnce(runStart('a'), 'finish')).toBe(false)
      expect(await make().claimOnce(runStart('b'), 'finish')).toBe(true)
    })

    it('reads back any number of appends exactly, and goes on after each new reader', async () => {
      const store = make()
      await store.begin(runStart('a'))
      let expected = ''
      let n = 0
      for (const count of [1, 31, 32, 33, 200, 1100]) {
        const reader = (await store.claimReader(runStart('a')))?.head.reader ?? 0
        for (let i = 0; i < count; i += 1) {
          n += 1
          expected += `${n} `
          await store.append(runStart('a'), { reader, after: cursorOf(0, n - 1), cursor: cursorOf(0, n), updates: [text(n, `${n} `)] })
        }
        expect(textIn((await store.load('main'))[0])).toBe(expected)
      }
      expect((await store.load('main'))[0]?.head.cursor).toBe(cursorOf(0, n))
    })

    it('expires what began before a time, with everything that belongs to it', async () => {
      const store = make()
      await store.begin(runStart('old', 'main', 10))
      await store.begin(runStart('new', 'main', 20))
      const reader = (await store.claimReader(runStart('old')))?.head.reader ?? 0
      await store.append(runStart('old'), { reader, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'x')], handle: 'h' })
      await store.expire(15)
      expect((await store.load('main')).map(({ start }) => start.id)).toEqual(['new'])
      expect(await store.claimReader(runStart('old'))).toBeNull()
    })

    it('keeps what began long ago, and has moved since, and what is spared', async () => {
      const store = make()
      for (const id of ['moved', 'left', 'spared', 'old']) {
        await store.begin(runStart(id, 'main', 10))
        await store.claimReader(runStart(id))
      }
      const write = { reader: 1, after: startCursor, cursor: cursorOf(0, 1), updates: [text(1, 'x')] }
      await store.append(runStart('moved'), { ...write, at: 20 })
      await store.leave(runStart('left'), [{ ...write, at: 20 }])
      await store.append(runStart('old'), { ...write, at: 14 })
      await store.expire(15, ({ id }) => id === 'spared')
      expect((await store.load('main')).map(({ start, head }) => [start.id, head.movedAt]).toSorted()).toEqual([['left', 20], ['moved', 20], ['spared', undefined]])
      await store.expire(21)
      expect(await store.load('main')).toEqual([])
    })

    it('is empty after a purge (row 71)', async () => {
      const store = make()
      await store.begin(runStart('a'))
      await store.begin(runStart('b', 'other'))
      await store.purge()
      expect([...(await store.load('main')), ...(await store.load('other'))]).toEqual([])
    })

    it('counts its purges', async () => {
      const store = make()
      const before = await store.countPurges()
      await store.purge()
      await store.begin(runStart('a'))
      await make().purge()
      expect(await make().countPurges()).toBe(before + 2)
    })

    it('starts at the start cursor', async () => {
      const store = make()
      await store.begin(runStart('a'))
      expect((await store.claimReader(runStart('a')))?.head).toEqual({ cursor: startCursor, reader: 1, stop: false, outcome: null })
    })
  })
}
