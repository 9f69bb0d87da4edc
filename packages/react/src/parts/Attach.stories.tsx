import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const meta: Meta<typeof Chat.Attach> = {
  title: 'Parts/Attach',
  component: Chat.Attach,
  parameters: chat({ ask: null, upload: async () => ({ url: '/files/1' }) }),
  render: (args) => (
    <Chat.Composer>
      <Chat.Attach {...args} />
    </Chat.Composer>
  ),
}
export default meta

type Story = StoryObj<typeof Chat.Attach>

/** Opens the dialog of the browser. */
export const AnyFiles: Story = {
  async play({ canvas }) {
    await expect(canvas.getByRole('button', { name: 'Attach files' })).toBeVisible()
  },
}

export const OnePicture: Story = {
  args: { accept: 'image/*', multiple: false, 'aria-label': 'Attach a picture', children: 'Picture' },
  async play({ canvas }) {
    await expect(canvas.getByRole('button', { name: 'Attach a picture' })).toBeVisible()
    await expect(canvas.getByLabelText('Files to attach')).toHaveAttribute('accept', 'image/*')
  },
}
