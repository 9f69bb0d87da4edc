import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat, type Upload } from '../index.ts'

const csv = new File(['week,sum'], 'sales-of-march.csv', { type: 'text/csv' })
const notes = new File(['Well done'], 'notes.txt', { type: 'text/plain' })

const at = (url: string): Upload => async (_file, { onProgress }) => {
  onProgress(1)
  return { url }
}
const halfway: Upload = (_file, { signal, onProgress }) => {
  onProgress(0.4)
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
const failing: Upload = () => Promise.reject(new Error('Not shown'))

const meta: Meta = {
  title: 'Parts/Attachments',
  component: Chat.Attachments,
  render: () => (
    <>
      <Chat.Messages />
      <Chat.Status />
      <Chat.Composer fileLimits={{ maxFiles: 2 }}>
        <Chat.Attachments />
        <Chat.Attach />
        <Chat.Input placeholder="Ask something…" />
        <Chat.Send />
        <Chat.Stop />
      </Chat.Composer>
    </>
  ),
}
export default meta

/** Uploaded, and sent with what is written. */
export const Sent: StoryObj = {
  parameters: chat({ ask: null, upload: at('https://files.example/sales-of-march.csv'), script: { steps: ['Up by four in a hundred.'] } }),
  async play({ canvas, userEvent }) {
    await userEvent.upload(canvas.getByLabelText('Files to attach'), [csv])
    await expect(await canvas.findByText('sales-of-march.csv')).toBeVisible()
    await userEvent.type(canvas.getByRole('textbox', { name: 'Message' }), 'How did it go?{Enter}')
    await expect(await canvas.findByRole('link', { name: 'sales-of-march.csv' })).toBeVisible()
    await expect(canvas.queryByRole('list', { name: 'Files to send' })).toBeNull()
  },
}

/** Under way: each can be taken away again, and what is written waits for them. */
export const Uploading: StoryObj = {
  parameters: chat({ ask: null, upload: halfway }),
  async play({ canvas, userEvent }) {
    await userEvent.upload(canvas.getByLabelText('Files to attach'), [csv, notes])
    await expect(await canvas.findByRole('progressbar', { name: 'Upload of notes.txt' })).toHaveAttribute('value', '0.4')
    await userEvent.type(canvas.getByRole('textbox', { name: 'Message' }), 'How did it go?{Enter}')
    await waitFor(() => expect(canvas.getByRole('alert')).toHaveTextContent(/still being uploaded/))
    await expect(canvas.getByRole('textbox', { name: 'Message' })).toHaveValue('How did it go?')
  },
}

/** What went wrong there is not shown: only that it did, and what can be done. */
export const Failed: StoryObj = {
  parameters: chat({ ask: null, upload: failing }),
  async play({ canvas, userEvent }) {
    await userEvent.upload(canvas.getByLabelText('Files to attach'), [csv])
    await expect(await canvas.findByRole('button', { name: 'Try again: sales-of-march.csv' })).toBeVisible()
    await expect(canvas.getByRole('alert')).toHaveTextContent('sales-of-march.csv could not be uploaded. Try again, or remove it.')
  },
}

/** More than a message takes. */
export const TooMany: StoryObj = {
  parameters: chat({ ask: null, upload: at('/files/1') }),
  async play({ canvas, userEvent }) {
    await userEvent.upload(canvas.getByLabelText('Files to attach'), [csv, notes, new File(['Late'], 'late.txt')])
    await waitFor(() => expect(canvas.getByRole('alert')).toHaveTextContent('Not attached: late.txt. A message can have up to 2 files.'))
    await expect(canvas.getAllByRole('listitem')).toHaveLength(2)
  },
}

export const Dark: StoryObj = { ...Uploading, globals: { scheme: 'dark' } }

/** On a phone. */
export const Narrow: StoryObj = {
  ...Failed,
  parameters: chat({ ask: null, upload: failing, width: '20rem' }),
}
