import type { RequestPart } from '@rejoin/core'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor, within } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { Chat } from '../index.ts'

const region: RequestPart = {
  type: 'request',
  kind: 'input',
  id: 'region',
  prompt: 'For which region?',
  options: ['North', 'South', 'All of them'],
}
const removal: RequestPart = {
  type: 'request',
  kind: 'approval',
  id: 'removal',
  prompt: 'Three rows have no region. May they be deleted?',
  name: 'delete_rows',
  input: { table: 'sales', rows: [12, 57, 58] },
}
const archive: RequestPart = {
  type: 'request',
  kind: 'auth',
  id: 'archive',
  prompt: 'Older figures are in the archive, and it wants to know who you are.',
  url: 'https://archive.example/login',
}

const ask = (...requests: RequestPart[]): { chat: object } =>
  chat({ script: { steps: ['Let me see.', ...requests.map((request) => ({ ask: request })), 'Up by four in a hundred.'] } })

const meta: Meta = {
  title: 'Parts/Request',
  component: Chat.Request,
  render: () => (
    <>
      <Chat.Messages />
      <Chat.Status />
      <Chat.Composer>
        <Chat.Input placeholder="Ask something…" />
        <Chat.Send />
        <Chat.Stop />
      </Chat.Composer>
    </>
  ),
}
export default meta

/** It needs words: one of those it proposes, or others. */
export const Words: StoryObj = {
  parameters: ask(region),
  async play({ canvas, userEvent }) {
    const group = await canvas.findByRole('group', { name: 'For which region?' })
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The agent needs an answer. For which region?'))
    await expect(within(group).getAllByRole('button')).toHaveLength(3)
    await expect(canvas.getByRole('textbox', { name: 'Your answer to: For which region?' })).toBeVisible()
    await userEvent.click(within(group).getByRole('button', { name: 'North' }))
    await expect(await canvas.findByText('You answered: North')).toBeVisible()
    await expect(await canvas.findByText('Up by four in a hundred.')).toBeVisible()
    await expect(canvas.getByRole('textbox', { name: 'Message' })).toHaveFocus()
  },
}

/** Waits. */
export const Open: StoryObj = {
  parameters: ask(region),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'South' })).toBeEnabled())
  },
}

/** It needs a yes or no, for a tool it is about to use. */
export const Approval: StoryObj = {
  parameters: ask(removal),
  async play({ canvas, userEvent }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'Approve' })).toBeEnabled())
    await expect(canvas.getByText('delete_rows')).toBeVisible()
    await userEvent.click(canvas.getByText('Input'))
    await expect(canvas.getByText(/"rows":\[12,57,58\]/)).toBeVisible()
  },
}

export const Declined: StoryObj = {
  parameters: ask(removal),
  async play({ canvas, userEvent }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'Decline' })).toBeEnabled())
    await userEvent.click(canvas.getByRole('button', { name: 'Decline' }))
    await waitFor(() => expect(canvas.getAllByText('Declined')).toHaveLength(2))
  },
}

/** The person has to sign in elsewhere. */
export const SignIn: StoryObj = {
  parameters: ask(archive),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'I have signed in' })).toBeEnabled())
    await expect(canvas.getByRole('link', { name: 'Sign in at archive.example' })).toHaveAttribute('target', '_blank')
  },
}

/** Several at once: the agent goes on when all are answered. */
export const Several: StoryObj = {
  parameters: ask(region, removal),
  async play({ canvas, userEvent }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'Approve' })).toBeEnabled())
    await userEvent.click(canvas.getByRole('button', { name: 'Approve' }))
    await expect(await canvas.findByText('Approved. The agent goes on when everything is answered.')).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'North' })).toBeEnabled()
  },
}

/** Nobody waits for an answer any more. */
export const Closed: StoryObj = {
  parameters: ask(region),
  async play({ canvas, userEvent }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'North' })).toBeEnabled())
    await userEvent.click(canvas.getByRole('button', { name: 'Stop' }))
    await expect(await canvas.findByText('No longer open')).toBeVisible()
  },
}

export const Dark: StoryObj = { ...Open, globals: { scheme: 'dark' } }
