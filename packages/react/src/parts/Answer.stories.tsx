import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Answer> = { title: 'Parts/Answer', component: Chat.Answer, parameters: chat({ ask: null }) }
export default meta

type Story = StoryObj<typeof Chat.Answer>

export const Words: Story = {
  args: { part: { type: 'answer', kind: 'input', request: 'region', text: 'The north,\nand the south.' } },
  async play({ canvas }) {
    await expect(canvas.getByText(/The north/)).toBeVisible()
  },
}

export const Yes: Story = {
  args: { part: { type: 'answer', kind: 'approval', request: 'removal', approved: true } },
  async play({ canvas }) {
    await expect(canvas.getByText('Approved')).toBeVisible()
  },
}

/** With what the person has to say to it. */
export const No: Story = {
  args: { part: { type: 'answer', kind: 'approval', request: 'removal', approved: false, text: 'Mark them instead.' } },
  async play({ canvas }) {
    await expect(canvas.getByText('Declined')).toBeVisible()
    await expect(canvas.getByText('Mark them instead.')).toBeVisible()
  },
}
