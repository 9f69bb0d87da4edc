import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Input> = {
  title: 'Parts/Input',
  component: Chat.Input,
  parameters: chat({ ask: null }),
  decorators: [(Story) => <Chat.Composer>{Story()}</Chat.Composer>],
}
export default meta

type Story = StoryObj<typeof Chat.Input>

export const Empty: Story = {
  args: { placeholder: 'Ask something…' },
  async play({ canvas }) {
    await expect(canvas.getByRole('textbox', { name: 'Message' })).toHaveAttribute('placeholder', 'Ask something…')
  },
}

/** Shift and Enter begin a new line; the field grows with what is in it. */
export const SeveralLines: Story = {
  async play({ canvas, userEvent }) {
    const input = canvas.getByRole('textbox', { name: 'Message' })
    const height = input.offsetHeight
    await userEvent.type(input, 'How did March go?{Shift>}{Enter}{/Shift}And April?{Shift>}{Enter}{/Shift}And May?')
    await expect(input).toHaveValue('How did March go?\nAnd April?\nAnd May?')
    await expect(input.offsetHeight).toBeGreaterThan(height)
  },
}
