import { afterEach, expect, it } from 'vitest'
import { browserTabs, createEngine, joinToken, proxyAgent, startCursor } from '@rejoin/core'
import type { Agent } from '@rejoin/core'
import { end, open, puppetAgent, response, type Puppet } from './puppetAgent.ts'

// Two engines of one page contend for the same locks just as two tabs do; a frame that is taken away loses its locks as a killed tab does.

const leaving: (() => void)[] = []
afterEach(() => {
  for (const leave of leaving.splice(0)) leave()
})

function limited(): Puppet & Agent {
  const agent = puppetAgent()
  agent.onPoll = async () => ({ ...response({ type: 'working' }), continuationToken: joinToken('handle', startCursor) })
  return Object.assign(agent, { maxStreams: () => 3 })
}

/** A page of a user of its own, which asks in each session. */
async function asking(agent: Agent, sessions: readonly string[]): Promise<() => void> {
  const engine = createEngine({ agent, user: crypto.randomUUID(), poll: { intervalMs: 60_000, capMs: 60_000 } })
  const leave = engine.mount()
  leaving.push(leave)
  for (const id of sessions) {
    const session = engine.session(id)
    session.subscribe(() => {})
    await session.send('A question')
  }
  return leave
}

const streamed = (agent: Puppet): string[] => agent.legs.filter(({ options }) => !options.signal?.aborted).map(({ options }) => options.session)
const polled = (agent: Puppet): number => new Set(agent.polls.map(({ session }) => session)).size

it('twelve answers of several users in one browser have three streams, and a place that is free passes on at once', async () => {
  const agent = limited()
  await asking(agent, ['a', 'b'])
  await expect.poll(() => streamed(agent)).toEqual(['a', 'b'])
  await asking(agent, Array.from({ length: 10 }, (_, n) => `c${n}`))
  await expect.poll(() => polled(agent)).toBe(9)
  expect(streamed(agent)).toHaveLength(3)
  agent.legs[0]?.send(open(), end(1))
  await expect.poll(() => agent.legs.length, { timeout: 500 }).toBe(4)
  await expect.poll(() => streamed(agent)).toHaveLength(3)
})

it('the places of a page that goes pass on at once', async () => {
  const agent = limited()
  const leave = await asking(agent, ['a', 'b', 'c'])
  await expect.poll(() => streamed(agent)).toHaveLength(3)
  await asking(agent, ['d', 'e', 'f', 'g'])
  await expect.poll(() => polled(agent)).toBe(4)
  leave()
  await expect.poll(() => streamed(agent).toSorted(), { timeout: 500 }).toEqual(['d', 'e', 'f'])
})

it('the places of a page that dies without a word pass on at once', async () => {
  const frame = document.createElement('iframe')
  document.body.append(frame)
  const locks = frame.contentWindow?.navigator.locks
  for (const place of [0, 1, 2]) {
    await new Promise<void>((held) => {
      const hold = (): Promise<void> => {
        held()
        return new Promise(() => {})
      }
      locks?.request(`rejoin:stream:${place}`, hold).catch(() => {})
    })
  }
  const agent = limited()
  await asking(agent, ['a', 'b', 'c', 'd'])
  await expect.poll(() => polled(agent)).toBe(4)
  expect(agent.legs).toEqual([])
  frame.remove()
  await expect.poll(() => streamed(agent).toSorted(), { timeout: 500 }).toEqual(['a', 'b', 'c'])
})

it('a name is taken once until it is let go, and by nobody who waits for it', async () => {
  const name = crypto.randomUUID()
  const [here, there] = [browserTabs(), browserTabs()]
  const letGo = await here.take(name)
  expect([letGo === null, await there.take(name), await here.take(name)]).toEqual([false, null, null])
  letGo?.()
  await expect.poll(async () => (await navigator.locks.query()).held?.some((lock) => lock.name === name)).toBe(false)
  const again = await there.take(name)
  expect(again).not.toBeNull()
  again?.()
})

it('a browser says how it speaks to the origin of a page', () => {
  expect(proxyAgent({ url: '/api/agent' }).maxStreams?.()).toBe(3)
})
