import { describe, expect, it } from 'vitest'
import {
  browserTabs,
  createEngine,
  cursorOf,
  databaseName,
  idbRunStore,
  joinToken,
  lengthOf,
  reduce,
  newRun,
  shownParts,
  textOf,
} from '@rejoin/core'
import type { RunStore } from '@rejoin/core'
import { end, open, puppetAgent, text } from './puppetAgent.ts'

/**
 * Looks at the database beside the store, as another program would.
 * @returns the longest look, in milliseconds: what the machine made of the cheapest thing a database can be asked
 */
async function watchCursor(user: string, session: string, runId: string, seen: (cursor: string) => boolean): Promise<number> {
  let longest = 0
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(databaseName(user))
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  for (let over = false; !over; ) {
    const lookedAt = performance.now()
    const head = await new Promise<unknown>((resolve, reject) => {
      const request = db.transaction('runs').objectStore('runs').get([session, runId, 1])
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    const stored = (head as { value: { cursor: string } }).value
    over = seen(stored.cursor)
    // Between two looks the engine gets its turn.
    await new Promise((resolve) => setTimeout(resolve))
    longest = Math.max(longest, performance.now() - lookedAt)
  }
  db.close()
  return longest
}

function counted(store: RunStore): { store: RunStore; most(): number; writes(): number } {
  let flying = 0
  let most = 0
  let writes = 0
  return {
    most: () => most,
    writes: () => writes,
    store: {
      ...store,
      async append(key, write) {
        flying += 1
        writes += 1
        most = Math.max(most, flying)
        try {
          return await store.append(key, write)
        } finally {
          flying -= 1
        }
      },
    },
  }
}

async function ended(session: ReturnType<ReturnType<typeof createEngine>['session']>): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (session.getSnapshot().run?.state.type === 'completed') resolve()
    }
    session.subscribe(look)
    look()
  })
}

describe('while a run streams at 50 chunks a second', () => {
  it('the stored cursor reaches each chunk within 50 ms, with one write in flight, and the token there resumes the run', async () => {
    const user = crypto.randomUUID()
    const agent = puppetAgent()
    const { store, most, writes } = counted(idbRunStore(user))
    const engine = createEngine({ agent, user, store, tabs: browserTabs() })
    const unmount = engine.mount()
    const session = engine.session('main')
    const result = await session.send('A question')
    if (!result.accepted) throw result.error
    await expect.poll(() => agent.legs.length).toBe(1)

    const chunks = 150
    const sent = new Map<string, number>()
    const waits: number[] = []
    let last = 0
    agent.leg().send(open())
    const watching = watchCursor(user, 'main', result.runId, (cursor) => {
      const n = Number(cursor.slice(5))
      for (; last < n; last += 1) waits.push(performance.now() - (sent.get(cursorOf(0, last + 1)) ?? Number.NaN))
      return n === chunks
    })
    await new Promise<void>((resolve) => {
      let n = 0
      const timer = setInterval(() => {
        n += 1
        sent.set(cursorOf(0, n), performance.now())
        agent.leg().send(text(n, `chunk ${n} `))
        if (n === chunks) {
          clearInterval(timer)
          resolve()
        }
      }, 20)
    })
    const look = await watching
    waits.sort((a, b) => a - b)
    const median = waits[Math.floor(waits.length / 2)] ?? Number.NaN
    const worst = waits.at(-1) ?? Number.NaN
    console.info(`stored after: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms (a look took ${look.toFixed(1)} ms at most), ${writes()} writes for ${chunks} chunks, at most ${most()} in flight`)
    expect(waits).toHaveLength(chunks)
    expect(median).toBeLessThan(50)
    // A machine so busy that a look takes longer than a third of that holds up every write as well.
    expect(worst).toBeLessThan(Math.max(50, 3 * look))
    expect(most()).toBe(1)

    // A crash here: nothing but the database is left.
    const [record] = await idbRunStore(user).load('main')
    if (!record?.handle) throw new Error('No token was stored.')
    const stored = record.updates.reduce(reduce, newRun(record.start))
    expect(stored.cursor).toBe(record.head.cursor)
    expect(textOf({ parts: shownParts(stored) })).toBe(Array.from({ length: chunks }, (_, i) => `chunk ${i + 1} `).join(''))
    unmount()
    await expect.poll(() => agent.leg().options.signal?.aborted).toBe(true)
    const next = createEngine({ agent, user })
    const leave = next.mount()
    const again = next.session('main')
    again.subscribe(() => {})
    await expect.poll(() => agent.legs.length).toBe(2)
    expect(agent.leg().options.continuationToken).toBe(joinToken(record.handle, record.head.cursor))
    agent.leg().send(open(), text(chunks + 1, 'and the rest'), end(chunks + 2))
    await ended(again)
    expect(again.getSnapshot().messages.map(textOf).at(-1)).toMatch(/chunk 150 and the rest$/)
    leave()
  })
})

describe('a flood', () => {
  it('of 20,000 chunks is stored in a handful of writes, whole', async () => {
    const user = crypto.randomUUID()
    const agent = puppetAgent()
    const { store, writes, most } = counted(idbRunStore(user))
    const engine = createEngine({ agent, user, store })
    const unmount = engine.mount()
    const session = engine.session('main')
    await session.send('A question')
    await expect.poll(() => agent.legs.length).toBe(1)
    const begun = performance.now()
    agent.leg().send(open())
    for (let n = 1; n <= 20_000; n += 100) {
      agent.leg().send(...Array.from({ length: 100 }, (_, i) => text(n + i, 'word ')))
      if (n % 1_000 === 1) await new Promise((resolve) => setTimeout(resolve))
    }
    agent.leg().send(end(20_001))
    await ended(session)
    const [record] = await storedEnd(user)
    console.info(`20,000 chunks: ${writes()} writes, ${(performance.now() - begun).toFixed(0)} ms`)
    expect(record?.head.outcome).toEqual({ type: 'completed' })
    expect(record?.updates.reduce(reduce, newRun(record.start)).parts.map((part) => lengthOf([part]))).toEqual([100_000])
    expect(writes()).toBeLessThan(100)
    expect(most()).toBe(1)
    unmount()
  })
})

async function storedEnd(user: string): ReturnType<RunStore['load']> {
  const store = idbRunStore(user)
  await expect.poll(async () => (await store.load('main'))[0]?.head.outcome).not.toBeNull()
  return await store.load('main')
}
