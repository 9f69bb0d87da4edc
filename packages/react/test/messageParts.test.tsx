import { type ChatMessage, type FilePart, type MessagePart, type SourceUrlPart, type ToolPart } from '@rejoin/core'
import { cleanup } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, Chat, type RenderBlock, type RenderMessage } from '../src/index.ts'
import { maxShownJson } from '../src/parts/shortJson.ts'
import { frame } from './support/frame.ts'
import { renderChat, type ChatPage } from './support/renderChat.tsx'

afterEach(cleanup)

const tool = (part: Partial<ToolPart> = {}): ToolPart => ({ type: 'tool', id: 't', name: 'search', state: 'input-available', ...part })
const file = (part: Partial<FilePart>): FilePart => ({ type: 'file', id: 'f', mediaType: 'text/csv', url: '/f', ...part })
const link = (id: string, url: string, title?: string): SourceUrlPart => ({ type: 'source-url', id, url, ...(title !== undefined && { title }) })
const answer = (...parts: MessagePart[]): ChatMessage => ({ id: 'a', role: 'assistant', parts })
const show = (...parts: MessagePart[]): Promise<ChatPage> => renderChat(<Chat.Message message={answer(...parts)} />)

/** What stands in the last message, in order. */
function namesIn({ parts }: ChatPage): (string | undefined)[] {
  return [...(parts('message').at(-1)?.children ?? [])].map((element) => (element instanceof HTMLElement ? element.dataset['chatPart'] : 'none'))
}

describe('a message', () => {
  it('shows every part in order, its sources together at the end, and leaves data to the app', async () => {
    const page = await show(
      { type: 'reasoning', text: 'Hm' },
      link('s1', 'https://example.com/a'),
      tool(),
      { type: 'text', text: 'One' },
      { type: 'source-document', id: 's2', filename: 'b.pdf' },
      { type: 'data', id: 'd', name: 'total', data: 1 },
      file({}),
      { type: 'refusal', text: 'No' },
      { type: 'text', text: 'Two' },
    )
    expect(namesIn(page)).toEqual(['reasoning', 'tool', 'text', 'file', 'refusal', 'text', 'sources'])
    expect(page.parts('source').map(({ textContent }) => textContent)).toEqual(['example.com', 'b.pdf'])
  })

  it.each<[string, MessagePart]>([
    ['a tool', tool()],
    ['a thought', { type: 'reasoning', text: 'Hm' }],
    ['a refusal', { type: 'refusal', text: 'No' }],
    ['a source', link('s', 'https://example.com')],
    ['a file', file({})],
    ['a question', { type: 'request', kind: 'input', id: 'r', prompt: 'Which?' }],
    ['an answer', { type: 'answer', kind: 'approval', request: 'r', approved: true }],
  ])('is not hidden where there is %s in it', async (_what, piece) => {
    expect((await show({ type: 'text', text: '' }, piece)).part('message').hidden).toBe(false)
  })

  it('is hidden while there is nothing to show', async () => {
    const nothing: MessagePart[] = [{ type: 'text', text: '' }, { type: 'reasoning', text: '' }, { type: 'refusal', text: '' }]
    const page = await show(...nothing, { type: 'data', id: 'd', name: 'total', data: 1 })
    expect(page.part('message').hidden).toBe(true)
    expect(namesIn(page)).toEqual(['text'])
  })

  it('of the app shows the data that the app renders', async () => {
    const message = answer({ type: 'data', id: 'd', name: 'total', data: 12 })
    const { part } = await renderChat(
      <Chat.Message message={message}>
        {message.parts.map((piece) => (piece.type === 'data' ? <b key={piece.id}>{String(piece.data)}</b> : null))}
      </Chat.Message>,
    )
    expect([part('message').hidden, part('message').textContent]).toEqual([false, '12'])
  })

  it('passes over a part of a kind that is not known', async () => {
    // As a newer server would send it to an app that reads messages itself.
    const unknown: MessagePart = JSON.parse('{"type":"hologram","id":"h"}')
    expect(namesIn(await show(unknown, { type: 'text', text: 'One' }))).toEqual(['text'])
  })
})

