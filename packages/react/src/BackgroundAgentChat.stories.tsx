import { idbRunStore } from '@rejoin/core'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { type ReactNode } from 'react'
import { expect, waitFor } from 'storybook/test'
import { chat, networkOf, session, user } from '../../../.storybook/chat.ts'
import { forever, longReport, opening, part, report, steps, words } from '../../../.storybook/scripts.ts'
import { BackgroundAgentChat } from './index.ts'
import { markdownBlock } from './markdown.tsx'

const meta: Meta = {
  title: 'BackgroundAgentChat',
  component: BackgroundAgentChat,
  render: () => <Whole />,
}
export default meta

function Whole({ mode, height = '32rem' }: { mode?: 'poll'; height?: string }): ReactNode {
  return (
    <div style={{ blockSize: height }}>
      <BackgroundAgentChat session={session} mode={mode} renderBlock={markdownBlock} placeholder="Ask for a report…" aria-label="Sales" />
    </div>
  )
}

/** Nothing was said yet. */
export const Empty: StoryObj = {
  parameters: chat({ root: false, ask: null, script: report }),
  async play({ canvas, userEvent }) {
    await expect(canvas.queryByRole('button', { name: 'Stop' })).toBeNull()
    await expect(canvas.getByRole('button', { name: 'Send' })).toBeEnabled()
    await userEvent.tab()
    await userEvent.tab()
    await expect(canvas.getByRole('textbox', { name: 'Message' })).toHaveFocus()
  },
}

/** An answer on its way: what the agent does, for how long, and the button that ends it. */
export const Answering: StoryObj = {
  parameters: chat({ root: false, script: longReport, paceMs: 100 }),
  async play({ canvas }) {
    await expect(await canvas.findByRole('button', { name: 'Stop' })).toBeVisible()
    await expect(canvas.queryByRole('button', { name: 'Send' })).toBeNull()
    await expect(canvas.getByRole('timer')).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent(/^(Waiting for the agent to begin|The agent is working)…$/))
  },
}

export const Complete: StoryObj = {
  parameters: chat({ root: false, script: report }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The answer is complete.'))
    await expect(canvas.getByRole('heading', { name: 'Sales in March' })).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Send' })).toBeVisible()
  },
}

const query = { sql: 'select week, sum(total) from sales group by week', limit: 500 }

/** Much of what an answer can be made of. Its end was cut off, and says so. */
export const EveryPart: StoryObj = {
  parameters: chat({
    root: false,
    script: {
      steps: [
        { type: 'reasoning', id: 'thought', delta: '**Looking for the numbers.** They are in the warehouse; the forecast is on the web.' },
        part({ type: 'tool', id: 'query', name: 'run_query', state: 'output-available', input: query, output: { rows: 500 } }),
        part({ type: 'tool', id: 'post', name: 'post_to_channel', state: 'output-error', input: {}, errorCode: 'forbidden' }),
        ...words('Sales went **up** in all three weeks, and the forecast was met.').map((delta) => ({ type: 'text' as const, id: 'text', delta })),
        part({ type: 'source-url', id: 's1', url: 'https://example.com/forecast', title: 'The forecast for spring' }),
        part({ type: 'source-document', id: 's2', filename: 'sales-of-march.pdf' }),
        part({ type: 'file', id: 'csv', mediaType: 'text/csv', url: 'data:text/csv,week,sum', filename: 'sales.csv' }),
        { type: 'refusal', id: 'refusal', delta: 'I can not name single customers: that is personal data.' },
      ],
      outcome: { type: 'incomplete', reason: 'max_output_tokens' },
    },
  }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The answer is cut off at its length limit.'))
    await expect(canvas.getByText('run_query')).toBeVisible()
    await expect(canvas.getByRole('link', { name: 'sales.csv' })).toBeVisible()
    await expect(canvas.getByText('The agent declines:')).toBeVisible()
  },
}

/** The agent gives up. What it wrote stays, and another message can be sent. */
export const Failed: StoryObj = {
  parameters: chat({ root: false, script: { steps: [...steps(0), ...words(opening)], outcome: { type: 'failed', code: 'agent_failed' } } }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-error-code', 'agent_failed'))
    await expect(canvas.getByRole('heading', { name: 'Sales in March' })).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Send' })).toBeVisible()
  },
}

/** The network is gone. What is there stays on the screen, and the agent works on. */
export const Offline: StoryObj = {
  parameters: chat({ root: false, script: { steps: [...steps(0), ...words(opening), forever] }, later: { offline: true } }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-run-state', 'reconnecting'))
    await expect(canvas.getByRole('heading', { name: 'Sales in March' })).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Stop' })).toBeVisible()
  },
}

const counted = Array.from({ length: 20 }, (_, at) => `w${at + 1}`).join(' ')

