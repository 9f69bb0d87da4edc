import { idbRunStore, soloTabs } from '@rejoin/core'
import { cleanup, render } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { type ReactNode } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'

afterEach(cleanup)

// As docs/sign-in.md has it.
it('purging a user who has signed out leaves nothing of them in the browser, and stops no run (row 71)', async () => {
  const agent = manualAgent()
  const page = (user: string | null): ReactNode => (
    <BackgroundAgentProvider agent={agent} user={user} tabs={soloTabs()}>
      <BackgroundAgentChat session="s" />
    </BackgroundAgentProvider>
  )
  const { container, rerender, getByRole } = render(page('ada'))
  await frame()
  await userEvent.type(getByRole('textbox'), 'A secret of Ada{Enter}')
  await frame()
  agent.latest.text('The secret answer')
  await vi.waitFor(async () => expect(JSON.stringify(await idbRunStore('ada').load('s'))).toContain('The secret answer'))

  rerender(page(null))
  await idbRunStore('ada').purge()
  agent.latest.text(', and more of it')
  await frame()
  expect(await idbRunStore('ada').load('s')).toEqual([])
  expect(agent.cancels).toBe(0)

  rerender(page('ada'))
  await frame()
  expect(container.textContent).not.toContain('secret')
})
