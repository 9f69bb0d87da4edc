import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const meta: Meta = { title: 'Parts/Refusal', component: Chat.Refusal, render: () => <Chat.Messages /> }
export default meta

/** In the agent's own words, below ours that say what they are. */
export const Declined: StoryObj = {
  parameters: chat({
    ask: 'Who were the ten best customers?',
    script: { steps: [{ type: 'refusal', delta: 'I can not name single customers: that is personal data.' }] },
  }),
  async play({ canvas }) {
    await expect(await canvas.findByText('The agent declines:')).toBeVisible()
    await expect(canvas.getByText(/personal data/)).toBeVisible()
  },
}
