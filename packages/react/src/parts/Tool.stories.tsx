import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever, part } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const query = { type: 'tool', id: 'query', name: 'run_query' } as const
const input = { sql: 'select week, sum(total) from sales group by week', limit: 500 }
const output = Array.from({ length: 500 }, (_, week) => ({ week, total: 1_000 + week }))

const meta: Meta = { title: 'Parts/Tool', component: Chat.Tool, render: () => <Chat.Messages /> }
export default meta

/** What goes in is still being written. */
export const GettingReady: StoryObj = {
  parameters: chat({ script: { steps: [part({ ...query, state: 'input-streaming' }), forever] } }),
  async play({ canvas }) {
    await expect(await canvas.findByText('Getting ready…')).toBeVisible()
  },
}

export const Running: StoryObj = {
  parameters: chat({ script: { steps: [part({ ...query, state: 'input-available', input }), forever] } }),
  async play({ canvas }) {
    await expect(await canvas.findByText('Running…')).toBeVisible()
    await expect(canvas.queryByText('Output')).toBeNull()
  },
}

/** What went in and what came out are behind a summary; of much, the beginning. */
export const Done: StoryObj = {
  parameters: chat({ script: { steps: [part({ ...query, state: 'output-available', input, output }), 'Up in all weeks.'] } }),
  async play({ canvas, userEvent }) {
    await expect(await canvas.findByText('Done')).toBeVisible()
    await userEvent.click(canvas.getByText('Input'))
    await expect(canvas.getByText(/group by week/)).toBeVisible()
  },
}

export const Failed: StoryObj = {
  parameters: chat({ script: { steps: [part({ ...query, state: 'output-error', input, errorCode: 'forbidden' }), 'I have no access.'] } }),
  async play({ canvas }) {
    await expect(await canvas.findByText('Failed')).toBeVisible()
  },
}

/** The server died between the call and its result. What may have an effect is not called twice. */
export const LostResult: StoryObj = {
  parameters: chat({
    script: { steps: [part({ ...query, state: 'output-error', input, errorCode: 'tool_interrupted' }), 'I can not tell.'] },
  }),
  async play({ canvas }) {
    await expect(await canvas.findByText(/its result was lost; it was not called again/)).toBeVisible()
  },
}

/** The answer was ended while the tool ran. */
export const NotFinished: StoryObj = {
  parameters: chat({
    script: { steps: [part({ ...query, state: 'input-available', input })], outcome: { type: 'cancelled' } },
  }),
  async play({ canvas }) {
    await expect(await canvas.findByText('Not finished')).toBeVisible()
  },
}
