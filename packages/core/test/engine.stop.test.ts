import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryRunStore, RejoinError } from '@rejoin/core'
import type { RunStore } from '@rejoin/core'
import { askedPage, openPage, pass, settle, shown, state, type Page } from './page.ts'
import { open, puppetAgent, response, text, unreachable, type Puppet } from './puppetAgent.ts'
import { stubWindow } from './stubWindow.ts'

let agent: Puppet
let store: RunStore

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  store = memoryRunStore()
})
afterEach(() => {
  vi.useRealTimers()
})

const asked = (): Promise<Page> => askedPage({ agent, store })

async function streaming(): Promise<Page> {
  const page = await asked()
  agent.leg().send(open(), text(1, 'a'))
  await settle()
  return page
}

describe('a stop before the first token', () => {
  it('starts nothing more when the leg breaks', async () => {
    const page = await asked()
    agent.onCancel = () => Promise.reject(unreachable())
    void page.session.stop()
    await settle()
    agent.leg().fail(unreachable())
    await pass(10_000)
    expect(agent.legs).toHaveLength(1)
    expect(state(page)).toEqual({ type: 'stopping' })
    agent.onCancel = async () => response({ type: 'cancelled' })
    await pass(10_000)
    expect(state(page)).toEqual({ type: 'cancelled' })
  })

  it('starts nothing more when the network is back', async () => {
    const page = await asked()
    agent.onCancel = () => Promise.reject(unreachable())
    void page.session.stop()
    await settle()
    page.session.reconnect()
    await pass(10_000)
    expect(agent.legs).toHaveLength(1)
  })
})

describe('a stop', () => {
  it('is not repeated sooner than the server asked', async () => {
    const page = await streaming()
    agent.onCancel = () => Promise.reject(new RejoinError('rate_limited', { retryAfterMs: 60_000 }))
    void page.session.stop()
    await pass(59_000)
    expect(agent.cancels).toHaveLength(1)
    await pass(10_000)
    expect(agent.cancels).toHaveLength(2)
  })

  it('for want of a sign-in waits for one', async () => {
    const page = await streaming()
    agent.onCancel = () => Promise.reject(new RejoinError('unauthorized'))
    void page.session.stop()
    await pass(600_000)
    const before = agent.cancels.length
    expect(before).toBeLessThan(5)
    expect(state(page)).toEqual({ type: 'paused', reason: 'unauthorized' })
    agent.leg().send(text(2, 'b'))
    await pass(100)
    expect([shown(page), state(page)]).toEqual(['ab', { type: 'paused', reason: 'unauthorized' }])
    agent.onCancel = async () => response({ type: 'cancelled' })
    page.engine.setAgent({ ...agent })
    await pass(1_000)
    expect(agent.cancels).toHaveLength(before + 1)
    expect(state(page)).toEqual({ type: 'cancelled' })
  })

  it('for want of a sign-in is told again when a new connection shows that there was one', async () => {
    const page = await streaming()
    agent.onCancel = () => Promise.reject(new RejoinError('unauthorized'))
    void page.session.stop()
    await settle()
    agent.onCancel = async () => response({ type: 'cancelled' })
    agent.leg().fail(unreachable())
    await pass(1_000)
    agent.leg().send(open())
    await settle()
    expect(state(page)).toEqual({ type: 'cancelled' })
    expect(agent.cancels).toHaveLength(2)
  })

  it('for want of a sign-in waits for none where somebody has signed in meanwhile', async () => {
    const page = await streaming()
    const refusal = Promise.withResolvers<never>()
    agent.onCancel = () => refusal.promise
    void page.session.stop()
    await settle()
    page.engine.setAgent({ ...agent })
    agent.onCancel = async () => response({ type: 'cancelled' })
    refusal.reject(new RejoinError('unauthorized'))
    await pass(1_000)
    expect([state(page), agent.cancels.length]).toEqual([{ type: 'cancelled' }, 2])
  })

  it('for want of a sign-in starts nothing that was never started', async () => {
    const page = await asked()
    agent.onCancel = () => Promise.reject(new RejoinError('unauthorized'))
    agent.leg().fail(new RejoinError('unauthorized'))
    void page.session.stop()
    await pass(1_000)
    const before = agent.legs.length
    agent.onCancel = async () => response({ type: 'cancelled' })
    page.engine.setAgent({ ...agent })
    await pass(1_000)
    expect(agent.legs).toHaveLength(before)
    expect(state(page)).toEqual({ type: 'cancelled' })
  })

  it('is told no more once the engine is left, and told again after a return', async () => {
    const page = await streaming()
    agent.onCancel = () => Promise.reject(unreachable())
    void page.session.stop()
    await pass(1_000)
    await page.leave()
    const before = agent.cancels.length
    await pass(60_000)
    expect(agent.cancels).toHaveLength(before)
    expect(vi.getTimerCount()).toBe(0)
    agent.onCancel = async () => response({ type: 'cancelled' })
    page.engine.mount()
    await pass(1_000)
    expect(state(page)).toEqual({ type: 'cancelled' })
  })

  it('of a run that the server does not know any more expires it and keeps its text', async () => {
    for (const code of ['expired', 'not_found'] as const) {
      agent = puppetAgent()
      store = memoryRunStore()
      const page = await streaming()
      agent.onCancel = () => Promise.reject(new RejoinError(code))
      await page.session.stop()
      expect(state(page)).toEqual({ type: 'expired' })
      expect(shown(page)).toBe('a')
      expect(agent.cancels).toHaveLength(1)
    }
  })

  it('reaches the next page, which takes no text away', async () => {
    const first = await streaming()
    agent.onCancel = () => new Promise(() => {})
    void first.session.stop()
    await settle()
    await first.leave()
    agent.onCancel = async () => response({ type: 'cancelled' })
    const second = await openPage({ agent, store })
    await pass(1_000)
    expect(state(second)).toEqual({ type: 'cancelled' })
    expect(shown(second)).toBe('a')
  })
})

describe('a stop over a connection that stands still', () => {
  const stood = (): boolean[] => agent.cancels.map(({ signal }) => signal?.aborted === true)

  async function stopping(): Promise<Page> {
    const page = await streaming()
    agent.onCancel = () => new Promise(() => {})
    void page.session.stop()
    await pass(2_000)
    agent.onCancel = async () => response({ type: 'cancelled' })
    return page
  }

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('goes out anew when the network has changed', async () => {
    const window = stubWindow()
    const page = await stopping()
    window.online()
    await settle()
    expect([state(page), stood()]).toEqual([{ type: 'cancelled' }, [true, false]])
  })

  it('goes out anew when the person wants it', async () => {
    const page = await stopping()
    page.session.reconnect()
    await settle()
    expect([state(page), stood()]).toEqual([{ type: 'cancelled' }, [true, false]])
  })

  it('is not broken off where nobody needs the engine any more', async () => {
    const page = await stopping()
    await page.leave()
    expect(stood()).toEqual([false])
  })
})
