import { userMessage, type ChatMessage } from '@rejoin/core'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat, session } from '../../../../.storybook/chat.ts'
import { forever, report, words } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const meta: Meta = {
  title: 'Parts/Messages',
  component: Chat.Messages,
  parameters: chat({ height: '20rem' }),
  render: () => <Chat.Messages />,
}
export default meta

/** A finished conversation: what is added to it from now on is announced. */
export const Conversation: StoryObj = {
  parameters: chat({ script: report }),
  async play({ canvas }) {
    await canvas.findByText('How did March go?')
    const log = canvas.getByRole('log', { name: 'Conversation' })
    await waitFor(() => expect(log).toHaveAttribute('aria-live', 'polite'))
    await expect(canvas.getByRole('article', { name: 'Agent' })).toHaveTextContent('Up by **4 %** on February.')
  },
}

/** While an answer is written, it is not announced word by word. */
export const Writing: StoryObj = {
  parameters: chat({ script: { steps: ['The sales of March ', forever] } }),
  async play({ canvas }) {
    await canvas.findByText('The sales of March')
    await expect(canvas.getByRole('log')).toHaveAttribute('aria-live', 'off')
    await expect(canvas.getByRole('article', { name: 'Agent' })).toHaveAttribute('data-live')
  },
}

const earlier: readonly ChatMessage[] = Array.from({ length: 40 }, (_, day) => [
  userMessage(`What was sold on day ${day + 1}?`, `question-${day}`),
  { id: `answer-${day}`, role: 'assistant' as const, parts: [{ type: 'text' as const, text: `${140 + day} orders.` }] },
]).flat()

/** Many messages from the app's own database. The end is in sight, and stays there while text arrives. */
export const Long: StoryObj = {
  parameters: chat({ script: { steps: words('It went well, and better than the month before. ') }, root: false }),
  render: () => (
    <Chat.Root session={session} initialMessages={earlier} style={{ blockSize: '20rem' }}>
      <Chat.Messages />
    </Chat.Root>
  ),
  async play({ canvas }) {
    await canvas.findByText(/It went well/)
    await expect(canvas.getAllByRole('article')).toHaveLength(earlier.length + 2)
    const log = canvas.getByRole('log')
    await waitFor(() => expect(log.scrollHeight - log.scrollTop - log.clientHeight).toBeLessThan(2))
  },
}
