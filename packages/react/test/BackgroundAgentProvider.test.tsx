import { memoryRunStore, RejoinError, soloTabs, streamOf, type Agent, type Tabs } from '@rejoin/core'
import { act, cleanup, render } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, useBackgroundAgent, type BackgroundAgent } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

describe('BackgroundAgentProvider', () => {
  it('keeps the connection when the agent is a new object on every render', async () => {
    const agent = manualAgent()
    const { page, rerender, chat } = setUp()
    rerender(page({ agent: anew(agent) }))
    await frame()
    await act(() => chat().sendMessage('Why?'))
    await frame()
    // The agent thinks, and the page renders meanwhile.
    const later = Date.now() + 5_000
    const clock = vi.spyOn(Date, 'now').mockReturnValue(later)
    rerender(page({ agent: anew(agent) }))
    await frame()
    clock.mockRestore()
    agent.latest.text('Because')
    await frame()
    expect(agent.latest.legs).toBe(1)
    expect(chat().messages.at(-1)?.parts).toEqual([{ type: 'text', text: 'Because' }])
  })

  it('stops with the latest agent', async () => {
    const [first, second] = [manualAgent(), manualAgent()]
    const { page, rerender, chat } = setUp()
    rerender(page({ agent: first }))
    await frame()
    await act(() => chat().sendMessage('Why?'))
    await frame()
    rerender(page({ agent: { ...anew(first), cancel: second.cancel } }))
    await act(async () => void chat().stop())
    await frame()
    expect([first.cancels, second.cancels]).toEqual([0, 1])
  })

  it('goes on, with the new agent, where the old one was not signed in', async () => {
    const agent = manualAgent()
    const refusing = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new RejoinError('unauthorized')) }) }
    const signedOut: Agent = {
      ...anew(agent),
      runStreaming: () => streamOf(() => refusing),
    }
    const { page, rerender, chat } = setUp()
    rerender(page({ agent: signedOut }))
    await frame()
    await act(() => chat().sendMessage('Who am I?'))
    await frame()
    expect(chat().run?.state.type).toBe('paused')
    rerender(page({ agent }))
    await frame()
    expect(chat().run?.state.type).toBe('streaming')
  })

  it('shows another user nothing of the one before, whose connection it closes and whose run goes on (row 71)', async () => {
    const agent = manualAgent()
    const { page, rerender, chat } = setUp()
    rerender(page({ agent, user: 'ada' }))
    await frame()
    await act(() => chat().sendMessage('A secret of Ada'))
    await frame()
    expect(agent.latest.open).toBe(1)

    rerender(page({ agent, user: 'bob' }))
    expect(chat().messages).toEqual([])
    await frame()
    await frame()
    expect(chat().messages).toEqual([])
    expect([agent.latest.open, agent.cancels]).toEqual([0, 0])
  })

  it('lets a session go that nobody looks at, once its run has ended', async () => {
    const agent = manualAgent()
    const open = new Set<string>()
    const tabs: Tabs = {
      ...soloTabs(),
      channel(name) {
        open.add(name)
        return { post() {}, close: () => open.delete(name) }
      },
    }
    const { ask, rerender } = await renderChat(<p>The first page</p>, { agent, tabs, strict: true })
    const ofEngine = open.size
    const ofSessions = (): number => open.size - ofEngine
    rerender(<BackgroundAgentChat session="s" />)
    await frame()
    await ask('Why?')
    rerender(<p>Another page</p>)
    await frame()
    expect([ofSessions(), agent.latest.open]).toEqual([1, 1])
    agent.latest.end()
    await frame()
    await frame()
    expect(ofSessions()).toBe(0)
    rerender(<BackgroundAgentChat session="s" />)
    await frame()
    expect(ofSessions()).toBe(1)
    rerender(<p>Another page</p>)
    await frame()
    await frame()
    expect(ofSessions()).toBe(0)
  })

  it('reads nothing before it is mounted, and leaves when it is gone', async () => {
    const agent = manualAgent()
    const { page, rerender, chat, unmount } = setUp()
    rerender(<StrictMode>{page({ agent })}</StrictMode>)
    await frame()
    await act(() => chat().sendMessage('Why?'))
    await frame()
    expect([agent.latest.legs, agent.latest.open]).toEqual([1, 1])
    unmount()
    await frame()
    expect([agent.latest.open, agent.cancels]).toEqual([0, 0])
  })
})

const anew = ({ run, runStreaming, cancel }: Agent): Agent => ({ run, runStreaming, cancel })

interface PageProps {
  agent: Agent
  user?: string | null
}

function setUp() {
  let latest: BackgroundAgent | null = null
  const stores = new Map([
    ['ada', memoryRunStore()],
    ['bob', memoryRunStore()],
  ])
  const nobodys = memoryRunStore()

  function Show(): ReactNode {
    latest = useBackgroundAgent({ session: 's' })
    return null
  }

  return {
    ...render(null),
    chat(): BackgroundAgent {
      if (latest === null) throw new Error('Nothing is rendered.')
      return latest
    },
    page: ({ agent, user = null }: PageProps) => (
      <BackgroundAgentProvider
        agent={agent}
        user={user}
        store={user === null ? nobodys : stores.get(user)}
        tabs={soloTabs()}
        backoff={{ baseMs: 1 }}
      >
        <Show />
      </BackgroundAgentProvider>
    ),
  }
}