describe('what a delta costs', () => {
  it('is one part, whatever stands beside it', async () => {
    const renderBlock = vi.fn<RenderBlock>((block) => <p>{block}</p>)
    const { agent, ask } = await renderChat(<BackgroundAgentChat session="s" renderBlock={renderBlock} />)
    await ask('Write')
    const read = vi.fn<(name: string) => void>()
    const watched = <T extends object, K extends keyof T & string>(piece: T, name: K): T =>
      Object.defineProperty({ ...piece }, name, {
        enumerable: true,
        get() {
          read(name)
          return piece[name]
        },
      })
    agent.latest.delta('reasoning', 'r', 'A thought')
    agent.latest.part(watched(tool(), 'name'))
    agent.latest.part(watched(file({}), 'mediaType'))
    agent.latest.delta('text', 'one', 'First')
    agent.latest.part(watched(link('s', 'https://example.com', 'A title'), 'title'))
    agent.latest.delta('text', 'two', 'Second')
    await frame()
    expect(new Set(read.mock.calls.flat())).toEqual(new Set(['name', 'mediaType', 'title']))
    renderBlock.mockClear()
    read.mockClear()
    agent.latest.delta('text', 'two', ' more')
    await frame()
    agent.latest.delta('text', 'one', ' more')
    await frame()
    expect(renderBlock.mock.calls.map(([block]) => block)).toEqual(['Second more', 'First more'])
    expect(read.mock.calls).toEqual([])
  })

  it('leaves the elements of the other parts as they are', async () => {
    const { agent, ask, part, parts } = await renderChat()
    await ask('Write')
    agent.latest.delta('text', 'one', 'First')
    agent.latest.part(tool())
    await frame()
    const before = [parts('text')[1], part('tool')]
    agent.latest.part(tool({ state: 'output-available', output: 1 }))
    agent.latest.delta('text', 'one', ' more')
    await frame()
    expect([parts('text')[1], part('tool')]).toEqual(before)
    expect(part('tool').dataset['toolState']).toBe('output-available')
  })
})

describe('Chat.Reasoning', () => {
  const details = ({ part }: ChatPage): HTMLDetailsElement => {
    const element = part('reasoning')
    if (!(element instanceof HTMLDetailsElement)) throw new Error('Reasoning can not be opened.')
    return element
  }
  const words = (page: ChatPage): (string | null | undefined)[] => [...details(page).children].map(({ textContent }) => textContent)

  it('is open while it is written and nothing else has come, then closed', async () => {
    const page = await renderChat()
    await page.ask('Why?')
    page.agent.latest.delta('reasoning', 'r', 'Let me ')
    page.agent.latest.delta('reasoning', 'r', 'see')
    await frame()
    expect(details(page).open).toBe(true)
    expect(details(page).dataset['writing']).toBe('true')
    expect(words(page)).toEqual(['Thinking…', 'Let me see'])
    page.agent.latest.text('Because')
    await frame()
    expect(details(page).open).toBe(false)
    expect(details(page).dataset['writing']).toBeUndefined()
    expect(words(page)).toEqual(['What the agent thought', 'Let me see'])
  })

  it('is closed when the answer ends with it', async () => {
    const page = await renderChat()
    await page.ask('Why?')
    page.agent.latest.delta('reasoning', 'r', 'Hm')
    page.agent.latest.end({ type: 'cancelled' })
    await frame()
    expect(details(page).open).toBe(false)
  })

  it('stays as the person has left it while more is written, and after it', async () => {
    const page = await renderChat()
    await page.ask('Why?')
    page.agent.latest.delta('reasoning', 'r', 'Hm')
    await frame()
    details(page).open = false
    page.agent.latest.delta('reasoning', 'r', ', well')
    await frame()
    expect(details(page).open).toBe(false)
    page.agent.latest.text('Because')
    await frame()
    details(page).open = true
    page.agent.latest.text(' of that')
    page.agent.latest.end()
    await frame()
    expect(details(page).open).toBe(true)
  })

  it('is never read out by itself', async () => {
    const page = await show({ type: 'reasoning', text: 'Hm' })
    expect(details(page).getAttribute('aria-live')).toBe('off')
  })

  it('renders its text in blocks, finished ones once', async () => {
    const renderBlock = vi.fn<RenderBlock>((block) => <p>{block}</p>)
    const { agent, ask } = await renderChat(<BackgroundAgentChat session="s" renderBlock={renderBlock} />)
    await ask('Why?')
    agent.latest.delta('reasoning', 'r', 'One\n\nTwo')
    await frame()
    renderBlock.mockClear()
    agent.latest.delta('reasoning', 'r', '!')
    await frame()
    expect(renderBlock.mock.calls).toEqual([['Two!', { open: true, index: 1 }]])
  })

  it('knows by itself whether it is written, in a message of the app', async () => {
    const own: RenderMessage = (message) => (
      <Chat.Message message={message}>
        {message.parts.map((piece, at) => (piece.type === 'reasoning' ? <Chat.Reasoning key={at} part={piece} /> : null))}
      </Chat.Message>
    )
    const page = await renderChat(
      <Chat.Root session="s">
        <Chat.Messages>{own}</Chat.Messages>
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>,
    )
    await page.ask('Why?')
    page.agent.latest.delta('reasoning', 'r', 'Hm')
    await frame()
    expect(details(page).open).toBe(true)
    page.agent.latest.text('Because')
    await frame()
    expect(details(page).open).toBe(false)
  })
})

