import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat, networkOf } from '../../../../.storybook/chat.ts'
import { forever, words } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Reconnect> = {
  title: 'Parts/Reconnect',
  component: Chat.Reconnect,
  parameters: chat({ script: { steps: [...words('The sales of March are '), forever] }, later: { offline: true } }),
  render: (args) => (
    <>
      <Chat.Status />
      <Chat.Reconnect {...args} />
    </>
  ),
}
export default meta

type Story = StoryObj<typeof Chat.Reconnect>

/** The next try is waited for. */
export const Waiting: Story = {
  async play({ canvas }) {
    await expect(await canvas.findByRole('button', { name: 'Try again now' })).toBeVisible()
  },
}

/** Pressed once the network is back: the answer goes on at once. */
export const Pressed: Story = {
  async play(context) {
    const { canvas, userEvent } = context
    const button = await canvas.findByRole('button', { name: 'Try again now' })
    networkOf(context).setFaults({ offline: false })
    await userEvent.click(button)
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The agent is working…'))
    await expect(canvas.queryByRole('button')).toBeNull()
  },
}

/** Nothing is waited for. */
export const Idle: Story = {
  parameters: chat({ ask: null }),
  async play({ canvas }) {
    await expect(canvas.queryByRole('button')).toBeNull()
  },
}
