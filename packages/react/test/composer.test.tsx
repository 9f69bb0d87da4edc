import { memoryRunStore, RejoinError, soloTabs, streamOf, type Agent, type RejoinErrorCode, type RunStore } from '@rejoin/core'
import { cleanup, fireEvent } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, Chat } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
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

describe('a message that the server refuses after it was accepted here', () => {
  it.each<RejoinErrorCode>(['busy', 'too_large', 'too_many_runs'])('comes back when it is %s', async (code) => {
    const { agent, refuse } = refusing(code)
    const { ask, part } = await renderChat(<Asking agent={agent} />)
    await ask('A long story')
    expect(part('input')).toHaveProperty('value', '')
    await refuse()
    expect(part('input')).toHaveProperty('value', 'A long story')
    expect(part('status').dataset['errorCode']).toBe(code)
  })

  it('comes back once: who has given it up does not find it again', async () => {
    const { agent, refuse } = refusing('too_large')
    const { ask, part, rerender, user } = await renderChat(<Asking agent={agent} session="a" />)
    await ask('A long story')
    await refuse()
    await user.clear(part('input'))
    for (const session of ['b', 'a']) {
      rerender(<Asking agent={agent} session={session} />)
      await frame()
    }
    expect(part('input')).toHaveProperty('value', '')
  })

  it('stays away where something was typed since', async () => {
    const { agent, refuse } = refusing('too_large')
    const { ask, part, user } = await renderChat(<Asking agent={agent} />)
    await ask('A long story')
    await user.type(part('input'), 'And then')
    await refuse()
    expect(part('input')).toHaveProperty('value', 'And then')
    await user.clear(part('input'))
    await frame()
    expect(part('input')).toHaveProperty('value', '')
  })

  it('comes back to its own session, whatever was sent in another', async () => {
    const { agent, refuse } = refusing('too_large')
    const { ask, part, rerender } = await renderChat(<Asking agent={agent} session="a" />)
    await ask('In A')
    rerender(<Asking agent={agent} session="b" />)
    await frame()
    await ask('In B')
    await refuse()
    expect(part('input')).toHaveProperty('value', 'In B')
    rerender(<Asking agent={agent} session="a" />)
    await frame()
    expect(part('input')).toHaveProperty('value', 'In A')
  })

  it('stays away where the run has failed for another reason', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Why?')
    agent.latest.end({ type: 'failed', code: 'agent_failed' })
    await frame()
    expect(part('input')).toHaveProperty('value', '')
  })
})

describe('a draft', () => {
  it('is one user’s: the next one finds an empty input', async () => {
    const agent = manualAgent()
    const { part, rerender, user } = await renderChat(<Asking agent={agent} as="ada" />)
    await user.type(part('input'), 'A secret of Ada')
    rerender(<Asking agent={agent} as="bob" />)
    expect(part('input')).toHaveProperty('value', '')
    await frame()
    rerender(<Asking agent={agent} as="ada" />)
    expect(part('input')).toHaveProperty('value', '')
  })

  it('and a send are one user’s: what was being stored touches nothing of the next one', async () => {
    const agent = manualAgent()
    const { promise, resolve } = Promise.withResolvers<void>()
    const store = memoryRunStore()
    const slow: RunStore = { ...store, begin: (start) => promise.then(() => store.begin(start)) }
    const { part, rerender, user } = await renderChat(<Asking agent={agent} as="ada" store={slow} />)
    await user.type(part('input'), 'Hello{Enter}')
    rerender(<Asking agent={agent} as="bob" />)
    await frame()
    await user.type(part('input'), 'Hello, I am Bob')
    resolve()
    await frame()
    expect(part('input')).toHaveProperty('value', 'Hello, I am Bob')
  })

  it('can be sent while the message of the user before is still being stored', async () => {
    const agent = manualAgent()
    const never: RunStore = { ...memoryRunStore(), begin: () => new Promise(() => {}) }
    const { ask, part, rerender, user } = await renderChat(<Asking agent={agent} as="ada" store={never} />)
    await user.type(part('input'), 'Of Ada{Enter}')
    rerender(<Asking agent={agent} as="bob" />)
    await frame()
    await ask('Of Bob')
    expect(agent.runs.map(({ question }) => question)).toContain('Of Bob')
    expect(part('input')).toHaveProperty('value', '')
  })
})

interface AskingProps {
  agent: Agent
  as?: string
  session?: string
  store?: RunStore
}

/** A chat below a provider of its own, to change whose it is. */
function Asking({ agent, as = 'ada', session = 's', store = stores.get(as) }: AskingProps): ReactNode {
  return (
    <BackgroundAgentProvider agent={agent} user={as} store={store} tabs={soloTabs()}>
      <BackgroundAgentChat session={session} />
    </BackgroundAgentProvider>
  )
}

const stores = new Map<string, RunStore>()
beforeEach(() => {
  stores.set('ada', memoryRunStore()).set('bob', memoryRunStore())
})

/** An agent that says no, once it is told to. */
function refusing(code: RejoinErrorCode): { agent: Agent; refuse(): Promise<void> } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  const { run, cancel } = manualAgent()
  const never = { [Symbol.asyncIterator]: () => ({ next: () => promise }) }
  return {
    agent: { run, cancel, runStreaming: () => streamOf(() => never) },
    async refuse() {
      reject(new RejoinError(code))
      await frame()
      await frame()
    },
  }
}
