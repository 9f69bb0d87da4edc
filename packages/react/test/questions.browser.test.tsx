import { idbRunStore, type Agent, type RunStore } from '@rejoin/core'
import { scriptedAgent, type ScriptedAgent } from '@rejoin/testkit'
import { renderReloadable, type Reloadable } from '@rejoin/testkit/react'
import { cleanup, waitFor, within } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider } from '../src/index.ts'

afterEach(async () => {
  cleanup()
  await idbRunStore(null).purge()
})

const asking = (): ScriptedAgent =>
  scriptedAgent({
    steps: [
      'Let me see. ',
      { ask: { type: 'request', kind: 'input', id: 'region', prompt: 'Which region?', options: ['North', 'South'] } },
      'Up by four in a hundred.',
    ],
  })

function App({ agent, store }: { agent: Agent; store: RunStore }): ReactNode {
  return (
    <BackgroundAgentProvider agent={agent} user={null} store={store} backoff={{ baseMs: 1 }}>
      <BackgroundAgentChat session="s" />
    </BackgroundAgentProvider>
  )
}

const pageOf = (agent: Agent): Reloadable =>
  renderReloadable((life) => <App agent={life.agent(agent)} store={life.store(idbRunStore(null))} />)

describe('a question, with a real database, locks and channels', () => {
  for (const how of ['reload', 'crash'] as const) {
    it(`is there after a ${how}, is answered then, and is asked no more`, async () => {
      const agent = asking()
      const page = pageOf(agent)
      await userEvent.type(await page.findByRole('textbox', { name: 'Message' }), 'How did March go?{Enter}')
      await page.findByRole('button', { name: 'North' })
      await waitFor(() => expect(page.getByRole('button', { name: 'North' })).toHaveProperty('disabled', false))
      await page[how]()
      await userEvent.click(await page.findByRole('button', { name: 'North' }))
      await page.findByText('Up by four in a hundred.')
      await page[how]()
      await page.findByText('You answered: North')
      expect(page.queryByRole('button', { name: 'North' })).toBeNull()
      expect(agent.started).toBe(2)
    })
  }

  it('that another tab answers first is closed here, and the answer to it is shown', async () => {
    const agent = asking()
    const [first, second] = [pageOf(agent), pageOf(agent)].map(({ container }) => within(container))
    if (!first || !second) throw new Error('There are two.')
    await userEvent.type(await first.findByRole('textbox', { name: 'Message' }), 'How did March go?{Enter}')
    const button = await second.findByRole('button', { name: 'North' })
    await waitFor(() => expect(button).toHaveProperty('disabled', false))
    button.focus()
    await userEvent.type(await first.findByRole('textbox', { name: 'Your answer to: Which region?' }), 'The west{Enter}')
    for (const page of [first, second]) {
      await page.findByText('You answered: The west')
      await page.findByText('Up by four in a hundred.')
      expect(page.queryByRole('button', { name: 'North' })).toBeNull()
    }
    expect(agent.started).toBe(2)
  })
})
