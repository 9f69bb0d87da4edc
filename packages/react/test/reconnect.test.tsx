import { RejoinError } from '@rejoin/core'
import { cleanup } from '@testing-library/react'
import { type MouseEvent, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Chat } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat, type ChatPage } from './support/renderChat.tsx'

afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
})

const longWaits = { baseMs: 60_000, capMs: 60_000, random: () => 1 }

function offline(): void {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  window.dispatchEvent(new Event('offline'))
}

/** It has asked, and the server is away. */
async function waiting(children?: ReactNode): Promise<ChatPage> {
  const agent = manualAgent()
  agent.refuse(new RejoinError('unreachable'))
  const page = await renderChat(children, { agent, backoff: longWaits })
  await page.ask('Hello?')
  return page
}

describe('the button for the next try', () => {
  it('is hidden while nothing is waited for', async () => {
    const { agent, ask, part } = await renderChat()
    expect(part('reconnect').hidden).toBe(true)
    await ask('Why?')
    expect(part('reconnect').hidden).toBe(true)
    agent.latest.end()
    await frame()
    expect(part('reconnect').hidden).toBe(true)
  })

  it('makes the try that is waited for at once, by the keyboard, and then gives the focus to the input', async () => {
    const { agent, part, user } = await waiting()
    expect([part('reconnect').hidden, part('reconnect').textContent]).toEqual([false, 'Try again now'])
    agent.refuse(null)
    part('reconnect').focus()
    await user.keyboard('{Enter}')
    await frame()
    expect(agent.latest.question).toBe('Hello?')
    agent.latest.text('Here')
    await frame()
    expect([part('reconnect').hidden, document.activeElement]).toEqual([true, part('input')])
  })

  it('keeps the focus over a try that fails', async () => {
    const { part, user } = await waiting()
    part('reconnect').focus()
    await user.keyboard(' ')
    await frame()
    expect([part('reconnect').hidden, document.activeElement]).toEqual([false, part('reconnect')])
    expect(part('root').dataset['runState']).toBe('reconnecting')
  })

  it('says that it is tried, and tries no second time meanwhile', async () => {
    const { agent, part, user } = await waiting()
    const answer = agent.holdStreams()
    await user.click(part('reconnect'))
    await frame()
    expect(part('reconnect').textContent).toBe('Trying again…')
    expect([part('reconnect').getAttribute('aria-disabled'), part('reconnect').dataset['trying']]).toEqual(['true', 'true'])
    await user.click(part('reconnect'))
    answer()
    await frame()
    expect(part('reconnect').textContent).toBe('Try again now')
  })

  it('is there offline, and reaches a server that the browser does not know of', async () => {
    const agent = manualAgent()
    const { ask, part, user } = await renderChat(undefined, { agent })
    offline()
    agent.refuse(new RejoinError('unreachable'))
    await ask('Hello?')
    expect([part('reconnect').hidden, part('status').textContent]).toEqual([false, expect.stringMatching(/^You are offline/)])
    agent.refuse(null)
    await user.click(part('reconnect'))
    await frame()
    expect(agent.latest.question).toBe('Hello?')
  })

  it('takes other words, and does nothing where the app has seen to the press', async () => {
    const press = vi.fn<(event: MouseEvent) => void>((event) => event.preventDefault())
    const { agent, part, user } = await waiting(
      <Chat.Root session="s">
        <Chat.Reconnect onClick={press}>Once more</Chat.Reconnect>
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>,
    )
    agent.refuse(null)
    expect(part('reconnect').textContent).toBe('Once more')
    await user.click(part('reconnect'))
    await frame()
    expect(press).toHaveBeenCalledOnce()
    expect(part('root').dataset['runState']).toBe('reconnecting')
  })
})
