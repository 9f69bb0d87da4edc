import { readFileSync } from 'node:fs'
import { parseCursor, startCursor, userMessage } from '@rejoin/core'
import { backgroundAgent } from '@rejoin/proxy'
import { describe, expect, test, vi } from 'vitest'
import { answering, answerTo, askedIn } from './asking.ts'
import { completed, delta, readAll } from './eventLogContract.ts'
import { collect, post, refusal, serve, sse, startBody, textIn } from './serve.ts'
import { startChild } from './sqlite/childProcess.ts'
import { counting, run, travelling, words } from './sqlite/counting.ts'
import { filesBeside, openStore, temporaryFile } from './sqlite/temporaryFile.ts'

// A process takes a while to begin where there is much else to do.
vi.setConfig({ testTimeout: 30_000 })

const seed = Number(process.env.REJOIN_SEED ?? 1)
/** So many appends, about, are acknowledged before the process is killed. */
const points = Array.from({ length: 4 }, (_, k) => 1 + ((seed * 7_919 + k * 104_729) % 400))

const ada = { user: 'ada', runId: 'run-0001', session: 'support' }
const limits = { maxRunsPerCaller: 1, again: true }

describe(`a process that is killed (rows 84, 85)`, () => {
  test.each(points)('leaves what was acknowledged, about %i appends, and of the rest whole appends only', async (point) => {
    const file = temporaryFile()
    const child = startChild('append', file)
    while (Number(await child.line()) < point);
    await child.kill()
    const acknowledged = Number(readFileSync(`${file}-acknowledged`, 'utf8').split('\n').at(-2))

    const { log } = openStore({ file })
    const head = await log.peek('run')
    const { n } = parseCursor(head?.cursor ?? startCursor)
    expect(n % 3).toBe(0)
    expect([acknowledged, acknowledged + 1]).toContain(n / 3)
    expect(head?.checkpoint).toBe(n / 3)
    expect((await log.asked('run'))?.messages).toHaveLength(1)
    await log.append('run', [completed])
    const expected = Array.from({ length: n }, (_, k) => `${Math.floor(k / 3) + 1}.${(k % 3) + 1} `)
    expect((await readAll(log, 'run')).flatMap((update) => (update.type === 'text' ? update.delta : []))).toEqual(expected)
  })

  test('no longer holds its runs, whatever its lease says', async () => {
    const file = temporaryFile()
    const { log } = openStore({ file })
    const child = startChild('append', file)
    await child.line()
    const lease = { holder: 'second', ms: 1_000 }
    expect(await log.hold('run', lease)).toBe(false)
    await child.kill()
    expect(await log.hold('run', lease)).toBe(true)
  })

  test("brings a run with it that goes on in another's, right away, and whose text is whole", async () => {
    const file = temporaryFile()
    const { log } = openStore({ file })
    const child = startChild('agent', file)
    const before = [await child.line(), await child.line(), await child.line()]
    expect(before).toEqual(words.slice(0, 3))
    await child.kill()
    const agent = backgroundAgent(counting(), { log, afterRestart: 'repeats' })
    const updates = await collect(agent.runStreaming([userMessage('Count!')], run))
    expect(textIn(updates)).toBe(words.join(''))
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
  })

  test('leaves a start that one who asks again makes, whoever waits for it is told of it, and another run does not wait', async () => {
    const file = temporaryFile()
    const { registry } = openStore({ file })
    const child = startChild('begin', file)
    expect(await child.line()).toBe('started')
    expect(await registry.begin(ada, limits)).toMatchObject({ type: 'joined' })
    expect(await registry.begin({ ...ada, runId: 'run-0002' }, limits)).toMatchObject({ type: 'busy' })
    await child.kill()
    expect(await registry.get(ada)).toMatchObject({ state: 'starting' })
    expect(await registry.cancel(ada)).toMatchObject({ state: 'starting' })
    const begun = await Promise.all([1, 2, 3].map(() => registry.begin(ada, limits)))
    expect(begun.map(({ type }) => type).sort()).toEqual(['joined', 'joined', 'started'])
  })

  test('leaves a start that has failed for whoever may not make it again', async () => {
    const file = temporaryFile()
    const { registry } = openStore({ file })
    const child = startChild('begin', file)
    await child.line()
    await child.kill()
    const failed = { state: 'ended', handle: null, outcome: { type: 'failed', code: 'start_unknown' } }
    expect(await registry.begin(ada, { ...limits, again: false })).toMatchObject({ type: 'joined', record: failed })
    expect(await registry.get(ada)).toMatchObject(failed)
    expect(await registry.list('ada')).toEqual([])
  })

  test('leaves a start that stands in the way of nobody, nor counts', async () => {
    const file = temporaryFile()
    const { registry } = openStore({ file })
    const child = startChild('begin', file)
    await child.line()
    await child.kill()
    expect(await registry.begin({ ...ada, runId: 'run-0002', session: 'other' }, limits)).toEqual({ type: 'started' })
    expect(await registry.get(ada)).toMatchObject({ state: 'starting' })
    await registry.end({ ...ada, runId: 'run-0002' }, { type: 'completed' }, 1)
    expect(await registry.begin({ ...ada, runId: 'run-0003' }, limits)).toEqual({ type: 'started' })
    expect(await registry.get(ada)).toMatchObject({ state: 'ended', outcome: { type: 'failed', code: 'start_unknown' } })
  })

  test('is noticed by those who wait for its start, and by those who come later', async () => {
    const file = temporaryFile()
    const { registry } = openStore({ file })
    const child = startChild('begin', file)
    await child.line()
    const { signal } = new AbortController()
    const waiting = registry.settled(ada, { signal, again: false })
    await child.kill()
    for (const record of await Promise.all([waiting, registry.settled(ada, { signal, again: false })])) {
      expect(record).toMatchObject({ state: 'ended', outcome: { type: 'failed', code: 'start_unknown' } })
    }
  })

  test('leaves a start alone that can be made again: whoever waits for it hears of nothing, and who asks again makes it', async () => {
    const file = temporaryFile()
    const { registry } = openStore({ file })
    const child = startChild('begin', file)
    await child.line()
    const { signal } = new AbortController()
    const waiting = registry.settled(ada, { signal, again: true })
    await child.kill()
    expect(await Promise.all([waiting, registry.settled(ada, { signal, again: true })])).toEqual([null, null])
    expect(await registry.begin(ada, limits)).toEqual({ type: 'started' })
  })

  test('leaves a start that the page makes again, though it has asked for the run before', async () => {
    const file = temporaryFile()
    const { log, registry } = openStore({ file })
    const child = startChild('begin', file)
    await child.line()
    const settled = vi.spyOn(registry, 'settled')
    const served = serve(backgroundAgent(counting(), { log, afterRestart: 'repeats' }), { registry })
    const start = startBody({ id: ada.runId, session: ada.session })
    const waiting = served.fetch('/runs', post(start))
    await vi.waitFor(() => expect(settled).toHaveBeenCalled())
    await child.kill()
    expect(await refusal(waiting)).toMatchObject({ code: 'unavailable' })
    expect(await refusal(served.fetch(`/runs/${ada.runId}`))).toMatchObject({ code: 'unavailable' })
    const made = await served.fetch('/runs', post(start, sse))
    expect(await made.text()).toContain('"type":"completed"')
  })

  test('leaves nothing behind that the next one does not clear away', async () => {
    const file = temporaryFile()
    const child = startChild('begin', file)
    await child.line()
    await child.kill()
    const store = openStore({ file })
    await store.close()
    expect(filesBeside(file)).toEqual([])
  })
})

