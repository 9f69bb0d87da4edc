import { textOf, userMessage, type ChatMessage, type FilePart, type SourceUrlPart, type ToolPart } from '@rejoin/core'
import { cleanup, render } from '@testing-library/react'
import { createRef, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, Chat, useBackgroundAgent } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

const message = userMessage('Hello', 'm1')
const tool: ToolPart = { type: 'tool', id: 't', name: 'search', state: 'output-available', input: {}, output: [] }
const source: SourceUrlPart = { type: 'source-url', id: 's', url: 'https://example.com', title: 'Example' }
const file: FilePart = { type: 'file', id: 'f', mediaType: 'image/png', url: 'data:image/png,', filename: 'chart.png' }
const native = { id: 'mine', className: 'mine', style: { order: 3 }, title: 'Mine', 'data-mine': 'yes' }

const inRoot = (part: ReactNode): ReactNode => <Chat.Root session="s">{part}</Chat.Root>

/** Each part with native props, and a ref, where it can stand. */
const parts: [name: string, tag: string, make: (ref: React.RefObject<null>) => ReactNode][] = [
  ['root', 'SECTION', (ref) => <Chat.Root session="s" {...native} ref={ref} />],
  ['messages', 'DIV', (ref) => inRoot(<Chat.Messages {...native} ref={ref} />)],
  ['message', 'ARTICLE', (ref) => <Chat.Message message={message} {...native} ref={ref} />],
  ['text', 'DIV', (ref) => <Chat.Text text="Hello" {...native} ref={ref} />],
  ['reasoning', 'DETAILS', (ref) => <Chat.Reasoning part={{ type: 'reasoning', text: 'Hm' }} {...native} ref={ref} />],
  ['refusal', 'DIV', (ref) => <Chat.Refusal part={{ type: 'refusal', text: 'No' }} {...native} ref={ref} />],
  ['tool', 'DIV', (ref) => <Chat.Tool part={tool} {...native} ref={ref} />],
  ['sources', 'OL', (ref) => <Chat.Sources sources={[source]} {...native} ref={ref} />],
  ['source', 'LI', (ref) => <Chat.Source part={source} {...native} ref={ref} />],
  ['file', 'FIGURE', (ref) => <Chat.File part={file} {...native} ref={ref} />],
  ['status', 'DIV', (ref) => inRoot(<Chat.Status {...native} ref={ref} />)],
  ['reconnect', 'BUTTON', (ref) => inRoot(<Chat.Reconnect {...native} ref={ref} />)],
  ['stop', 'BUTTON', (ref) => inRoot(<Chat.Stop {...native} ref={ref} />)],
  ['composer', 'FORM', (ref) => inRoot(<Chat.Composer {...native} ref={ref} />)],
  ['send', 'BUTTON', (ref) => <Chat.Send {...native} ref={ref} />],
  [
    'input',
    'TEXTAREA',
    (ref) => (
      <Chat.Root session="s">
        <Chat.Composer>
          <Chat.Input {...native} ref={ref} />
        </Chat.Composer>
      </Chat.Root>
    ),
  ],
]

describe.each(parts)('the part %s', (name, tag, make) => {
  it('is one element that takes native props, a ref and keeps its name', async () => {
    const ref = createRef<null>()
    const { part } = await renderChat(make(ref))
    const element = part(name)
    expect(element.tagName).toBe(tag)
    expect(ref.current).toBe(element)
    expect(element.className).toBe('mine')
    expect(element.style.order).toBe('3')
    expect([element.id, element.title, element.dataset['mine']]).toEqual(['mine', 'Mine', 'yes'])
    expect(element.dataset['chatPart']).toBe(name)
  })
})

describe('parts', () => {
  it('have no styles of their own', async () => {
    const { container, ask, agent } = await renderChat()
    await ask('Why?')
    agent.latest.step({ id: 'a', label: 'A', state: 'active', value: 1, total: 2 })
    agent.latest.delta('reasoning', 'r', 'Hm')
    for (const piece of [tool, source, file]) agent.latest.part(piece)
    agent.latest.delta('refusal', 'no', 'No')
    agent.latest.text('Because')
    await frame()
    expect(container.querySelectorAll('[style], [class]')).toHaveLength(0)
  })

  it('take native props and a ref on progress too', async () => {
    const ref = createRef<HTMLDivElement>()
    const { ask, part } = await renderChat(
      <Chat.Root session="s">
        <Chat.Progress className="mine" ref={ref} />
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>,
    )
    await ask('Why?')
    expect(part('progress').className).toBe('mine')
    expect(ref.current).toBe(part('progress'))
  })

  it.each([
    ['Chat.Root', () => <Chat.Status />],
    ['Chat.Composer', () => inRoot(<Chat.Input />)],
  ])('say that they miss a %s', async (missing, page) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await expect(renderChat(page())).rejects.toThrow(`There is no ${missing} above`)
    log.mockRestore()
  })
})

describe('Chat.Root', () => {
  it('has no run to name where nothing was asked', async () => {
    const { part } = await renderChat(<Chat.Root session="s" />)
    expect({ ...part('root').dataset }).toEqual({ chatPart: 'root', status: 'ready' })
  })

  it('says that it is looking for earlier answers until it knows', async () => {
    const { container } = render(null)
    const page = renderChat(<Chat.Root session="s" />, { container })
    const root = container.querySelector<HTMLElement>('[data-chat-part=root]')
    expect(root?.dataset).toMatchObject({ status: 'ready', runState: 'restoring' })
    expect(root?.dataset['runId']).toBeUndefined()
    await page
  })
})

