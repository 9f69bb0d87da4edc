import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const meta: Meta = {
  title: 'Parts/Composer',
  component: Chat.Composer,
  render: () => (
    <>
      <Chat.Messages />
      <Chat.Status />
      <Chat.Composer>
        <Chat.Input placeholder="Ask something…" />
        <Chat.Send />
        <Chat.Stop />
      </Chat.Composer>
    </>
  ),
}
export default meta

/** Emptied once the message is accepted. */
export const Sending: StoryObj = {
  parameters: chat({ ask: null, script: { steps: ['Up by four in a hundred.'] } }),
  async play({ canvas, userEvent }) {
    const input = canvas.getByRole('textbox', { name: 'Message' })
    await userEvent.type(input, 'How did March go?{Enter}')
    await expect(await canvas.findByText('Up by four in a hundred.')).toBeVisible()
    await expect(canvas.getByRole('article', { name: 'You' })).toHaveTextContent('How did March go?')
    await expect(input).toHaveValue('')
    await expect(input).toHaveFocus()
  },
}

/** One answer at a time: what was refused stays, with the reason above it. */
export const Busy: StoryObj = {
  parameters: chat({ script: { steps: ['The sales of ', forever] } }),
  async play({ canvas, userEvent }) {
    await canvas.findByText('The sales of')
    const input = canvas.getByRole('textbox', { name: 'Message' })
    await userEvent.type(input, 'And April?{Enter}')
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-error-code', 'busy'))
    await expect(input).toHaveValue('And April?')
  },
}
