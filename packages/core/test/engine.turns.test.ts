import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, memoryRunStore } from '@rejoin/core'
import type { EngineOptions, RunStore, Update } from '@rejoin/core'
import { openPage, settle, state, texts, type Page } from './page.ts'
import { open, puppetAgent, text, type Puppet } from './puppetAgent.ts'
import { createTabHub, type TabHub } from './tabHub.ts'

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

const page = (options: Partial<EngineOptions> = {}): Promise<Page> => openPage({ agent, store, ...options })
const ends = (conversation?: string): Update => ({
  type: 'end',
  cursor: cursorOf(0, 2),
  outcome: { type: 'completed' },
  elapsedMs: 1,
  ...(conversation !== undefined && { conversation }),
})

async function answered(answer: string, closing: Update): Promise<void> {
  await settle()
  agent.leg().send(open(), text(1, answer), closing)
  await settle()
}

/** What the start said that was sent last. */
const begun = (): unknown => {
  const { conversation, replaces } = agent.leg().options
  return { conversation, replaces }
}

describe('the turns of a conversation', () => {
  it('go on from the one before, also after a reload (row 15)', async () => {
    const first = await page()
    await first.session.send('One')
    await settle()
    expect(begun()).toEqual({ conversation: undefined, replaces: undefined })
    await answered('1', ends('after one'))
    await first.session.send('Two')
    await settle()
    expect(begun()).toEqual({ conversation: 'after one', replaces: undefined })
    await answered('2', ends('after two'))
    await first.leave()
    const later = await page()
    await later.session.send('Three')
    await settle()
    expect(begun()).toEqual({ conversation: 'after two', replaces: undefined })
    expect(agent.leg().messages).toHaveLength(1)
  })

  it('say the same over and over where a start is repeated, and nothing of it with a token (row 14)', async () => {
    const first = await page()
    await first.session.send('One')
    await answered('1', ends('after one'))
    await first.session.send('Two')
    await settle()
    await first.leave()
    await page()
    await settle()
    expect(agent.legs).toHaveLength(3)
    expect(begun()).toEqual({ conversation: 'after one', replaces: undefined })
    agent.leg().send(open(), text(1, '2'))
    agent.leg().close()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(agent.leg().messages).toEqual([])
    expect(begun()).toEqual({ conversation: undefined, replaces: undefined })
  })

  it('go on from the last that has a conversation, where one has failed', async () => {
    const { session } = await page()
    await session.send('One')
    await answered('1', ends('after one'))
    await session.send('Two')
    await answered('', { ...ends(), outcome: { type: 'failed', code: 'overloaded' } } as Update)
    await session.send('Three')
    await settle()
    expect(begun()).toEqual({ conversation: 'after one', replaces: undefined })
  })

  it('begin anew where the server has lost the conversation', async () => {
    const { session } = await page()
    await session.send('One')
    await answered('1', ends('after one'))
    await session.send('Two')
    await answered('', { ...ends(), outcome: { type: 'failed', code: 'conversation_lost' } } as Update)
    await session.send('Three')
    await settle()
    expect(begun()).toEqual({ conversation: null, replaces: undefined })
  })

  it('begin anew where a lost one is asked again', async () => {
    const { session } = await page()
    await session.send('One')
    await answered('1', ends('after one'))
    await session.send('Two')
    await answered('', { ...ends(), outcome: { type: 'failed', code: 'conversation_lost' } } as Update)
    await session.regenerate()
    await settle()
    expect(begun()).toEqual({ conversation: null, replaces: agent.legs[1]?.options.runId })
  })
})

describe('asking again', () => {
  it('branches off where the earlier turn did', async () => {
    const { session } = await page()
    await session.send('One')
    await answered('1', ends('after one'))
    await session.send('Two')
    await answered('2', ends('after two'))
    await session.regenerate()
    await settle()
    expect(begun()).toEqual({ conversation: 'after one', replaces: agent.legs[1]?.options.runId })
  })
})

