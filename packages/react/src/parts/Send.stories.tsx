import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Send> = {
  title: 'Parts/Send',
  component: Chat.Send,
  parameters: chat({ ask: null, script: { steps: ['Up.'] } }),
  render: (args) => (
    <>
      <Chat.Status />
      <Chat.Composer>
        <Chat.Input />
        <Chat.Send {...args} />
      </Chat.Composer>
    </>
  ),
}
export default meta

type Story = StoryObj<typeof Chat.Send>

/** Pressed with nothing written: it says why nothing was sent. */
export const NothingToSend: Story = {
  async play({ canvas, userEvent }) {
    const send = canvas.getByRole('button', { name: 'Send' })
    await expect(send).toBeEnabled()
    await userEvent.click(send)
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-error-code', 'empty_message'))
  },
}

export const OwnLabel: Story = {
  args: { children: 'Ask' },
  async play({ canvas }) {
    await expect(canvas.getByRole('button', { name: 'Ask' })).toBeVisible()
  },
}
