import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever, words } from '../../../../.storybook/scripts.ts'
import { Chat } from '../index.ts'

const begun = [...words('The sales of March are '), forever]

const meta: Meta = { title: 'Parts/Status', component: Chat.Status, render: () => <Chat.Status /> }
export default meta

/** The message is on its way. */
export const Starting: StoryObj = {
  parameters: chat({ faults: { stalled: true }, stallMs: 60_000 }),
  play: says('Sending…'),
}

export const Queued: StoryObj = {
  parameters: chat({ script: { steps: [{ type: 'status', status: 'queued' }, forever] } }),
  play: says('Waiting for the agent to begin…'),
}

export const Working: StoryObj = {
  parameters: chat({ script: { steps: begun } }),
  play: says('The agent is working…'),
}

/** There is no network. The seconds to the next try are hidden from screen readers, which would speak each of them. */
export const Reconnecting: StoryObj = {
  parameters: chat({ script: { steps: begun }, later: { offline: true } }),
  async play({ canvas }) {
    const status = canvas.getByRole('status')
    await waitFor(() => expect(status).toHaveAttribute('data-run-state', 'reconnecting'))
    await expect(status.firstChild).toHaveTextContent(/connection/)
    await expect(status.querySelector('[aria-hidden="true"]')).toHaveTextContent(/^Trying again/)
  },
}

/** Nothing has come for too long. */
export const Stalled: StoryObj = {
  parameters: chat({ script: { steps: begun }, later: { stalled: true }, stallMs: 50 }),
  async play({ canvas }) {
    const status = canvas.getByRole('status')
    await waitFor(() => expect(status).toHaveAttribute('data-run-state', 'reconnecting'))
  },
}

/** Asked for from time to time. */
export const Polling: StoryObj = {
  parameters: chat({ script: { steps: begun }, mode: 'poll' }),
  play: says(/working in the background/),
}

/** The person has to sign in; after that the answer goes on. */
export const Paused: StoryObj = {
  parameters: chat({ script: { steps: begun }, faults: { refusal: 'unauthorized' } }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-run-state', 'paused'))
    await expect(canvas.getByRole('status')).toHaveTextContent(/[Ss]ign/)
  },
}

export const Completed: StoryObj = {
  parameters: chat({ script: { steps: ['Up.'] } }),
  play: says('The answer is complete.'),
}

export const Incomplete: StoryObj = {
  parameters: chat({ script: { steps: ['Up'], outcome: { type: 'incomplete', reason: 'max_output_tokens' } } }),
  play: says('The answer is cut off at its length limit.'),
}

/** Marked with the code of what went wrong. */
export const Failed: StoryObj = {
  parameters: chat({ script: { steps: ['Up'], outcome: { type: 'failed', code: 'agent_failed' } } }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-error-code', 'agent_failed'))
    await expect(canvas.getByRole('status')).not.toBeEmptyDOMElement()
  },
}

export const Cancelled: StoryObj = {
  parameters: chat({ script: { steps: ['Up'], outcome: { type: 'cancelled' } } }),
  play: says('The answer was stopped.'),
}

/** The server keeps it no longer; what was received stays. */
export const Expired: StoryObj = {
  parameters: chat({ script: { steps: ['Up'], outcome: { type: 'expired' } } }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-run-state', 'expired'))
    await expect(canvas.getByRole('status')).not.toBeEmptyDOMElement()
  },
}

/** In words of one's own. */
export const OwnWords: StoryObj = {
  parameters: chat({ script: { steps: begun } }),
  render: () => <Chat.Status>{(words, { run }) => (run?.state.type === 'streaming' ? 'Bruno is on it.' : words)}</Chat.Status>,
  play: says('Bruno is on it.'),
}

function says(words: string | RegExp): NonNullable<StoryObj['play']> {
  return async ({ canvas }) => {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent(words))
  }
}