describe('several tabs that ask again', () => {
  const answeredIn = async (hub: TabHub): Promise<readonly [Page, Page]> => {
    const first = await page({ tabs: hub.tab() })
    await first.session.send('One')
    await answered('1', ends('after one'))
    const second = await page({ tabs: hub.tab() })
    await settle()
    return [first, second]
  }

  it('at the same moment ask once', async () => {
    const tabs = await answeredIn(createTabHub())
    const results = await Promise.all(tabs.map(({ session }) => session.regenerate()))
    expect(results.map(({ accepted }) => accepted).toSorted()).toEqual([false, true])
    await answered('again', ends('after one'))
    await vi.advanceTimersByTimeAsync(50)
    expect(agent.legs).toHaveLength(2)
    for (const tab of tabs) expect(texts(tab)).toEqual(['One', 'again'])
  })

  it('show the new answer in the place of the old one, also where one of them has gone right after', async () => {
    const [first, second] = await answeredIn(createTabHub())
    await first.session.regenerate()
    await first.leave()
    await settle()
    await answered('again', ends('after one'))
    await vi.advanceTimersByTimeAsync(50)
    expect(texts(second)).toEqual(['One', 'again'])
    await second.leave()
    expect(texts(await page())).toEqual(['One', 'again'])
  })
})

describe('the last message in another form', () => {
  const idOf = ({ session }: Page, at: number): string => session.getSnapshot().messages[at]?.id ?? ''

  it('takes the place of that message and of its answer', async () => {
    const first = await page()
    await first.session.send('One')
    await answered('1', ends('after one'))
    await first.session.send('Tow')
    await answered('2', ends('after tow'))
    const messageId = idOf(first, 2)
    expect(await first.session.send({ text: 'Two', messageId })).toMatchObject({ accepted: true })
    await settle()
    expect(begun()).toEqual({ conversation: 'after one', replaces: agent.legs[1]?.options.runId })
    await answered('two', ends('after two'))
    expect(texts(first)).toEqual(['One', '1', 'Two', 'two'])
    expect(idOf(first, 2)).toBe(messageId)
    await first.leave()
    expect(texts(await page())).toEqual(['One', '1', 'Two', 'two'])
  })

  it('is refused for an earlier message, and nothing is lost', async () => {
    const first = await page()
    await first.session.send('One')
    await answered('1', ends('after one'))
    await first.session.send('Two')
    await answered('2', ends('after two'))
    expect(await first.session.send({ text: 'Uno', messageId: idOf(first, 0) })).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    expect(texts(first)).toEqual(['One', '1', 'Two', '2'])
    expect(agent.legs).toHaveLength(2)
  })

  it('is refused while its answer is being written', async () => {
    const first = await page()
    await first.session.send('One')
    await settle()
    expect(await first.session.send({ text: 'Uno', messageId: idOf(first, 0) })).toMatchObject({ accepted: false, error: { code: 'busy' } })
    expect(texts(first)[0]).toBe('One')
  })
})

describe('files of a message', () => {
  it.each(['data:image/png;base64,AAAA', 'blob:http://a/1', '//elsewhere/1.png', 'javascript:alert(1)'])('are refused where their bytes would go along: %s', async (url) => {
    const { session } = await page()
    expect(await session.send({ text: 'See', files: [{ url, mediaType: 'image/png' }] })).toMatchObject({ accepted: false, error: { code: 'invalid_request' } })
    expect(agent.legs).toHaveLength(0)
    expect(await store.load('main')).toEqual([])
  })

  it('go along by their addresses, also without words', async () => {
    const { session } = await page()
    await session.send({ text: '', files: [{ url: '/files/1.png', mediaType: 'image/png', filename: '1.png' }] })
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([{ type: 'file', url: '/files/1.png', mediaType: 'image/png', filename: '1.png' }])
    expect(state({ session } as Page)).toEqual({ type: 'starting' })
  })
})
