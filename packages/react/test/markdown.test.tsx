import { cleanup } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import { BackgroundAgentChat, Chat } from '../src/index.ts'
import { markdownBlock } from '../src/markdown.tsx'
import { frame } from './support/frame.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

describe('markdownBlock', () => {
  it('renders each block as Markdown while the text grows', async () => {
    const { agent, ask, parts } = await renderChat(<BackgroundAgentChat session="s" renderBlock={markdownBlock} />)
    await ask('Report')
    agent.latest.text('# Sales\n\nUp by **4 %**.\n\n| Region | Sum |\n|---|---|\n| North | 12 |\n\n```js\na\n\nb\n```\n\n- one\n- two')
    await frame()
    const tags = [...(parts('text')[1]?.children ?? [])].map(({ tagName }) => tagName)
    expect(tags).toEqual(['H1', 'P', 'TABLE', 'PRE', 'UL'])
    const heading = parts('text')[1]?.querySelector('h1')
    agent.latest.text('\n- three')
    await frame()
    expect(parts('text')[1]?.querySelectorAll('li')).toHaveLength(3)
    expect(parts('text')[1]?.querySelector('h1')).toBe(heading)
  })

  it('brings no scripts and no raw HTML', async () => {
    const { part } = await renderChat(
      <Chat.Text text={'<img src=x onerror=alert(1)> <script>1</script> [link](javascript:alert(1))'} renderBlock={markdownBlock} />,
    )
    expect(part('text').querySelector('img, script')).toBeNull()
    expect(part('text').querySelector('a')?.getAttribute('href')).toBe('')
  })

  it('loads no image by itself, and leads to it', async () => {
    const { part } = await renderChat(
      <Chat.Text text={'![A chart](https://tracker.test/?q=secret) and ![](https://tracker.test/2)'} renderBlock={markdownBlock} />,
    )
    expect(part('text').querySelector('img')).toBeNull()
    const links = [...part('text').querySelectorAll('a')].map(({ href, textContent, rel }) => [href, textContent, rel])
    expect(links).toEqual([
      ['https://tracker.test/?q=secret', 'A chart', 'noopener noreferrer nofollow'],
      ['https://tracker.test/2', 'Image', 'noopener noreferrer nofollow'],
    ])
  })
})
