import { textOf, userMessage, type ChatMessage } from '@rejoin/core'
import { cleanup } from '@testing-library/react'
import { Profiler, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, Chat, useBackgroundAgent, type RenderBlock, type RenderMessage } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

const history: ChatMessage[] = Array.from({ length: 5_000 }, (_, at) =>
  at % 2 === 0
    ? userMessage(`Question ${at}`, `m${at}`)
    : { id: `m${at}`, role: 'assistant', parts: [{ type: 'text', text: `Answer ${at}` }] },
)

describe('what a frame costs', () => {
  function OwnChat(): ReactNode {
    return <BackgroundAgentChat chat={useBackgroundAgent({ session: 's' })} />
  }

  it.each([
    ['a session', <BackgroundAgentChat key="session" session="s" />],
    ['a chat that the app has made', <OwnChat key="chat" />],
  ])('is one commit, however many updates came, for %s (row 73)', async (_what, page) => {
    const onCommit = vi.fn<() => void>()
    const { agent, ask, parts } = await renderChat(
      <Profiler id="chat" onRender={onCommit}>
        {page}
      </Profiler>,
    )
    await ask('Count')
    onCommit.mockClear()
    agent.latest.text(...Array.from({ length: 1_000 }, (_, at) => `${at}\n\n`))
    await frame()
    expect(onCommit).toHaveBeenCalledTimes(1)
    expect(parts('text')[1]?.textContent).toMatch(/^0\n\n1\n\n[^]*999\n\n$/)
  })

  it('does not render 5,000 earlier messages again', async () => {
    const renderMessage = vi.fn<RenderMessage>((message) => <p data-id={message.id}>{textOf(message)}</p>)
    const page: ReactNode = (
      <Chat.Root session="s" initialMessages={history}>
        <Chat.Messages>{renderMessage}</Chat.Messages>
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>
    )
    const { agent, ask } = await renderChat(page)
    expect(renderMessage).toHaveBeenCalledTimes(5_000)
    await ask('Next')
    renderMessage.mockClear()
    for (const delta of ['a', 'b', 'c']) {
      agent.latest.text(delta)
      // oxlint-disable-next-line no-await-in-loop
      await frame()
    }
    expect(renderMessage.mock.calls.map(([message]) => message.id)).toEqual(Array(3).fill(agent.latest.id))
  })

  it('does not make the elements of messages anew when earlier ones are put in front', async () => {
    const { rerender, container } = await renderChat(<BackgroundAgentChat session="s" initialMessages={history.slice(100, 200)} />)
    const last = container.querySelector('[data-message-id="m199"]')
    const first = container.querySelector('[data-message-id="m100"]')
    rerender(<BackgroundAgentChat session="s" initialMessages={history.slice(0, 200)} />)
    expect(container.querySelectorAll('[data-chat-part=message]')).toHaveLength(200)
    expect(container.querySelector('[data-message-id="m199"]')).toBe(last)
    expect(container.querySelector('[data-message-id="m100"]')).toBe(first)
  })

  it('renders only the open block of a text, and a finished one never again', async () => {
    const renderBlock = vi.fn<RenderBlock>((block) => <p>{block}</p>)
    const { agent, ask } = await renderChat(<BackgroundAgentChat session="s" renderBlock={renderBlock} />)
    await ask('Write')
    agent.latest.text(...Array.from({ length: 200 }, (_, at) => `Paragraph ${at}\n\n`))
    await frame()
    renderBlock.mockClear()
    agent.latest.text('The last')
    await frame()
    agent.latest.text(' one')
    await frame()
    agent.latest.end()
    await frame()
    expect(renderBlock.mock.calls).toEqual([
      ['Paragraph 199\n\n', { open: false, index: 199 }],
      ['The last', { open: true, index: 200 }],
      ['The last one', { open: true, index: 200 }],
      ['The last one', { open: false, index: 200 }],
    ])
  })
})
