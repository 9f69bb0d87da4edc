import { textOf, type ChatMessage } from '@rejoin/core'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useCallback, type ReactNode } from 'react'
import { expect, waitFor } from 'storybook/test'
import { chat, session } from '../../../.storybook/chat.ts'
import { Chat, useBackgroundAgent } from './index.ts'

const meta: Meta = { title: 'useBackgroundAgent' }
export default meta

/** The last message can be sent in another form: with its id, the new one takes its place and that of its answer. */
export const EditTheLastMessage: StoryObj = {
  parameters: chat({ root: false, script: { steps: ['Up by four in a hundred.'] } }),
  render: () => <Editable />,
  async play({ canvas, userEvent }) {
    await canvas.findByText('Up by four in a hundred.')
    const field = canvas.getByRole('textbox', { name: 'The message' })
    await userEvent.clear(field)
    await userEvent.type(field, 'How did April go?')
    await userEvent.click(canvas.getByRole('button', { name: 'Send instead' }))
    await waitFor(() => expect(canvas.getByRole('article', { name: 'You' })).toHaveTextContent(/^How did April go\?/))
    await expect(await canvas.findByText('Up by four in a hundred.')).toBeVisible()
    await expect(canvas.getAllByRole('article')).toHaveLength(2)
  },
}

function Editable(): ReactNode {
  const agent = useBackgroundAgent({ session })
  const { messages, status, sendMessage } = agent
  const last = messages.findLast(({ role }) => role === 'user')?.id
  const ready = status === 'ready' || status === 'error'
  const renderMessage = useCallback(
    (message: ChatMessage) => (
      <Chat.Message message={message}>
        <Chat.Text />
        {message.id === last && ready && (
          <form action={(form) => void sendMessage({ text: String(form.get('text')), messageId: message.id })}>
            <input name="text" aria-label="The message" defaultValue={textOf(message)} /> <button>Send instead</button>
          </form>
        )}
      </Chat.Message>
    ),
    [last, ready, sendMessage],
  )
  return (
    <Chat.Root chat={agent} aria-label="Sales">
      <Chat.Messages>{renderMessage}</Chat.Messages>
      <Chat.Status />
    </Chat.Root>
  )
}