/** The connection breaks twice, once by a cut and once by a time offline. Nothing is lost with it, or doubled. */
export const LostConnection: StoryObj = {
  parameters: chat({ root: false, script: { steps: words(counted) }, paceMs: 80 }),
  async play(context) {
    const { canvas } = context
    const network = networkOf(context)
    await canvas.findByText(/w2/)
    await expect(network.cut()).toBe(1)
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-run-state', 'reconnecting'))
    await canvas.findByText(/w8/)
    network.setFaults({ offline: true })
    await waitFor(() => expect(canvas.getByRole('status')).toHaveAttribute('data-run-state', 'reconnecting'))
    network.setFaults({ offline: false })
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The answer is complete.'))
    await expect(canvas.getByRole('article', { name: 'Agent' })).toHaveTextContent(new RegExp(`^${counted}$`))
  },
}

/** Asked for from time to time instead of streamed: the answer comes whole, at its end. */
export const Polled: StoryObj = {
  parameters: chat({ root: false, script: longReport, paceMs: 100, mode: 'poll' }),
  render: () => <Whole mode="poll" />,
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent(/working in the background/))
    await expect(canvas.queryByRole('article', { name: 'Agent' })).toBeNull()
  },
}

/** On a phone. Nothing is wider than the screen, and the buttons stay in reach. */
export const Narrow: StoryObj = {
  parameters: chat({ root: false, script: report, width: '20rem' }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('The answer is complete.'))
    const root = canvas.getByRole('region', { name: 'Sales' })
    await expect(root.scrollWidth).toBe(root.clientWidth)
    await expect(canvas.getByRole('button', { name: 'Send' })).toBeVisible()
  },
}

export const Dark: StoryObj = {
  globals: { scheme: 'dark' },
  parameters: chat({ root: false, script: { steps: [...steps(0), ...words(opening), forever] } }),
  async play({ canvas }) {
    await canvas.findByRole('heading', { name: 'Sales in March' })
    await expect(getComputedStyle(canvas.getByRole('region', { name: 'Sales' })).backgroundColor).toBe('rgb(22, 24, 29)')
  },
}

/** The agent has asked, and waits. Words, files and both buttons have room on a phone, too. */
export const Asking: StoryObj = {
  parameters: chat({
    root: false,
    width: '20rem',
    upload: async () => ({ url: '/files/1' }),
    script: {
      steps: [
        'The sales of March: ',
        { ask: { type: 'request', kind: 'input', id: 'region', prompt: 'For which region?', options: ['North', 'South'] } },
        'Up by four in a hundred.',
      ],
    },
  }),
  async play({ canvas }) {
    await waitFor(() => expect(canvas.getByRole('button', { name: 'South' })).toBeEnabled())
    for (const name of ['Attach files', 'Send', 'Stop']) await expect(canvas.getByRole('button', { name })).toBeVisible()
    await expect(canvas.getByRole('textbox', { name: 'Your answer to: For which region?' }).clientWidth).toBeGreaterThan(90)
    const root = canvas.getByRole('region', { name: 'Sales' })
    await expect(root.scrollWidth).toBe(root.clientWidth)
  },
}

/** Do something to the network while the answer is written: cut it, stall it, slow it down, take it away. */
export const BreakTheNetwork: StoryObj = {
  // Docs have no panel beside them.
  tags: ['!autodocs'],
  parameters: chat({ root: false, ask: null, script: longReport, paceMs: 100 }),
  render: () => (
    <>
      <div className="guide">
        <p>
          Send anything, then use the panel <strong>Network</strong> beside this story: cut the connection, stall it, slow it down, or
          go offline and come back. Watch what the chat says. Whatever you do, no word is lost and none comes twice.
        </p>
      </div>
      <Whole />
    </>
  ),
  async play({ canvas }) {
    await expect(canvas.getByText(/Send anything/)).toBeVisible()
    await expect(canvas.getByRole('textbox', { name: 'Message' })).toBeVisible()
  },
}

/**
 * A real reload, in a build that has no server: the answer is further along, with its text and its time. What is kept
 * is in this browser's IndexedDB; where the run is, the scripted agent knows from the token, which says when it began.
 */
export const ReloadMe: StoryObj = {
  tags: ['!autodocs'],
  parameters: chat({ root: false, ask: null, script: longReport, paceMs: 100, store: 'browser' }),
  render: () => (
    <>
      <div className="guide">
        <ol>
          <li>Send anything. The answer takes about a minute.</li>
          <li>Reload in the middle of it, as often as you like. Close the tab and come back, if you want.</li>
          <li>The text and the time are where they would be had you stayed.</li>
        </ol>
        <div>
          <button type="button" onClick={() => location.reload()}>
            Reload the page
          </button>
          <button type="button" onClick={() => void idbRunStore(user).purge().then(() => location.reload())}>
            Forget everything
          </button>
        </div>
      </div>
      <Whole height="28rem" />
    </>
  ),
  async play({ canvas }) {
    await expect(canvas.getByRole('button', { name: 'Reload the page' })).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('textbox', { name: 'Message' })).toBeVisible())
  },
}
