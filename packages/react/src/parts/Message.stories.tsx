import { userMessage, type ChatMessage } from '@rejoin/core'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'
import { markdownBlock } from '../markdown.tsx'

const answer: ChatMessage = {
  id: 'answer',
  role: 'assistant',
  parts: [
    { type: 'reasoning', text: 'The figures of March are in the warehouse.' },
    { type: 'tool', id: 'query', name: 'run_query', state: 'output-available', input: { month: 3 }, output: { sum: 4_387 } },
    { type: 'text', text: 'Sales went up by **4 %**.' },
    { type: 'source-document', id: 's1', filename: 'sales-of-march.pdf' },
    { type: 'data', id: 'd1', name: 'total', data: { sum: 4_387 } },
  ],
}

const meta: Meta<typeof Chat.Message> = {
  title: 'Parts/Message',
  component: Chat.Message,
  parameters: chat({ ask: null }),
  argTypes: { message: { control: 'object' } },
}
export default meta

type Story = StoryObj<typeof Chat.Message>

/** What the person wrote. */
export const FromYou: Story = {
  args: { message: userMessage('How did March go?\nAnd what comes next?') },
  async play({ canvas }) {
    await expect(canvas.getByRole('article', { name: 'You' })).toHaveTextContent('How did March go?')
  },
}

/** Everything in it in order, with its sources at the end. */
export const FromTheAgent: Story = {
  args: { message: answer, renderBlock: markdownBlock },
  async play({ canvas }) {
    await expect(canvas.getByRole('article', { name: 'Agent' })).toBeVisible()
    await expect(canvas.getByText('4 %').tagName).toBe('STRONG')
    await expect(canvas.getByRole('list', { name: 'Sources' })).toHaveTextContent('sales-of-march.pdf')
  },
}

/** With markup of one's own around the parts. */
export const OwnMarkup: Story = {
  args: {
    message: answer,
    children: (
      <>
        <Chat.Text />
        <small>
          From: <Chat.Sources />
        </small>
      </>
    ),
  },
  async play({ canvas }) {
    await expect(canvas.getByText('Sales went up by **4 %**.')).toBeVisible()
    await expect(canvas.queryByText('run_query')).toBeNull()
  },
}

/** Nothing is in it yet, so nothing is seen of it. */
export const Empty: Story = {
  args: { message: { id: 'empty', role: 'assistant', parts: [] } },
  async play({ canvas }) {
    await expect(canvas.queryByRole('article')).toBeNull()
  },
}