describe('Chat.Refusal', () => {
  it('says in words that it is one', async () => {
    const { part } = await show({ type: 'refusal', text: 'That is private.' })
    expect(part('refusal').textContent).toBe('The agent declines:That is private.')
  })
})

describe('Chat.Tool', () => {
  const value = ({ part }: ChatPage, name: string): string | null | undefined => part('tool').querySelector(`[data-tool=${name}] code`)?.textContent

  it('says its name and how far it is, while the answer goes on', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Look it up')
    const states: [ToolPart['state'], string][] = [
      ['input-streaming', 'Getting ready…'],
      ['input-available', 'Running…'],
      ['output-available', 'Done'],
      ['output-error', 'Failed'],
    ]
    for (const [state, words] of states) {
      agent.latest.part(tool({ state }))
      // oxlint-disable-next-line no-await-in-loop
      await frame()
      expect(part('tool').textContent).toBe(`search ${words}`)
      expect(part('tool').dataset).toMatchObject({ toolName: 'search', toolState: state })
    }
  })

  it('that the answer has left behind is not said to run', async () => {
    expect((await show(tool())).part('tool').textContent).toBe('search Not finished')
  })

  it('shows what went in and what came out as compact JSON, behind summaries', async () => {
    const page = await show(tool({ state: 'output-available', input: { q: 'a <b>' }, output: null }))
    expect([value(page, 'input'), value(page, 'output')]).toEqual(['{"q":"a <b>"}', 'null'])
    const all = [...page.part('tool').querySelectorAll('details')]
    expect(all.map((details) => [details.open, details.querySelector('summary')?.textContent])).toEqual([
      [false, 'Input'],
      [false, 'Output'],
    ])
  })

  it('shows the beginning of a long value, and how long it is', async () => {
    const page = await show(tool({ output: 'x'.repeat(1_000_000) }))
    const shown = value(page, 'output') ?? ''
    expect(shown.length).toBeLessThan(maxShownJson + 60)
    expect(shown).toMatch(/^"x+… \(1.000.002 characters in all\)$/)
  })

  it('tears no character apart where it cuts', async () => {
    for (const before of ['', 'x']) {
      // oxlint-disable-next-line no-await-in-loop
      const page = await show(tool({ output: before + '😀'.repeat(maxShownJson) }))
      expect(value(page, 'output')).toMatch(/^"x?(😀)+…/u)
      cleanup()
    }
  })

  it('says what became of a call that was not made, or may have done its work', async () => {
    const words = {
      invalid_input: 'Not called: its input did not fit',
      tool_interrupted: 'Called, but its result was lost; it was not called again',
      constructor: 'Failed',
    }
    for (const [errorCode, word] of Object.entries(words)) {
      // oxlint-disable-next-line no-await-in-loop
      const { part } = await show(tool({ state: 'output-error', errorCode }))
      expect(part('tool').textContent).toBe(`search ${word}`)
      cleanup()
    }
  })

  it('names the error by its code only', async () => {
    const { part } = await show(tool({ state: 'output-error', errorCode: 'timeout' }))
    expect(part('tool').dataset['errorCode']).toBe('timeout')
    expect(part('tool').textContent).toBe('search Failed')
  })
})

describe('Chat.Sources', () => {
  it('numbers links that give away nothing and open elsewhere', async () => {
    const { part, parts } = await show(link('s', 'https://example.com/a?b', 'A title'))
    expect([part('sources').tagName, part('sources').getAttribute('aria-label')]).toEqual(['OL', 'Sources'])
    const anchor = parts('source')[0]?.querySelector('a')
    expect(['href', 'target', 'rel'].map((name) => anchor?.getAttribute(name))).toEqual(['https://example.com/a?b', '_blank', 'noopener noreferrer nofollow'])
    expect(anchor?.textContent).toBe('A title')
  })

  it.each(['javascript:alert(1)', 'JavaScript:alert(1)', ' https://example.com', 'data:text/html,<script>', '//example.com', 'https:evil', 'ftp://example.com'])(
    'makes no link of %s',
    async (url) => {
      const { container, part } = await show(link('s', url, 'A title'))
      expect(container.querySelector('a')).toBeNull()
      expect(part('source').textContent).toBe('A title')
    },
  )

  it('names a page without a title by its host, and the real one', async () => {
    const { part } = await show(link('s', 'https://google.com@example.org/path', '  '))
    expect(part('source').textContent).toBe('example.org')
  })

  it.each(['javascript:alert(1)', ' data:text/html,x', 'mailto:a@example.org', 'somewhere'])('names what has no host by its address: %s', async (url) => {
    const { part } = await show(link('s', url))
    expect(part('source').textContent).toBe(url)
  })

  it('names what is cited twice once', async () => {
    const { parts } = await show(
      link('s1', 'https://example.com/a', 'A'),
      link('s2', 'https://example.com/a', 'A'),
      { type: 'source-document', id: 's3', filename: 'b.pdf' },
      { type: 'source-document', id: 's4', filename: 'b.pdf' },
      link('s5', 'https://example.com/c', 'C'),
    )
    expect(parts('source').map(({ textContent, dataset }) => [textContent, dataset['source']])).toEqual([
      ['A', 'url'],
      ['b.pdf', 'document'],
      ['C', 'url'],
    ])
  })

  it('are those of the message around them, and nothing where it has none', async () => {
    const page = (message: ChatMessage): ReactNode => (
      <Chat.Message message={message}>
        <Chat.Sources />
      </Chat.Message>
    )
    const { parts, rerender } = await renderChat(page(answer(link('s', 'https://example.com'))))
    expect(parts('source')).toHaveLength(1)
    rerender(page(answer({ type: 'text', text: 'None' })))
    expect(parts('sources')).toEqual([])
  })
})

describe('Chat.File', () => {
  it('shows an image with its name as the alternative, and tells its server nothing', async () => {
    const { part } = await show(file({ mediaType: 'image/png', url: 'https://example.com/c.png', filename: 'A chart' }))
    const image = part('file').querySelector('img')
    expect(['src', 'alt', 'referrerpolicy'].map((name) => image?.getAttribute(name))).toEqual(['https://example.com/c.png', 'A chart', 'no-referrer'])
    expect(part('file').dataset['mediaType']).toBe('image/png')
  })

  it('gives an image without a name an alternative all the same', async () => {
    const { part } = await show(file({ mediaType: 'image/png', url: 'data:image/png,' }))
    expect(part('file').querySelector('img')?.alt).toBe('Image')
  })

  it('is a link with the name of any other file', async () => {
    const { part } = await show(file({ filename: 'sales.csv', url: 'data:text/csv,a' }))
    const anchor = part('file').querySelector('a')
    expect(['href', 'download', 'rel'].map((name) => anchor?.getAttribute(name))).toEqual(['data:text/csv,a', 'sales.csv', 'noopener noreferrer nofollow'])
    expect(anchor?.textContent).toBe('sales.csv')
  })

  it.each(['text/csv', 'image/png'])('of %s loads nothing from an address that is none', async (mediaType) => {
    const { part } = await show(file({ mediaType, url: 'javascript:alert(1)', filename: 'sales' }))
    expect(part('file').innerHTML).toBe('sales')
  })
})