describe('a chat that the app has made', () => {
  function Page({ shout }: { shout: boolean }): ReactNode {
    const chat = useBackgroundAgent({ session: 's' })
    const loud = chat.messages.map((said) => ({ ...said, parts: [{ type: 'text' as const, text: `${textOf(said)}!` }] }))
    return (
      <Chat.Root chat={shout ? { ...chat, messages: loud } : chat}>
        <Chat.Messages />
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>
    )
  }

  it.each([
    ['as it is', false, ['Why?', 'Because']],
    ['or put together by hand', true, ['Why?!', 'Because!']],
  ])('is shown by its parts, %s', async (_how, shout, expected) => {
    const { agent, ask, parts, part } = await renderChat(<Page shout={shout} />)
    await ask('Why?')
    agent.latest.text('Be')
    await frame()
    agent.latest.text('cause')
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(expected)
    expect(part('root').dataset).toMatchObject({ runId: agent.latest.id, status: 'streaming' })
  })
})

describe('Chat.Messages', () => {
  it('is a log with a name, reachable with the keyboard, that is not read out while an answer is written', async () => {
    const { agent, ask, part } = await renderChat()
    const attributes = (): (string | null)[] =>
      ['role', 'aria-label', 'tabindex', 'aria-live', 'aria-busy'].map((name) => part('messages').getAttribute(name))
    expect(attributes()).toEqual(['log', 'Conversation', '0', 'polite', null])
    await ask('Why?')
    expect(attributes()).toEqual(['log', 'Conversation', '0', 'off', null])
    agent.latest.end()
    await frame()
    expect(attributes()).toEqual(['log', 'Conversation', '0', 'polite', null])
  })

  it('names the speaker of each message', async () => {
    const { agent, ask, parts } = await renderChat()
    await ask('Why?')
    agent.latest.text('Because')
    await frame()
    expect(parts('message').map((element) => element.getAttribute('aria-label'))).toEqual(['You', 'Agent'])
  })

  it('stays at its end while text comes, unless the person has scrolled up, and again when they are back', async () => {
    const { agent, ask, part } = await renderChat()
    const log = part('messages')
    let height = 1_000
    let top = 0
    Object.defineProperties(log, {
      clientHeight: { get: () => 300 },
      scrollHeight: { get: () => height },
      scrollTop: {
        get: () => top,
        set(to: number) {
          top = Math.min(to, height - 300)
        },
      },
    })
    async function grow(): Promise<number> {
      height += 100
      agent.latest.text('more ')
      await frame()
      return top
    }
    async function scroll(to: number): Promise<void> {
      top = to
      log.dispatchEvent(new Event('scroll'))
      await frame()
    }
    await ask('Write')
    expect(await grow()).toBe(800)
    await scroll(700)
    expect(await grow()).toBe(700)
    await scroll(height - 300 - 10)
    expect(await grow()).toBe(height - 300)
    await scroll(100)
    agent.latest.end()
    await frame()
    expect(top).toBe(100)
    await ask('Another')
    expect(top).toBe(height - 300)
  })

  it('stays at its end when an image in it has loaded', async () => {
    const picture: ChatMessage = { id: 'a', role: 'assistant', parts: [file] }
    const { part } = await renderChat(<BackgroundAgentChat session="s" initialMessages={[picture]} />)
    const log = part('messages')
    Object.defineProperties(log, { scrollHeight: { get: () => 500 }, scrollTop: { value: 0, writable: true } })
    log.querySelector('img')?.dispatchEvent(new Event('load'))
    expect(log.scrollTop).toBe(500)
  })
})

describe('Chat.Text', () => {
  it('has the very text as its text content, with line ends, spaces and code', async () => {
    const text = '\n\n  Title \n\n\n```js\nconst a = 1\n\nconst b = 2\n```\n\n| a | b |\r\n\r\n- x\n\n  y\n\n👩‍👩‍👧 end  \n\n'
    const { agent, ask, parts } = await renderChat()
    await ask('Write')
    for (const character of text) agent.latest.text(character)
    await frame()
    expect(parts('text')[1]?.textContent).toBe(text)
    agent.latest.end()
    await frame()
    expect(parts('text')[1]?.textContent).toBe(text)
  })

  it('shows all text of the message around it where it is given none', async () => {
    const both = { ...message, parts: [...message.parts, { type: 'text' as const, text: ', world' }] }
    const { part, parts } = await renderChat(
      <Chat.Message message={both}>
        <Chat.Text />
      </Chat.Message>,
    )
    expect(part('text').textContent).toBe('Hello, world')
    expect(parts('text')).toHaveLength(1)
  })

  it('shows each text of a message on its own by default', async () => {
    const both = { ...message, parts: [...message.parts, { type: 'text' as const, text: 'World' }] }
    const { parts } = await renderChat(<Chat.Message message={both} />)
    expect(parts('text').map((element) => element.textContent)).toEqual(['Hello', 'World'])
  })
})
