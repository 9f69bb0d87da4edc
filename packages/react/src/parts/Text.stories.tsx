import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever, words } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'
import { markdownBlock } from '../markdown.tsx'

const markdown =
  '## Sales\n\nUp by **4 %**, see [the forecast](https://example.com/forecast).\n\n1. North\n2. South\n\n' +
  '| Region | Sum |\n|---|---|\n| North | 1,204 |\n| South | 987 |\n\n> Not all is counted yet.\n\n```sql\nselect region, sum(total) from sales group by region order by sum(total) desc limit 100\n```'

const meta: Meta<typeof Chat.Text> = { title: 'Parts/Text', component: Chat.Text, parameters: chat({ ask: null }) }
export default meta

type Story = StoryObj<typeof Chat.Text>

/** The text as it is, to the byte. */
export const Plain: Story = {
  args: { text: 'First paragraph,\nin two lines.\n\nSecond **paragraph**.' },
  async play({ canvasElement, args }) {
    await expect(canvasElement.querySelector('[data-chat-part="text"]')?.textContent).toBe(args.text)
  },
}

/** Rendered as Markdown, by `markdownBlock` of `@rejoin/react/markdown`. */
export const Markdown: Story = {
  args: { text: markdown, renderBlock: markdownBlock },
  async play({ canvas }) {
    await expect(canvas.getByRole('heading', { name: 'Sales' })).toBeVisible()
    await expect(canvas.getByRole('link', { name: 'the forecast' })).toHaveAttribute('href', 'https://example.com/forecast')
    await expect(canvas.getAllByRole('row')).toHaveLength(3)
  },
}

/** In the middle of a table: the block that is being written is rendered as far as it is there. */
export const Writing: Story = {
  parameters: chat({ script: { steps: [...words(markdown.slice(0, 140)), forever] }, ask: 'Which region was best?' }),
  render: () => <Chat.Messages>{(message) => <Chat.Message message={message} renderBlock={markdownBlock} />}</Chat.Messages>,
  async play({ canvas }) {
    await expect(await canvas.findByRole('columnheader', { name: 'Region' })).toBeVisible()
  },
}

/** Nothing is wider than the chat: long words break, tables and code scroll. */
export const Narrow: Story = {
  parameters: chat({ ask: null, width: '18rem' }),
  args: { text: `${markdown}\n\nhttps://example.com/${'a-very-long-address/'.repeat(6)}`, renderBlock: markdownBlock },
  async play({ canvasElement }) {
    const root = canvasElement.querySelector('[data-chat-part="root"]')
    await expect(root?.scrollWidth).toBe(root?.clientWidth)
  },
}