describe('a run that waits for the person', () => {
  const next = { ...run, runId: 'run-2' }

  /** A process that waits, the question, and the agent of another one. */
  async function asked(task: 'ask' | 'askOnce') {
    const file = temporaryFile()
    const { log } = openStore({ file })
    const child = startChild(task, file)
    const said = [await child.line(), await child.line(), await child.line(), await child.line()]
    expect(said).toEqual(['open', 'text', 'part', 'pause'])
    const agent = backgroundAgent(travelling('the other'), { log, ...(task === 'ask' && { afterRestart: 'repeats' }) })
    const [request] = askedIn(await collect(agent.runStreaming([], run)))
    return { child, agent, message: answering(answerTo(request, 'Rome')) }
  }

  test.each(['ask', 'askOnce'] as const)('goes on in the process that waits, wherever the answer arrives (%s)', async (task) => {
    const { agent, message } = await asked(task)
    const updates = await collect(agent.runStreaming([message], next))
    expect(textIn(updates)).toBe('To Rome, says the child.')
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
    expect((await agent.run([], run)).state).toEqual({ type: 'completed' })
  })

  test('whose process is killed goes on in the one that the answer arrives in (rows 25, 84)', async () => {
    const { child, agent, message } = await asked('ask')
    await child.kill()
    expect((await agent.run([], run)).state).toEqual({ type: 'paused', reason: 'input' })
    const updates = await collect(agent.runStreaming([message], next))
    expect(textIn(updates)).toBe('To Rome, says the other.')
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
  })

  test('whose process is killed and can not be gone on with: its answer ends as interrupted (row 84)', async () => {
    const { child, agent, message } = await asked('askOnce')
    await child.kill()
    const updates = await collect(agent.runStreaming([message], next))
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'interrupted' } })
  })

  test('whose process is killed right after it was answered goes on here (row 84)', async () => {
    const { child, agent, message } = await asked('ask')
    const answer = collect(agent.runStreaming([message], next))
    await child.kill()
    const updates = await answer
    expect(textIn(updates)).toMatch(/^To Rome, says the (child|other)\.$/)
    expect(updates.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
  })
})

test('a process that stands still loses its run when its lease has run out, and writes no more of it (row 84)', async () => {
  const file = temporaryFile()
  const { log } = openStore({ file })
  const child = startChild('hold', file)
  expect(await child.line()).toBe('held')
  const lease = { holder: 'second', ms: 60_000 }
  await vi.waitFor(async () => expect(await log.hold('run', lease)).toBe(true), { timeout: 5_000 })
  expect(await log.hold('longer', lease)).toBe(false)
  await log.append('run', [delta('second')], { holder: 'second' })
  child.goOn()
  expect([await child.line(), await child.line()]).toEqual(['false', 'false'])
  await log.append('run', [completed])
  expect(await readAll(log, 'run')).toMatchObject([{ delta: 'second' }, { type: 'end' }])
})

test('a process that only waits for others can end', async () => {
  const child = startChild('wait', temporaryFile())
  expect(await child.line()).toBe('waiting')
  // Node's code for a program that ends while it waits.
  expect(await child.ended()).toBe(13)
})
