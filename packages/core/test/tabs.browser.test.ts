import { afterEach, describe, expect, it } from 'vitest'
import { createEngine, cursorOf, idbRunStore, textOf } from '@rejoin/core'
import type { Session } from '@rejoin/core'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'

// Two engines of one page contend for the same locks and hear each other's channels just as two tabs do.

interface Tab {
  session: Session
  leave(): void
}

const leaving: (() => void)[] = []
afterEach(() => {
  for (const leave of leaving.splice(0)) leave()
})

function tab(agent: Puppet, user: string): Tab {
  const engine = createEngine({ agent, user })
  const leave = engine.mount()
  leaving.push(leave)
  const session = engine.session('main')
  session.subscribe(() => {})
  return { session, leave }
}

const shown = ({ session }: Tab): string => session.getSnapshot().messages.map(textOf).at(-1) ?? ''
const state = ({ session }: Tab): string | undefined => session.getSnapshot().run?.state.type
const user = (): string => crypto.randomUUID()

async function asked(agent: Puppet, name: string): Promise<Tab> {
  const first = tab(agent, name)
  await first.session.send('A question')
  await expect.poll(() => agent.legs.length).toBe(1)
  return first
}

describe('two tabs', () => {
  it('show the same text over one connection (row 66)', async () => {
    const agent = puppetAgent()
    const name = user()
    const second = tab(agent, name)
    await second.session.restored()
    const first = await asked(agent, name)
    agent.leg().send(open(), text(1, 'one '), text(2, 'two '))
    await expect.poll(() => shown(second)).toBe('one two ')
    agent.leg().send(text(3, 'three'), end(4))
    await expect.poll(() => state(second)).toBe('completed')
    expect(shown(second)).toBe('one two three')
    expect(shown(first)).toBe(shown(second))
    expect(agent.legs).toHaveLength(1)
  })

  it('of which one was opened later show the same text, what is not stored yet included (row 66)', async () => {
    const agent = puppetAgent()
    const name = user()
    const first = await asked(agent, name)
    agent.leg().send(open(), text(1, 'one '))
    await expect.poll(() => shown(first)).toBe('one ')
    const second = tab(agent, name)
    await expect.poll(() => shown(second)).toBe('one ')
    agent.leg().send(text(2, 'two'))
    await expect.poll(() => shown(second)).toBe('one two')
    await expect.poll(() => state(second)).toBe('streaming')
    expect(agent.legs).toHaveLength(1)
  })

  it('hand the run over when the reader leaves, exactly where it was (row 66)', async () => {
    const agent = puppetAgent()
    const name = user()
    const first = await asked(agent, name)
    const second = tab(agent, name)
    agent.leg().send(open(), text(1, 'one '), text(2, 'two '))
    await expect.poll(() => shown(second)).toBe('one two ')
    first.leave()
    await expect.poll(() => agent.legs.length).toBe(2)
    expect(agent.leg().from).toBe(cursorOf(0, 2))
    expect(agent.legs[0]?.options.signal?.aborted).toBe(true)
    agent.leg().send(open(), text(3, 'three'), end(4))
    await expect.poll(() => state(second)).toBe('completed')
    expect(shown(second)).toBe('one two three')
    expect((await idbRunStore(name).load('main'))[0]?.head.reader).toBe(2)
  })

  it('can both stop the run (row 66)', async () => {
    const agent = puppetAgent()
    const name = user()
    const first = await asked(agent, name)
    const second = tab(agent, name)
    agent.leg().send(open(), text(1, 'one '))
    await expect.poll(() => shown(second)).toBe('one ')
    agent.onCancel = async () => response({ type: 'cancelled' })
    await second.session.stop()
    expect(state(second)).toBe('cancelled')
    await expect.poll(() => state(first)).toBe('cancelled')
    await expect.poll(async () => (await idbRunStore(name).load('main'))[0]?.head.outcome).toEqual({ type: 'cancelled' })
  })

  it('keep the stored log whole when the next reader knew more than the last one could store', async () => {
    const agent = puppetAgent()
    const name = user()
    const store = idbRunStore(name)
    // The first tab's writes never get through: it stands for one that is frozen before its transaction.
    const engine = createEngine({
      agent,
      user: name,
      store: { ...store, append: () => new Promise(() => {}) },
    })
    const leave = engine.mount()
    await engine.session('main').send('A question')
    await expect.poll(() => agent.legs.length).toBe(1)
    const second = tab(agent, name)
    await second.session.restored()
    agent.leg().send(open(), text(1, 'one '), text(2, 'two '))
    await expect.poll(() => shown(second)).toBe('one two ')
    leave()
    await expect.poll(() => agent.legs.length).toBe(2)
    agent.leg().send(open(), text(3, 'three'))
    await expect.poll(() => shown(second)).toBe('one two three')
    second.leave()
    const third = tab(agent, name)
    await expect.poll(() => shown(third)).toBe('one two three')
  })

  it('do not both write when a reader has lost its lock and comes back', async () => {
    const agent = puppetAgent()
    const name = user()
    const first = await asked(agent, name)
    agent.leg().send(open(), text(1, 'one '))
    await expect.poll(() => shown(first)).toBe('one ')
    const runId = agent.leg().options.runId
    // What a browser does to a frozen tab cannot be made here; taking the reader's place in the store is what it comes to.
    const successor = await idbRunStore(name).claimReader({ session: 'main', id: runId })
    agent.leg().send(text(2, 'two '))
    await expect.poll(() => agent.legs.length).toBe(2)
    expect(agent.legs[0]?.options.signal?.aborted).toBe(true)
    expect(successor?.head.reader).toBe(2)
    agent.leg().send(open(), text(3, 'three'), end(4))
    await expect.poll(() => state(first)).toBe('completed')
    const [record] = await idbRunStore(name).load('main')
    expect(record?.head.reader).toBe(3)
  })

  it('of different users hear nothing of each other (row 71)', async () => {
    const agent = puppetAgent()
    const other = tab(agent, user())
    await other.session.restored()
    const first = await asked(agent, user())
    agent.leg().send(open(), text(1, 'secret'))
    await expect.poll(() => shown(first)).toBe('secret')
    expect(other.session.getSnapshot().messages).toEqual([])
  })
})

