import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { databaseName, idbRunStore, isCursor, newRun, reduce, shownParts, startCursor } from '@rejoin/core'
import type { RunRecord } from '@rejoin/core'
import { anyJson, anyLog } from './arbitraries.ts'
import { runStart } from './runStoreContract.ts'
import { outcome, part, reason, step } from './schema.ts'
import { patience, tries } from './tries.ts'

const name = z.string()
const shownRun = z.looseObject({
  state: z.union([outcome, z.looseObject({ type: z.literal('paused'), reason }), z.looseObject({ type: z.enum(['starting', 'queued', 'streaming']) })]),
  phase: z.enum(['queued', 'working']),
  cursor: name.refine(isCursor),
  parts: z.array(part),
  steps: z.array(step),
  elapsed: z.looseObject({ ms: z.number(), at: z.number().nullable() }),
  conversation: name.nullable(),
})
const summary = {
  start: z.looseObject({
    id: name,
    session: name,
    message: z.looseObject({ id: name, role: z.enum(['user', 'assistant']), parts: z.array(part) }).nullable(),
    createdAt: z.number(),
    background: z.boolean().exactOptional(),
    conversation: name.nullable().exactOptional(),
    replaces: name.exactOptional(),
    answers: name.exactOptional(),
  }),
  head: z.looseObject({
    cursor: name.refine(isCursor),
    reader: z.int(),
    stop: z.boolean(),
    outcome: outcome.nullable(),
    paused: reason.exactOptional(),
    movedAt: z.number().exactOptional(),
  }),
  claims: z.array(name),
}
const summaries = z.array(z.looseObject(summary))
const records = z.array(z.looseObject({ ...summary, handle: name.nullable() }))

const start = { ...runStart('a', 'main', 1), background: true, conversation: 'c', replaces: 'r', answers: 'q' }

/** The records of one run, by what follows its id in their keys. */
type Records = [key: (string | number)[], value: unknown][]

const anyRecords: fc.Arbitrary<Records> = fc.tuple(anyLog(5), fc.nat(5)).map(([all, written]) => {
  const log = all.slice(0, written)
  const left = all.slice(written)
  const last = log.at(-1)
  const after = last?.cursor ?? startCursor
  const head = {
    cursor: after,
    reader: 1,
    stop: false,
    outcome: last?.type === 'end' ? last.outcome : null,
    ...(last?.type === 'pause' && { paused: last.reason }),
    places: log.length,
    movedAt: 1,
  }
  const write = {
    reader: 1,
    after,
    cursor: left.at(-1)?.cursor ?? after,
    updates: left,
    handle: 'h',
    outcome: { type: 'failed', code: 'x' },
    paused: 'input',
    replace: false,
    at: 2,
  }
  const logs = log.map((update, at): Records[number] => [[4, at], { through: at, updates: [update] }])
  return [[[0], start], [[1], head], [[2], 'handle'], [[3, 'finish'], true], ...logs, [[5], true], [[6, 1], [write]], [[7], 'b']]
})

/** A part of it, however deep, is something else. */
function damaged(value: unknown, [pick = 0, ...picks]: readonly number[], other: unknown): unknown {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const entry = entries[pick % (entries.length + 1)]
  if (entry === undefined) return other
  const [key, inner] = entry
  const next = damaged(inner, picks, other)
  return Array.isArray(value) ? value.with(Number(key), next) : { ...Object.fromEntries(entries), [key]: next }
}

const anyOther = fc.oneof(fc.constantFrom<unknown>(null, true, -1, 0.5, 7, Number.NaN, Number.POSITIVE_INFINITY, 'x', '', [], {}, [null]), anyJson())
const anyDamage = fc.record({ at: fc.nat(), picks: fc.array(fc.nat(20), { maxLength: 8 }), other: anyOther })

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function write(user: string, given: Records): Promise<void> {
  const db = await settled(indexedDB.open(databaseName(user)))
  const store = db.transaction('runs', 'readwrite').objectStore('runs')
  for (const [key, value] of given) store.put({ v: 1, value }, ['main', 'a', ...key])
  await settled(store.count())
  db.close()
}

function expectSound(found: readonly RunRecord[]): void {
  records.parse(found)
  for (const record of found) {
    const run = record.updates.reduce(reduce, newRun(record.start))
    shownRun.parse(run)
    z.array(part).parse(shownParts(run))
  }
}

it('shows nothing of a wrong form and throws nothing, whatever stands in its records (row 70)', { timeout: patience }, async () => {
  const user = 'any-damage'
  await fc.assert(
    fc.asyncProperty(anyRecords, fc.array(anyDamage, { minLength: 1, maxLength: 2 }), async (sound, damages) => {
      const store = idbRunStore(user)
      for (const id of ['a', 'b', 'd']) await store.remove(runStart(id))
      const given = damages.reduce((whole, { at, picks, other }) => {
        const place = at % whole.length
        return whole.map(([key, value], index): Records[number] => [key, index === place ? damaged(value, picks, other) : value])
      }, sound)
      await write(user, given)
      await store.begin(runStart('b', 'main', 2))
      expectSound(await store.load('main'))
      summaries.parse(await store.list())
      await store.begin({ ...runStart('d', 'main', 3), answers: 'a' })
      const claimed = await store.claimReader(start)
      if (claimed) expectSound([claimed])
      expectSound(await idbRunStore(user).load('main'))
      await store.expire(2)
      expect((await store.load('main')).map(({ start: { id } }) => id)).toContain('b')
    }),
    tries(300),
  )
})
