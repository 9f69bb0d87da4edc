import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat, session } from '../../../../.storybook/chat.ts'
import { longReport, report } from '../../../../.storybook/scripts.ts'
import { Chat, useBackgroundAgent } from '../index.ts'

const meta: Meta = { title: 'Parts/Root', component: Chat.Root }
export default meta

/** The parts in an order of one's own: what is going on stands above what was said. */
export const OwnOrder: StoryObj = {
  parameters: chat({ script: report, root: false, height: '26rem' }),
  render: () => (
    <Chat.Root session={session} aria-label="Sales">
      <Chat.Status />
      <Chat.Progress />
      <Chat.Messages />
      <Chat.Composer>
        <Chat.Stop>End it</Chat.Stop>
        <Chat.Input aria-label="Ask the sales team" />
        <Chat.Send>Ask</Chat.Send>
      </Chat.Composer>
    </Chat.Root>
  ),
  async play({ canvas }) {
    const root = canvas.getByRole('region', { name: 'Sales' })
    await waitFor(() => expect(root).toHaveAttribute('data-run-state', 'completed'))
    await expect(root).toHaveAttribute('data-status', 'ready')
    await expect(canvas.getByRole('textbox', { name: 'Ask the sales team' })).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Ask' })).toBeVisible()
  },
}

/** A chat that the app has made itself, with what it does with it beside the parts. */
export const OwnChat: StoryObj = {
  parameters: chat({ script: longReport, paceMs: 100, root: false, height: '26rem' }),
  render: function Render() {
    const own = useBackgroundAgent({ session })
    return (
      <Chat.Root chat={own} aria-label="Sales">
        <strong>{own.status === 'ready' ? 'Nothing to wait for' : 'You can close this page, the answer comes all the same'}</strong>
        <Chat.Messages />
        <Chat.Progress />
      </Chat.Root>
    )
  },
  async play({ canvas }) {
    await canvas.findByText('You can close this page, the answer comes all the same')
    const root = canvas.getByRole('region', { name: 'Sales' })
    await waitFor(() => expect(root).toHaveAttribute('data-status', expect.stringMatching(/^(submitted|streaming)$/)))
  },
}
