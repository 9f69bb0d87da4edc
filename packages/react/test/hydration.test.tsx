import { memoryRunStore, soloTabs, userMessage } from '@rejoin/core'
import { cleanup } from '@testing-library/react'
import { renderToString } from 'react-dom/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

describe('hydration', () => {
  it('takes over what the server rendered, without a complaint, and goes on with the stored run', async () => {
    const agent = manualAgent()
    const store = memoryRunStore()
    const before = await renderChat(undefined, { agent, store })
    await before.ask('Why?')
    agent.latest.text('Because')
    await frame()
    cleanup()
    await frame()

    const page = <BackgroundAgentChat session="s" initialMessages={[userMessage('Earlier?', 'q1')]} />
    const container = document.body.appendChild(document.createElement('div'))
    const complain = vi.spyOn(console, 'error').mockImplementation(() => {})
    container.innerHTML = renderToString(
      <BackgroundAgentProvider agent={agent} user={null} store={store} tabs={soloTabs()}>
        {page}
      </BackgroundAgentProvider>,
    )
    const first = container.querySelector('[data-message-id=q1]')
    expect(container.textContent).toContain('Earlier?')
    expect(container.textContent).not.toContain('Why?')

    // React 18 says that there are no layout effects on a server, which this is not quite.
    complain.mockClear()
    const { parts } = await renderChat(page, { agent, store, container, hydrate: true, strict: true })
    await frame()
    expect(complain.mock.calls).toEqual([])
    complain.mockRestore()
    expect(parts('text').map((text) => text.textContent)).toEqual(['Earlier?', 'Why?', 'Because'])
    expect(parts('message')[0]).toBe(first)
    expect(agent.latest.open).toBe(1)
  })
})
