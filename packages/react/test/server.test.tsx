// @vitest-environment node
import { memoryRunStore, userMessage } from '@rejoin/core'
import { renderToString } from 'react-dom/server'
import { describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, Chat } from '../src/index.ts'
import { markdownBlock } from '../src/markdown.tsx'
import { manualAgent } from './support/manualAgent.ts'

describe('on a server', () => {
  it('renders what was said before, without a window, a document or storage', () => {
    expect([typeof window, typeof document]).toEqual(['undefined', 'undefined'])
    vi.stubGlobal('indexedDB', undefined)
    const warn = vi.spyOn(console, 'error').mockImplementation(() => {})
    const agent = manualAgent()
    const html = renderToString(
      <BackgroundAgentProvider agent={agent} user="ada">
        <BackgroundAgentChat session="s" initialMessages={[userMessage('Earlier?', 'q1')]} renderBlock={markdownBlock} />
      </BackgroundAgentProvider>,
    )
    expect(html).toContain('data-message-id="q1"')
    expect(html).toContain('Earlier?')
    expect(html).toContain('data-run-state="restoring"')
    expect(warn.mock.calls).toEqual([])
    vi.unstubAllGlobals()
    warn.mockRestore()
  })

  it('makes nothing up, and reads no clock: what is rendered is the same for everybody', () => {
    const unstable = [vi.spyOn(crypto, 'randomUUID'), vi.spyOn(crypto, 'getRandomValues'), vi.spyOn(Math, 'random'), vi.spyOn(Date, 'now')]
    renderToString(
      <BackgroundAgentProvider agent={manualAgent()} user="ada" store={memoryRunStore()}>
        <BackgroundAgentChat session="s" initialMessages={[userMessage('Earlier?', 'q1')]} />
      </BackgroundAgentProvider>,
    )
    expect(unstable.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0, 0])
    vi.restoreAllMocks()
  })

  it('starts, reads and stores nothing', async () => {
    const agent = manualAgent()
    const store = memoryRunStore()
    const calls = vi.fn<() => Promise<never>>()
    for (const name of ['load', 'expire', 'begin'] as const) vi.spyOn(store, name).mockImplementation(calls)
    renderToString(
      <BackgroundAgentProvider agent={agent} user={null} store={store}>
        <Chat.Root session="s">
          <Chat.Messages />
          <Chat.Progress />
          <Chat.Status />
        </Chat.Root>
      </BackgroundAgentProvider>,
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(calls).not.toHaveBeenCalled()
  })
})
