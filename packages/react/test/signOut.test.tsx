import { idbRunStore, soloTabs } from '@rejoin/core'
import { cleanup, render, screen } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { type ReactNode } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, usePurge } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'

afterEach(cleanup)

function LogOut({ signOut }: { signOut(): void }): ReactNode {
  const purge = usePurge()
  return <button onClick={() => void purge().finally(signOut)}>Log out</button>
}

// As docs/sign-in.md has it.
it('logging out with usePurge empties the chat and the store, here and in another tab, and stops no run (row 71)', async () => {
  const agent = manualAgent()
  const signOut = vi.fn<() => void>()
  const page = (
    <BackgroundAgentProvider agent={agent} user="eve">
      <BackgroundAgentChat session="s" />
      <LogOut signOut={signOut} />
    </BackgroundAgentProvider>
  )
  const tabs = [render(page), render(page)]
  const [first, second] = tabs
  await frame()
  const box = first?.container.querySelector('textarea')
  if (!box) throw new Error('There is no composer.')
  await userEvent.type(box, 'A secret of Eve{Enter}')
  await vi.waitFor(() => expect(agent.runs).toHaveLength(1))
  agent.latest.text('The secret answer')
  await vi.waitFor(async () => expect(JSON.stringify(await idbRunStore('eve').load('s'))).toContain('The secret answer'))
  await vi.waitFor(() => expect(second?.container.textContent).toContain('The secret answer'))

  const [, logOut] = screen.getAllByText('Log out')
  if (!logOut) throw new Error('There is no second tab.')
  await userEvent.click(logOut)
  await vi.waitFor(() => expect(signOut).toHaveBeenCalled())
  await vi.waitFor(() => expect(tabs.map(({ container }) => container.textContent?.includes('secret'))).toEqual([false, false]))
  expect(await idbRunStore('eve').list()).toEqual([])
  expect(agent.cancels).toBe(0)
})

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
