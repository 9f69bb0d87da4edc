import { memoryRunStore, soloTabs, type Agent, type RunStore } from '@rejoin/core'
import { renderReloadable } from '@rejoin/testkit/react'
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
  /** As the browser does it; the agent and the store stay. Not for a page with a container of its own. */
  reload(): Promise<void>
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
  /** What the page as it is now has of the two. */
  let own: { agent: Agent; store: RunStore } = { agent, store }

  const wrapper = ({ children: page }: { children: ReactNode }): ReactNode => {
    const provided = (
      <BackgroundAgentProvider user={null} tabs={soloTabs()} backoff={{ baseMs: 1 }} {...options} {...own}>
        {page}
      </BackgroundAgentProvider>
    )
    return strict ? <StrictMode>{provided}</StrictMode> : provided
  }
  const rendered = container
    ? { ...render(children, { wrapper, container, ...(hydrate && { hydrate }) }), reload: notReloadable }
    : renderReloadable(
        (life) => {
          own = { agent: life.agent(agent), store: life.store(store) }
          return children
        },
        { wrapper },
      )
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
    async reload() {
      await rendered.reload()
      await frame()
    },
  }
}

function notReloadable(): never {
  throw new Error('A page with a container of its own is not reloaded.')
}
