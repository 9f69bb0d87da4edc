import { memoryRunStore, soloTabs, type RunStore } from '@rejoin/core'
import { render, type RenderResult } from '@testing-library/react'
import { userEvent, type UserEvent } from '@testing-library/user-event'
import { StrictMode, type ReactNode } from 'react'
import { BackgroundAgentChat, BackgroundAgentProvider, type BackgroundAgentProviderProps } from '../../src/index.ts'
import { frame } from './frame.ts'
import { manualAgent, type ManualAgent } from './manualAgent.ts'

export interface ChatPage extends RenderResult {
  agent: ManualAgent
  store: RunStore
  user: UserEvent
  /** The elements of a part. */
  parts(name: string): HTMLElement[]
  part(name: string): HTMLElement
  /** Writes into the input and presses Enter. */
  ask(text: string): Promise<void>
}

export interface ChatPageOptions extends Partial<Omit<BackgroundAgentProviderProps, 'agent' | 'children'>> {
  agent?: ManualAgent
  strict?: boolean
  hydrate?: boolean
  container?: HTMLElement
}

/** A page with a real engine and an agent played by hand; `session` "s" in the composed chat unless told otherwise. */
export async function renderChat(
  children: ReactNode = <BackgroundAgentChat session="s" />,
  { agent = manualAgent(), store = memoryRunStore(), strict = false, hydrate, container, ...options }: ChatPageOptions = {},
): Promise<ChatPage> {
  const wrapper = ({ children: page }: { children: ReactNode }): ReactNode => {
    const provided = (
      <BackgroundAgentProvider user={null} tabs={soloTabs()} backoff={{ baseMs: 1 }} {...options} agent={agent} store={store}>
        {page}
      </BackgroundAgentProvider>
    )
    return strict ? <StrictMode>{provided}</StrictMode> : provided
  }
  const rendered = render(children, { wrapper, ...(container && { container }), ...(hydrate && { hydrate }) })
  const user = userEvent.setup()
  await frame()

  const parts = (name: string): HTMLElement[] => [
    ...rendered.container.querySelectorAll<HTMLElement>(`[data-chat-part="${name}"]`),
  ]
  const part = (name: string): HTMLElement => {
    const [first] = parts(name)
    if (!first) throw new Error(`There is no part "${name}" on the page.`)
    return first
  }
  return {
    ...rendered,
    agent,
    store,
    user,
    parts,
    part,
    async ask(text) {
      await user.type(part('input'), `${text}{Enter}`)
      await frame()
    },
  }
}
