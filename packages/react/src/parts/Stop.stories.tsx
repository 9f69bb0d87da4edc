import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat, networkOf } from '../../../../.storybook/chat.ts'
import { forever } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Stop> = {
  title: 'Parts/Stop',
  component: Chat.Stop,
  parameters: chat({ script: { steps: ['The sales of ', forever] } }),
  render: (args) => (
    <>
      <Chat.Messages />
      <Chat.Status />
      <Chat.Composer>
        <Chat.Input />
        <Chat.Stop {...args} />
      </Chat.Composer>
    </>
  ),
}
export default meta

type Story = StoryObj<typeof Chat.Stop>

/** Ends the answer for good. What was written stays. */
export const Stopping: Story = {
  async play(context) {
    const { canvas, userEvent } = context
    await canvas.findByText('The sales of')
    const network = networkOf(context)
    network.setFaults({ stalled: true })
    await userEvent.click(canvas.getByRole('button', { name: 'Stop' }))
    // Until the server has acknowledged it. Who will not wait for that can press it again.
    const stopping = await canvas.findByRole('button', { name: 'Stopping…' })
    await expect(stopping).not.toHaveAttribute('aria-disabled')
    await expect(stopping).toHaveFocus()
    network.setFaults({ stalled: false })
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The answer was stopped.'))
    await expect(canvas.getByText('The sales of')).toBeVisible()
    await expect(canvas.getByRole('textbox', { name: 'Message' })).toHaveFocus()
  },
}

export const Working: Story = {
  async play({ canvas }) {
    await expect(await canvas.findByRole('button', { name: 'Stop' })).toBeVisible()
  },
}

/** There is nothing to stop. */
export const Idle: Story = {
  parameters: chat({ ask: null }),
  async play({ canvas }) {
    await expect(canvas.queryByRole('button')).toBeNull()
  },
}
