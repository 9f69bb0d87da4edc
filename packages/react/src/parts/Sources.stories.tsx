import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { part } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const forecast = { type: 'source-url', url: 'https://example.com/forecast', title: 'The forecast for spring' } as const

const meta: Meta = { title: 'Parts/Sources', component: Chat.Sources, render: () => <Chat.Messages /> }
export default meta

/** Numbered, at the end of the answer; what is cited twice stands there once. */
export const BelowAnAnswer: StoryObj = {
  parameters: chat({
    script: {
      steps: [
        'Sales went up, as was expected.',
        part({ ...forecast, id: 's1' }),
        part({ type: 'source-document', id: 's2', filename: 'sales-of-march.pdf' }),
        part({ ...forecast, id: 's3' }),
      ],
    },
  }),
  async play({ canvas }) {
    await expect(await canvas.findByRole('list', { name: 'Sources' })).toBeVisible()
    await expect(canvas.getAllByRole('listitem')).toHaveLength(2)
  },
}