describe('frames', () => {
  it('get one snapshot each however much arrives (row 73)', async () => {
    const agent = puppetAgent()
    const first = await asked(agent, user())
    let published = 0
    let frames = 0
    let counting = true
    first.session.subscribe(() => {
      published += 1
    })
    const count = (): void => {
      frames += 1
      if (counting) requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
    agent.leg().send(open())
    for (let n = 1; n <= 2_000; n += 1) {
      agent.leg().send(text(n, 'x'))
      if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve))
    }
    await expect.poll(() => shown(first)).toHaveLength(2_000)
    counting = false
    expect(published).toBeGreaterThan(1)
    // One more for a timer that stands in when frames stop.
    expect(published).toBeLessThanOrEqual(frames + 1)
  })
})

describe('a page', () => {
  it('that is put away closes its connection and gives its place up, and goes on when it is back', async () => {
    const agent = puppetAgent()
    const first = await asked(agent, user())
    agent.leg().send(open(), text(1, 'one '))
    await expect.poll(() => shown(first)).toBe('one ')
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    expect(agent.leg().options.signal?.aborted).toBe(true)
    await expect.poll(async () => (await navigator.locks.query()).held?.filter(({ name }) => name?.startsWith('rejoin:')).length).toBe(0)
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
    await expect.poll(() => agent.legs.length).toBe(2)
    expect(agent.leg().from).toBe(cursorOf(0, 1))
  })

  it('whose network comes back tries at once, and does not trust the old connection', async () => {
    const agent = puppetAgent()
    const first = await asked(agent, user())
    agent.leg().send(open(), text(1, 'one '))
    await expect.poll(() => shown(first)).toBe('one ')
    window.dispatchEvent(new Event('online'))
    await expect.poll(() => agent.legs.length, { timeout: 200 }).toBe(2)
    expect(agent.legs[0]?.options.signal?.aborted).toBe(true)
  })
})
