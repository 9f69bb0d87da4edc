import { memoryRunStore } from '@rejoin/core'
import { cleanup, fireEvent } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, Chat } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

describe('Chat.Composer', () => {
  it('sends with Enter and with the button, empties the input and keeps the focus in it', async () => {
    const { agent, part, user } = await renderChat()
    await user.type(part('input'), 'With Enter{Enter}')
    await frame()
    expect(part('input')).toHaveProperty('value', '')
    expect(document.activeElement).toBe(part('input'))
    agent.latest.end()
    await frame()

    await user.type(part('input'), 'With the button')
    await user.click(part('send'))
    await frame()
    expect(part('input')).toHaveProperty('value', '')
    expect(document.activeElement).toBe(part('input'))
    expect(agent.runs.map(({ question }) => question)).toEqual(['With Enter', 'With the button'])
  })

  it('begins a new line with Shift and Enter', async () => {
    const { agent, part, user } = await renderChat()
    await user.type(part('input'), 'one{Shift>}{Enter}{/Shift}two')
    expect(part('input')).toHaveProperty('value', 'one\ntwo')
    expect(agent.runs).toHaveLength(0)
  })

  it.each([
    ['while an input method composes', { isComposing: true }],
    ['right after, as Safari tells it', { keyCode: 229 }],
  ])('leaves Enter to the input method %s', async (_when, keys) => {
    const { agent, part, user } = await renderChat()
    await user.type(part('input'), 'にほん')
    const notPrevented = fireEvent.keyDown(part('input'), { key: 'Enter', ...keys })
    await frame()
    expect(notPrevented).toBe(true)
    expect(agent.runs).toHaveLength(0)
    fireEvent.keyDown(part('input'), { key: 'Enter', keyCode: 13 })
    await frame()
    expect(agent.latest.question).toBe('にほん')
  })

  it('sends once when Enter is pressed twice', async () => {
    const { agent, part, user } = await renderChat()
    await user.type(part('input'), 'Once')
    fireEvent.keyDown(part('input'), { key: 'Enter' })
    fireEvent.keyDown(part('input'), { key: 'Enter' })
    await frame()
    fireEvent.keyDown(part('input'), { key: 'Enter' })
    await frame()
    expect(agent.runs).toHaveLength(1)
    expect(part('status').dataset['errorCode']).toBeUndefined()
  })

  it('keeps what is typed while the message is being stored', async () => {
    const store = memoryRunStore()
    const { promise, resolve } = Promise.withResolvers<void>()
    const { part, user } = await renderChat(undefined, {
      store: { ...store, begin: (start) => promise.then(() => store.begin(start)) },
    })
    await user.type(part('input'), 'First{Enter}')
    await user.type(part('input'), ', and then')
    resolve()
    await frame()
    expect(part('input')).toHaveProperty('value', ', and then')
  })

  it('keeps what is typed while an answer is written', async () => {
    const { agent, ask, part, user } = await renderChat()
    await ask('First')
    await user.type(part('input'), 'Then')
    agent.latest.text('One')
    agent.latest.end()
    await frame()
    expect(part('input')).toHaveProperty('value', 'Then')
  })

  it('leaves the event to handlers that prevent its default', async () => {
    const { agent, part, user } = await renderChat(
      <Chat.Root session="s">
        <Chat.Composer onSubmit={(event) => event.preventDefault()}>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>,
    )
    await user.type(part('input'), 'Mine{Enter}')
    await frame()
    expect(agent.runs).toHaveLength(0)
    expect(part('input')).toHaveProperty('value', 'Mine')
  })

  it('calls the handlers it is given besides its own', async () => {
    const [onChange, onKeyDown, onClick] = [vi.fn<() => void>(), vi.fn<() => void>(), vi.fn<() => void>()]
    const { part, user, agent } = await renderChat(
      <Chat.Root session="s">
        <Chat.Composer>
          <Chat.Input onChange={onChange} onKeyDown={onKeyDown} />
          <Chat.Send onClick={onClick} />
        </Chat.Composer>
      </Chat.Root>,
    )
    await user.type(part('input'), 'ab')
    await user.click(part('send'))
    await frame()
    expect([onChange, onKeyDown, onClick].map((handler) => handler.mock.calls.length)).toEqual([2, 2, 1])
    expect(agent.latest.question).toBe('ab')
  })

  it('takes a placeholder', async () => {
    const { part } = await renderChat(<BackgroundAgentChat session="s" placeholder="Ask about sales" />)
    expect(part('input')).toHaveProperty('placeholder', 'Ask about sales')
  })
})
