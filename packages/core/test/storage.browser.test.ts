import { afterEach, describe, expect, it } from 'vitest'
import { createEngine, idbRunStore, RejoinError, textOf } from '@rejoin/core'
import type { Engine, Session } from '@rejoin/core'
import { open, puppetAgent, text, type Puppet } from './puppetAgent.ts'
import { runStart } from './runStoreContract.ts'

interface Tab {
  engine: Engine
  session: Session
  warnings: string[]
}

const leaving: (() => void)[] = []
afterEach(() => {
  for (const leave of leaving.splice(0)) leave()
})

function tab(agent: Puppet, user: string): Tab {
  const warnings: string[] = []
  const engine = createEngine({ agent, user, onWarning: ({ code }) => warnings.push(code) })
  leaving.push(engine.mount())
  const session = engine.session('main')
  session.subscribe(() => {})
  return { engine, session, warnings }
}

describe('a page whose thread is blocked while it restores', () => {
  it('still finds its run, and warns of nothing', { timeout: 30_000 }, async () => {
    const user = crypto.randomUUID()
    await idbRunStore(user).begin(runStart('a', 'main', Date.now()))
    const agent = puppetAgent()
    const { session, warnings } = tab(agent, user)
    await Promise.resolve()
    const until = performance.now() + 2_500
    while (performance.now() < until);
    await session.restored()
    expect(session.getSnapshot().messages.map(textOf)).toEqual(['A question', ''])
    await expect.poll(() => agent.legs.length).toBe(1)
    expect(warnings).toEqual([])
  })
})

describe('a run that waits for a sign-in', () => {
  it('goes on when the person signs in in the other tab', async () => {
    const agent = puppetAgent()
    const user = crypto.randomUUID()
    const first = tab(agent, user)
    const second = tab(agent, user)
    await second.session.restored()
    await first.session.send('A question')
    await expect.poll(() => agent.legs.length).toBe(1)
    agent.leg().send(open(), text(1, 'a'))
    agent.leg().fail(new RejoinError('unauthorized'))
    await expect.poll(() => second.session.getSnapshot().run?.state.type).toBe('paused')
    second.engine.setAgent({ ...agent })
    await expect.poll(() => agent.legs.length).toBe(2)
  })
})
