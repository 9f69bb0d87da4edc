import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, memoryRunStore, RejoinError } from '@rejoin/core'
import type { EngineOptions, RunStore, Update } from '@rejoin/core'
import { frame, openPage, pass, settle, shown, state, texts, type Page } from './page.ts'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { createTabHub } from './tabHub.ts'

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

const page = (options: Partial<EngineOptions> = {}): Promise<Page> => openPage({ agent, store, persist: 'token', ...options })

async function asked(options: Partial<EngineOptions> = {}): Promise<Page> {
  const first = await page(options)
  await first.session.send('Marzipan?')
  await settle()
  return first
}

const stored = async (): Promise<string> => JSON.stringify([await store.load('main'), await store.list()])
const concluding: Update = {
  type: 'end',
  cursor: cursorOf(0, 9),
  outcome: { type: 'completed' },
  elapsedMs: 1,
  conversation: 'after this',
  parts: [{ type: 'text', text: 'Nougat it is.' }],
}

describe('a browser that keeps tokens alone', () => {
  it('has no word of question or answer at rest, at any moment', async () => {
    const first = await asked()
    expect(await stored()).not.toMatch(/marzipan/i)
    agent.leg().send(open(), text(1, 'Nougat '), text(2, 'it is.'))
    await frame()
    expect(shown(first)).toBe('Nougat it is.')
    expect(await stored()).toMatch(/handle/)
    expect(await stored()).not.toMatch(/nougat|marzipan/i)
    agent.leg().send(concluding)
    await settle()
    expect(await stored()).not.toMatch(/nougat|marzipan/i)
    await first.leave()
    expect(await stored()).not.toMatch(/nougat|marzipan/i)
  })

  it('asks for the answer from its beginning after a reload, and has it whole', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'Nougat '))
    await settle()
    await first.leave()
    const second = await page()
    await settle()
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg()).toMatchObject({ messages: [], from: cursorOf(0, 0) })
    agent.leg().send(open(), text(1, 'Nougat '), text(2, 'it is.'), end(3))
    await settle()
    expect(texts(second)).toEqual(['Nougat it is.'])
    expect(state(second)).toEqual({ type: 'completed' })
  })

  it('shows nothing of what has ended, and goes on from there', async () => {
    const first = await asked()
    agent.leg().send(open(), text(1, 'Nougat it is.'), concluding)
    await settle()
    await first.leave()
    const second = await page()
    await settle()
    expect(texts(second)).toEqual([])
    expect(agent.legs).toHaveLength(1)
    await second.session.send('And then?')
    await settle()
    expect(agent.leg().options.conversation).toBe('after this')
  })

  it('does not repeat a start that nobody knows any more, and says that it is gone', async () => {
    agent.handle = null
    const first = await asked()
    await first.leave()
    const second = await page()
    await settle()
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg()).toMatchObject({ messages: [], from: null })
    agent.leg().fail(new RejoinError('not_found'))
    await pass(100)
    expect(state(second)).toEqual({ type: 'expired' })
  })

  it('shows the whole in a second tab, which the first tells', async () => {
    const hub = createTabHub()
    await asked({ tabs: hub.tab() })
    agent.leg().send(open(), text(1, 'Nougat '))
    await settle()
    const second = await page({ tabs: hub.tab() })
    await pass(50)
    expect(texts(second)).toEqual(['Marzipan?', 'Nougat '])
    expect(agent.legs).toHaveLength(1)
  })

  it('stops for good, also over a reload', async () => {
    agent.onCancel = async () => response({ type: 'working' })
    const first = await asked()
    agent.leg().send(open(), text(1, 'Nougat '))
    await settle()
    void first.session.stop()
    await settle()
    await first.leave()
    agent.onCancel = async () => response({ type: 'cancelled' })
    const second = await page()
    await pass(1_000)
    expect(state(second)).toEqual({ type: 'cancelled' })
  })
})
