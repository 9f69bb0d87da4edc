import { RejoinError } from '@rejoin/core'
import { act, cleanup } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, Chat, useBackgroundAgent, type BackgroundAgent } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

const poll = { intervalMs: 1, capMs: 1 }

describe('in poll mode', () => {
  it('a run is asked for and never streamed, and shows its answer whole at its end (row 4)', async () => {
    const { agent, ask, part, parts } = await renderChat(<BackgroundAgentChat session="s" mode="poll" />, { poll })
    await ask('Why?')
    agent.latest.text('Because')
    await frame()
    expect(part('root').dataset).toMatchObject({ runState: 'polling', status: 'submitted' })
    expect(part('status').textContent).toBe('The agent is working in the background. The answer comes when it is ready…')
    expect(parts('message')[1]?.hidden).toBe(true)
    expect(agent.polls.length).toBeGreaterThan(1)
    agent.latest.end()
    await frame()
    expect(parts('text')[1]?.textContent).toBe('Because')
    expect(part('root').dataset['runState']).toBe('completed')
    expect([agent.latest.legs, agent.runs.length]).toEqual([0, 1])
  })

  it('nothing speaks of a connection from the question to the answer', async () => {
    const said = new Set<string>()
    const page = (
      <Chat.Root session="s" mode="poll">
        <Chat.Status>
          {(words, { run }) => {
            said.add(`${run?.state.type} ${words}`)
            return words
          }}
        </Chat.Status>
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>
    )
    const { agent, ask } = await renderChat(page, { poll })
    await ask('Why?')
    await frame()
    await frame()
    agent.latest.end()
    await frame()
    expect([...said].filter((words) => /connect|resum|stream/i.test(words))).toEqual([])
    expect(said.size).toBeGreaterThan(2)
  })

  it('a reload goes on by asking, from its first request on', async () => {
    const { agent, ask, reload, part } = await renderChat(<BackgroundAgentChat session="s" mode="poll" />, { poll, strict: true })
    await ask('Why?')
    const before = agent.polls.length
    await reload()
    expect(agent.polls.length).toBeGreaterThan(before)
    expect([agent.latest.legs, agent.starts.length]).toEqual([0, 1])
    agent.latest.end()
    await frame()
    expect(part('root').dataset['runState']).toBe('completed')
  })

  it('the provider says how often', async () => {
    const { agent, ask } = await renderChat(<BackgroundAgentChat session="s" mode="poll" />, { poll: { intervalMs: 60_000, capMs: 60_000 } })
    await ask('Why?')
    await frame()
    expect(agent.polls).toHaveLength(1)
  })

  it('a hook whose mode changes goes on in the new one, from the next connection on', async () => {
    const page = (mode: 'stream' | 'poll'): ReactNode => (
      <StrictMode>
        <BackgroundAgentChat session="s" mode={mode} />
      </StrictMode>
    )
    const { agent, ask, rerender, parts } = await renderChat(page('stream'), { poll })
    await ask('Why?')
    agent.latest.text('Be')
    await frame()
    expect([agent.latest.legs, agent.polls.length]).toEqual([1, 0])
    rerender(page('poll'))
    agent.latest.cut()
    await frame()
    await frame()
    expect(agent.latest.legs).toBe(1)
    expect(agent.polls.length).toBeGreaterThan(0)
    expect(parts('text')[1]?.textContent).toBe('Be')
    rerender(page('stream'))
    await frame()
    await frame()
    expect(agent.latest.legs).toBe(2)
  })

  it('is said on no element', async () => {
    const { part } = await renderChat(<BackgroundAgentChat session="s" mode="poll" />)
    expect(part('root').hasAttribute('mode')).toBe(false)
  })
})

describe('sendMessage', () => {
  let chat: BackgroundAgent | null = null
  function Page(): ReactNode {
    chat = useBackgroundAgent({ session: 's' })
    return null
  }

  it.each([
    ['a text', 'Why?', { background: false }, false],
    ['an object', { text: 'Why?' }, { background: false }, false],
    ['no option', 'Why?', undefined, true],
  ])('passes on whether the agent may go to the background, with %s (row 1)', async (_what, message, options, background) => {
    const { agent } = await renderChat(<Page />)
    await act(() => chat?.sendMessage(message, options))
    await frame()
    expect(agent.starts.map((start) => start.background)).toEqual([background])
  })

  it('that was refused a connection repeats it with the start (row 1)', async () => {
    const agent = manualAgent()
    const refuse = vi.spyOn(agent, 'runStreaming')
    agent.refuse(new RejoinError('unreachable'))
    await renderChat(<Page />, { agent })
    await act(() => chat?.sendMessage('Why?', { background: false }))
    await frame()
    agent.refuse(null)
    await frame()
    await frame()
    expect(refuse.mock.calls.length).toBeGreaterThan(1)
    expect(refuse.mock.calls.every(([, { background }]) => background === false)).toBe(true)
    expect(agent.starts).toHaveLength(1)
  })
})
