import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever, steps } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const meta: Meta = { title: 'Parts/Progress', component: Chat.Progress, render: () => <Chat.Progress /> }
export default meta

/** Nothing is known yet but the time. */
export const Beginning: StoryObj = {
  parameters: chat({ script: { steps: [forever] } }),
  async play({ canvas }) {
    await expect(await canvas.findByRole('timer', { name: 'Time so far' })).toHaveTextContent(/^\d+ s$/)
    await expect(canvas.queryByRole('list')).toBeNull()
  },
}

/** What is done, what is being done, and how far that is. */
export const Measured: StoryObj = {
  parameters: chat({
    script: {
      steps: [
        { type: 'progress', step: { id: 'find', label: 'Find the files of March', state: 'done' } },
        { type: 'progress', step: { id: 'read', label: 'Read the sales', state: 'active', value: 2_950, total: 4_387 } },
        forever,
      ],
    },
  }),
  async play({ canvas }) {
    await expect(await canvas.findByRole('progressbar', { name: 'Read the sales' })).toHaveAttribute('value', '2950')
    await expect(canvas.getByText(/of 4,387|of 4.387/)).toBeVisible()
    await expect(canvas.getAllByRole('listitem')[1]).toHaveAttribute('aria-current', 'step')
  },
}

/** More steps than there is room for, with long names: what is being done stays in sight. */
export const Many: StoryObj = {
  parameters: chat({
    height: '20rem',
    width: '20rem',
    script: {
      steps: [
        ...Array.from({ length: 12 }, (_, at) => ({
          type: 'progress' as const,
          step: { id: `${at}`, label: `Read what the branch office number ${at + 1} has sent in`, state: at < 11 ? ('done' as const) : ('active' as const) },
        })),
        forever,
      ],
    },
  }),
  render: () => (
    <>
      <Chat.Messages />
      <Chat.Progress />
    </>
  ),
  async play({ canvas }) {
    const last = await canvas.findByText(/number 12/)
    const box = last.closest('[data-chat-part="progress"]')?.getBoundingClientRect()
    await expect(last.getBoundingClientRect().bottom).toBeLessThanOrEqual((box?.bottom ?? 0) + 1)
  },
}

/** How long it took, and behind that what was done. */
export const Finished: StoryObj = {
  parameters: chat({ script: { steps: steps(0) } }),
  async play({ canvas, userEvent }) {
    const summary = await canvas.findByText(/^Done in \d+ s$/)
    await userEvent.click(summary)
    await expect(canvas.getByText('Compare the regions')).toBeVisible()
  },
}
