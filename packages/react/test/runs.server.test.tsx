// @vitest-environment node
import { renderToString } from 'react-dom/server'
import { type ReactNode } from 'react'
import { expect, it, vi } from 'vitest'
import { BackgroundAgentProvider } from '../src/index.ts'
import { RunList, useRunNotifications, useUnreadTitle } from '../src/runs.ts'
import { manualAgent } from './support/manualAgent.ts'

function Layout(): ReactNode {
  useUnreadTitle()
  useRunNotifications()
  return <RunList aria-label="Your questions" />
}

it('On a server the runs of a user are none, and nobody is asked for them', () => {
  expect([typeof window, typeof document]).toEqual(['undefined', 'undefined'])
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  const list = vi.fn<() => Promise<readonly never[]>>(async () => [])
  const html = renderToString(
    <BackgroundAgentProvider agent={Object.assign(manualAgent(), { list })} user="ada">
      <p>Before</p>
      <Layout />
    </BackgroundAgentProvider>,
  )
  expect(html).toBe('<p>Before</p>')
  expect(list).not.toHaveBeenCalled()
  expect(complaints.mock.calls).toEqual([])
  complaints.mockRestore()
})
