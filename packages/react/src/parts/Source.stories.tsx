import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Source> = {
  title: 'Parts/Source',
  component: Chat.Source,
  parameters: chat({ ask: null }),
  decorators: [(Story) => <ol>{Story()}</ol>],
}
export default meta

type Story = StoryObj<typeof Chat.Source>

export const Page: Story = {
  args: { part: { type: 'source-url', id: 's', url: 'https://example.com/forecast', title: 'The forecast for spring' } },
  async play({ canvas }) {
    await expect(canvas.getByRole('link', { name: 'The forecast for spring' })).toHaveAttribute('href', 'https://example.com/forecast')
  },
}

/** Without a title, the host stands for the page. */
export const PageWithoutTitle: Story = {
  args: { part: { type: 'source-url', id: 's', url: 'https://example.org/a/very/long/address?with=parameters' } },
  async play({ canvas }) {
    await expect(canvas.getByRole('link', { name: 'example.org' })).toBeVisible()
  },
}

export const Document: Story = {
  args: { part: { type: 'source-document', id: 's', filename: 'sales-of-march.pdf' } },
  async play({ canvas }) {
    await expect(canvas.getByText('sales-of-march.pdf')).toBeVisible()
  },
}

/** An agent that was tricked can name any address. What is no web address is no link. */
export const NoWebAddress: Story = {
  args: { part: { type: 'source-url', id: 's', url: 'javascript:alert(1)', title: 'Click here' } },
  async play({ canvas }) {
    await expect(canvas.getByText('Click here')).toBeVisible()
    await expect(canvas.queryByRole('link')).toBeNull()
  },
}
