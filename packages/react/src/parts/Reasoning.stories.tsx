import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever, words } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const thoughts = words('The sales of March are in the warehouse; the forecast is on the web. First the figures, then what was expected of them.').map(
  (delta) => ({ type: 'reasoning' as const, id: 'thought', delta }),
)

const meta: Meta = { title: 'Parts/Reasoning', component: Chat.Reasoning, render: () => <Chat.Messages /> }
export default meta

/** Open while nothing else has come. */
export const Writing: StoryObj = {
  parameters: chat({ script: { steps: [...thoughts, forever] } }),
  async play({ canvas }) {
    await expect(await canvas.findByText('Thinking…')).toBeVisible()
    await expect(canvas.getByText(/in the warehouse/)).toBeVisible()
  },
}

/** Closed once the answer begins. */
export const Finished: StoryObj = {
  parameters: chat({ script: { steps: [...thoughts, 'Sales went up.'] } }),
  async play({ canvas, userEvent }) {
    const summary = await canvas.findByText('What the agent thought')
    await expect(canvas.getByText(/in the warehouse/)).not.toBeVisible()
    await userEvent.click(summary)
    await expect(canvas.getByText(/in the warehouse/)).toBeVisible()
  },
}
