import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 120"><rect width="320" height="120" fill="#e7ecf8"/>' +
  '<path d="M20 100 90 70 160 80 230 40 300 20" fill="none" stroke="#2f5bd0" stroke-width="4"/></svg>'

const meta: Meta<typeof Chat.File> = { title: 'Parts/File', component: Chat.File, parameters: chat({ ask: null }) }
export default meta

type Story = StoryObj<typeof Chat.File>

export const Image: Story = {
  args: {
    part: {
      type: 'file',
      id: 'chart',
      mediaType: 'image/svg+xml',
      url: `data:image/svg+xml,${encodeURIComponent(picture)}`,
      filename: 'Sales, rising',
    },
  },
  async play({ canvas }) {
    await expect(canvas.getByRole('img', { name: 'Sales, rising' })).toBeVisible()
  },
}

export const Download: Story = {
  args: { part: { type: 'file', id: 'csv', mediaType: 'text/csv', url: 'data:text/csv,week,sum', filename: 'sales.csv' } },
  async play({ canvas }) {
    await expect(canvas.getByRole('link', { name: 'sales.csv' })).toHaveAttribute('download', 'sales.csv')
  },
}

/** What has no address to be loaded from safely is named and no more. */
export const NoFileAddress: Story = {
  args: { part: { type: 'file', id: 'page', mediaType: 'text/html', url: 'javascript:alert(1)', filename: 'page.html' } },
  async play({ canvas }) {
    await expect(canvas.getByText('page.html')).toBeVisible()
    await expect(canvas.queryByRole('link')).toBeNull()
  },
}
