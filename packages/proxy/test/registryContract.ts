import { type RunRegistry } from '@rejoin/proxy'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

const ada = { user: 'ada', runId: 'run-0001', session: 'support' }
const limits = { maxRunsPerCaller: 3, again: false }

/** What every registry does. `make` gives an empty one. */
export function registryContract(name: string, make: () => RunRegistry): void {
  const id = (runId: string, session = runId): typeof ada => ({ ...ada, runId, session })

  describe(`${name}, as a run registry,`, () => {
    test('gives a run to one asker, however many ask at once (row 85)', async () => {
      const registry = make()
      const results = await Promise.all(Array.from({ length: 10 }, () => registry.begin(ada, limits)))
      expect(results.map(({ type }) => type).sort()).toEqual([...Array<string>(9).fill('joined'), 'started'])
    })

    test("keeps callers apart: another's same run id and session are others (rows 85, 88)", async () => {
      const registry = make()
      await registry.begin(ada, limits)
      const bob = { ...ada, user: 'bob' }
      expect(await registry.begin(bob, limits)).toEqual({ type: 'started' })
      await registry.running(bob, 'handle of bob')
      expect(await registry.get(ada)).toMatchObject({ user: 'ada', state: 'starting' })
      expect(await registry.get({ user: null, runId: ada.runId })).toBeNull()
    })

    test('refuses a second run of a session, and says which is in the way, until that has ended (row 89)', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      const second = { ...ada, runId: 'run-0002' }
      expect(await registry.begin(second, limits)).toMatchObject({ type: 'busy', record: { runId: ada.runId } })
      await registry.end(ada, { type: 'completed' }, 1)
      expect(await registry.begin(second, limits)).toEqual({ type: 'started' })
    })

    test('refuses more active runs of one caller than its limit', async () => {
      const registry = make()
      for (const runId of ['run-0001', 'run-0002', 'run-0003']) await registry.begin(id(runId), limits)
      expect(await registry.begin(id('run-0004'), limits)).toEqual({ type: 'too_many_runs' })
      expect(await registry.begin({ ...id('run-0004'), user: 'bob' }, limits)).toEqual({ type: 'started' })
      await registry.end(id('run-0002'), { type: 'completed' }, 1)
      expect(await registry.begin(id('run-0004'), limits)).toEqual({ type: 'started' })
    })

    test('knows a run from its start to its end', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      expect(await registry.get(ada)).toMatchObject({ ...ada, state: 'starting', startedAt: expect.any(Number) })
      await registry.running(ada, 'handle')
      expect(await registry.get(ada)).toMatchObject({ ...ada, state: 'running', handle: 'handle' })
      await registry.end(ada, { type: 'incomplete', reason: 'length' }, 7)
      const ended = { state: 'ended', handle: 'handle', outcome: { type: 'incomplete', reason: 'length' }, elapsedMs: 7 }
      expect(await registry.get(ada)).toMatchObject(ended)
      expect(await registry.begin(ada, limits)).toMatchObject({ type: 'joined', record: ended })
    })

    test('keeps the first end, and what has ended does not run again', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      await registry.end(ada, { type: 'cancelled' }, 1)
      await registry.end(ada, { type: 'completed' }, 2)
      await registry.running(ada, 'late')
      expect(await registry.get(ada)).toMatchObject({ state: 'ended', handle: null, outcome: { type: 'cancelled' } })
    })

    test.each([Number.NaN, Infinity])('takes an end after %s milliseconds, which are no time, for one after none', async (elapsedMs) => {
      const registry = make()
      await registry.begin(ada, limits)
      await registry.end(ada, { type: 'completed' }, elapsedMs)
      expect(await registry.get(ada)).toMatchObject({ state: 'ended', elapsedMs: 0 })
    })

    test('leaves a tombstone for a run that is cancelled before it comes (row 90)', async () => {
      const registry = make()
      const tombstone = { ...ada, state: 'ended', handle: null, outcome: { type: 'cancelled' }, elapsedMs: 0 }
      expect(await registry.cancel(ada)).toMatchObject(tombstone)
      expect(await registry.begin(ada, limits)).toMatchObject({ type: 'joined', record: tombstone })
      expect(await registry.list('ada')).toEqual([])
    })

    test('a cancel of a run that is there changes nothing and says what is there', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      expect(await registry.cancel(ada)).toMatchObject({ state: 'starting' })
      await registry.running(ada, 'handle')
      expect(await registry.cancel(ada)).toMatchObject({ state: 'running', handle: 'handle' })
    })

    test('lets several wait for a start to come to something', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      const { signal } = new AbortController()
      const waits = [registry.settled(ada, { signal, again: false }), registry.settled(ada, { signal, again: false })]
      await registry.running(ada, 'handle')
      for (const record of await Promise.all(waits)) expect(record).toMatchObject({ state: 'running', handle: 'handle' })
    })

    test('ends those waits with the end, with null where the start is dropped, and with the reason of their signal', async () => {
      const registry = make()
      const { signal } = new AbortController()
      await registry.begin(ada, limits)
      const ended = registry.settled(ada, { signal, again: false })
      await registry.end(ada, { type: 'failed', code: 'agent_failed' }, 1)
      expect(await ended).toMatchObject({ state: 'ended', outcome: { type: 'failed', code: 'agent_failed' } })

      const other = id('run-0002')
      await registry.begin(other, limits)
      const dropped = registry.settled(other, { signal, again: false })
      await registry.drop(other)
      expect(await dropped).toBeNull()
      expect(await registry.settled(id('run-0003'), { signal, again: false })).toBeNull()

      await registry.begin(other, limits)
      const leaving = new AbortController()
      const left = registry.settled(other, { signal: leaving.signal, again: false })
      leaving.abort(new Error('gone'))
      await expect(left).rejects.toThrow('gone')
    })

    test('forgets a dropped start, so that it can be tried again', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      await registry.drop(ada)
      expect(await registry.get(ada)).toBeNull()
      expect(await registry.begin(ada, limits)).toEqual({ type: 'started' })
    })

    test("lists a caller's active runs, oldest first", async () => {
      const registry = make()
      for (const runId of ['run-0001', 'run-0002', 'run-0003']) await registry.begin(id(runId), limits)
      await registry.begin({ ...ada, user: 'bob' }, limits)
      await registry.running(id('run-0001'), 'handle')
      await registry.end(id('run-0002'), { type: 'completed' }, 1)
      expect((await registry.list('ada')).map(({ runId }) => runId)).toEqual(['run-0001', 'run-0003'])
    })

    test('keeps a run that waits in nobody’s way, and lists it, until it has ended', async () => {
      const registry = make()
      const limit = { ...limits, maxRunsPerCaller: 1 }
      await registry.begin(ada, limit)
      await registry.running(ada, 'handle')
      await registry.paused(ada, { reason: 'approval', elapsedMs: 7, conversation: 'one' })
      const paused = { ...ada, state: 'paused', handle: 'handle', reason: 'approval', elapsedMs: 7, conversation: 'one' }
      expect(await registry.get(ada)).toMatchObject(paused)
      expect(await registry.list('ada')).toMatchObject([paused])
      expect(await registry.cancel(ada)).toMatchObject(paused)
      expect(await registry.begin(ada, limit)).toMatchObject({ type: 'joined', record: paused })
      expect(await registry.begin({ ...ada, runId: 'run-0002' }, limit)).toEqual({ type: 'started' })
      expect(await registry.begin(id('run-0003'), limit)).toEqual({ type: 'too_many_runs' })
      await registry.end(ada, { type: 'cancelled' }, 9)
      await registry.paused(ada, { reason: 'input', elapsedMs: 10 })
      expect(await registry.get(ada)).toMatchObject({ state: 'ended', handle: 'handle', outcome: { type: 'cancelled' } })
    })

    test('knows a run that waits without a name, and one that goes on by itself', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      const waiting = registry.settled(ada, { signal: new AbortController().signal, again: false })
      await registry.paused(ada, { reason: 'auth', elapsedMs: Number.NaN })
      expect(await waiting).toMatchObject({ state: 'paused', handle: null, reason: 'auth', elapsedMs: 0, conversation: null })
      await registry.running(ada, 'handle', 0)
      expect(await registry.begin({ ...ada, runId: 'run-0002' }, limits)).toMatchObject({ type: 'busy', record: { state: 'running' } })
    })

    test('lets a run wait on that was asked for before that was known, or at an earlier question', async () => {
      const registry = make()
      await registry.begin(ada, limits)
      await registry.running(ada, 'handle')
      await registry.paused(ada, { reason: 'auth', elapsedMs: 7 })
      await registry.recorded(ada, 'paused')
      await registry.running(ada, 'handle')
      await registry.running(ada, 'handle', 6)
      expect(await registry.get(ada)).toMatchObject({ state: 'paused', elapsedMs: 7, recorded: 'paused' })
      await registry.running(ada, 'handle', 7)
      expect(await registry.get(ada)).toMatchObject({ state: 'running', recorded: null })
    })

    test('ends what waited in a session when another run of it has begun, and nothing else (row 25)', async () => {
      const registry = make()
      const pause = { reason: 'input', elapsedMs: 7, conversation: 'asked' } as const
      const others = [{ ...ada, user: 'bob' }, id('run-0002', 'another')]
      for (const run of [ada, ...others]) {
        await registry.begin(run, limits)
        await registry.running(run, 'handle')
        await registry.paused(run, pause)
      }
      const answer = { ...ada, runId: 'run-0003' }
      await registry.begin(answer, limits)
      expect(await registry.get(ada)).toMatchObject({ state: 'paused' })
      await registry.follow(answer)
      const ended = { state: 'ended', handle: 'handle', outcome: { type: 'completed' }, elapsedMs: 7, conversation: 'asked' }
      expect(await registry.get(ada)).toMatchObject(ended)
      for (const run of others) expect(await registry.get(run)).toMatchObject({ state: 'paused' })
      expect(await registry.get(answer)).toMatchObject({ state: 'starting' })
    })

    /** A turn that has ended, or waits. */
    async function turn(registry: RunRegistry, run: { user: string | null; runId: string; session: string }, conversation?: string): Promise<void> {
      await registry.begin(run, limits)
      await registry.running(run, 'handle')
      await registry.end(run, { type: 'completed' }, 1, conversation)
    }

    /** Time that goes by in hours. */
    function clock(): (hours: number) => void {
      vi.useFakeTimers({ toFake: ['Date'] })
      onTestFinished(() => void vi.useRealTimers())
      return (hours) => void vi.advanceTimersByTime(hours * 3_600_000)
    }

    test('keeps a run for as long as it is told to go on, and for the retention after that', async () => {
      const pass = clock()
      const registry = make()
      await registry.begin(ada, limits)
      await registry.running(ada, 'handle')
      const begun = await registry.get(ada)
      for (let hours = 0; hours < 30; hours += 1) {
        pass(1)
        await registry.running(ada, 'handle')
      }
      expect(await registry.list('ada')).toEqual([begun])
      pass(24)
      expect(await registry.list('ada')).toEqual([])
    })

    test('does not write a run that goes on again before a quarter of the retention has passed', async () => {
      const pass = clock()
      const registry = make()
      const [often, seldom] = [ada, id('run-0002')]
      for (const run of [often, seldom]) {
        await registry.begin(run, limits)
        await registry.running(run, 'handle')
      }
      pass(5)
      await registry.running(often, 'handle')
      pass(1)
      await registry.running(seldom, 'handle')
      pass(18)
      expect((await registry.list('ada')).map(({ runId }) => runId)).toEqual([seldom.runId])
    })

    test('does not keep a run that waits for being told the same of it again', async () => {
      const pass = clock()
      const registry = make()
      await registry.begin(ada, limits)
      for (let hours = 0; hours < 24; hours += 1) {
        await registry.paused(ada, { reason: 'input', elapsedMs: 1, conversation: 'one' })
        expect(await registry.list('ada')).toHaveLength(1)
        pass(1)
      }
      expect(await registry.list('ada')).toEqual([])
    })

    test('knows what the next turn of a session goes on from: nobody else’s, and no other session’s (rows 15, 88)', async () => {
      const registry = make()
      const here = { user: 'ada', session: 'support' }
      expect(await registry.conversation(here)).toBeNull()
      await turn(registry, ada, 'one')
      await turn(registry, { ...ada, runId: 'run-0002' })
      expect(await registry.conversation(here)).toBe('one')
      await registry.begin({ ...ada, runId: 'run-0003' }, limits)
      await registry.paused({ ...ada, runId: 'run-0003' }, { reason: 'input', elapsedMs: 1, conversation: 'three' })
      expect(await registry.conversation(here)).toBe('three')
      expect(await registry.conversation({ ...here, except: 'run-0003' })).toBe('one')
      expect(await registry.conversation({ ...here, session: 'another' })).toBeNull()
      expect(await registry.conversation({ ...here, user: 'bob' })).toBeNull()
    })

    test('remembers no conversation of a public page', async () => {
      const registry = make()
      await turn(registry, { ...ada, user: null }, 'one')
      expect(await registry.conversation({ user: null, session: 'support' })).toBeNull()
    })

    test('neither goes on from a turn that has been replaced, nor has anything of it to record', async () => {
      const registry = make()
      await turn(registry, ada, 'one')
      const second = { ...ada, runId: 'run-0002' }
      await registry.begin(second, { ...limits, replaces: ada.runId })
      expect(await registry.get(second)).toMatchObject({ replaces: ada.runId })
      await registry.follow(second)
      await registry.end(second, { type: 'completed' }, 1, 'two')
      expect(await registry.conversation({ user: 'ada', session: 'support', except: 'run-0002' })).toBeNull()
      expect(await registry.get(ada)).toMatchObject({ state: 'ended', outcome: { type: 'completed' } })
      expect((await registry.unrecorded('ada')).map(({ runId }) => runId)).toEqual(['run-0002'])

      const stranger = id('run-0003', 'another')
      await registry.begin(stranger, { ...limits, replaces: second.runId })
      await registry.follow(stranger)
      expect(await registry.conversation({ user: 'ada', session: 'support' })).toBe('two')
    })

    test('knows which runs are not recorded yet, as they are now (row 14)', async () => {
      const registry = make()
      const unrecorded = async (): Promise<string[]> => (await registry.unrecorded('ada')).map(({ runId, state }) => `${runId} ${state}`)
      await registry.begin(ada, limits)
      expect(await unrecorded()).toEqual([])
      await registry.running(ada, 'handle')
      expect(await unrecorded()).toEqual(['run-0001 running'])
      await registry.paused(ada, { reason: 'auth', elapsedMs: 1 })
      await registry.recorded(ada, 'paused')
      expect(await unrecorded()).toEqual([])
      await registry.running(ada, 'handle', 1)
      await registry.paused(ada, { reason: 'auth', elapsedMs: 2 })
      expect(await unrecorded()).toEqual(['run-0001 paused'])
      await registry.recorded(ada, 'paused')
      await registry.end(ada, { type: 'completed' }, 3)
      expect(await unrecorded()).toEqual(['run-0001 ended'])
      await registry.recorded(ada, 'ended')
      expect(await unrecorded()).toEqual([])
      await registry.cancel(id('run-0002'))
      expect(await unrecorded()).toEqual([])
      expect(await registry.unrecorded('bob')).toEqual([])
      expect(await registry.unrecorded(null)).toEqual([])
    })

    test('has to record how a run has ended that is passed over, also where it was recorded as it waited', async () => {
      const registry = make()
      const [told, untold, answer] = [id('run-0001', 's'), id('run-0002', 's'), id('run-0003', 's')]
      for (const run of [told, untold]) {
        await registry.begin(run, limits)
        await registry.paused(run, { reason: 'input', elapsedMs: 1 })
      }
      await registry.recorded(told, 'paused')
      await registry.begin(answer, limits)
      const over = await registry.follow(answer)
      expect(over).toMatchObject([{ ...told, state: 'ended', recorded: 'paused' }, { ...untold, state: 'ended', recorded: null }])
      expect(await registry.follow(answer)).toEqual([])
      expect((await registry.unrecorded('ada')).map(({ runId }) => runId).sort()).toEqual(['run-0001', 'run-0002'])
      await registry.recorded(told, 'ended')
      expect((await registry.unrecorded('ada')).map(({ runId }) => runId)).toEqual(['run-0002'])
    })

    test('has nothing to record of a turn that was replaced while its question was being recorded', async () => {
      const registry = make()
      const second = { ...ada, runId: 'run-0002' }
      await registry.begin(ada, limits)
      await registry.paused(ada, { reason: 'input', elapsedMs: 1 })
      await registry.claim(ada, { holder: 'one', ms: 60_000 })
      await registry.begin(second, { ...limits, replaces: ada.runId })
      await registry.follow(second)
      await registry.recorded(ada, 'paused')
      expect(await registry.get(ada)).toMatchObject({ state: 'ended', recorded: 'ended' })
      expect(await registry.unrecorded('ada')).toEqual([])
      expect(await registry.claim(ada, { holder: 'two', ms: 60_000 })).toBe(true)
    })

    test('gives a run to one recorder at a time, until that is done or has not said a word for long (row 14)', async () => {
      const registry = make()
      const first = { holder: 'one', ms: 60_000 }
      expect(await registry.claim(ada, first)).toBe(false)
      await registry.begin(ada, limits)
      const claims = await Promise.all(['one', 'two', 'three'].map((holder) => registry.claim(ada, { ...first, holder })))
      expect(claims).toEqual([true, false, false])
      await registry.running(ada, 'handle')
      expect(await registry.claim(ada, { holder: 'two', ms: 1 })).toBe(false)
      expect(await registry.claim(ada, { holder: 'one', ms: 0 })).toBe(true)
      expect(await registry.claim(ada, { holder: 'two', ms: 60_000 })).toBe(true)
      await registry.recorded(ada, 'paused')
      expect(await registry.claim(ada, first)).toBe(true)
    })

    test('neither compares, counts nor lists the runs of a public page', async () => {
      const registry = make()
      for (let n = 0; n < 5; n += 1) {
        expect(await registry.begin({ user: null, runId: `run-000${n}`, session: 'support' }, limits)).toEqual({ type: 'started' })
      }
      expect(await registry.list(null)).toEqual([])
      expect(await registry.get({ user: null, runId: 'run-0003' })).toMatchObject({ state: 'starting' })
    })
  })
}
