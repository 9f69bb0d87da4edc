import {
  createEngine,
  isOutcome,
  memoryRunStore,
  proxyAgent,
  soloTabs,
  textOf,
  type Agent,
  type MessagePart,
  type RunState,
  type RunStore,
  type Session,
} from '@rejoin/core'
import { createAgentProxy, type AgentProxy, type AgentProxyOptions } from '@rejoin/proxy'
import { handlerFetch, type Fetch } from '@rejoin/testkit'
import { onTestFinished } from 'vitest'

const secret = 'a secret for tests, long enough to be one'
export const proxyURL = 'http://app.test/api/agent'

export interface ServedProxy {
  readonly handler: AgentProxy
  readonly fetch: Fetch
  /** The agent of a page. */
  readonly agent: Agent
  readonly errors: { readonly error: unknown; readonly where: string }[]
}

/** One process with a proxy in it. */
export function serveProxy(agent: Agent, options: Partial<AgentProxyOptions> = {}): ServedProxy {
  const errors: ServedProxy['errors'] = []
  const handler = createAgentProxy({
    agent,
    secret,
    authorize: () => ({ user: 'ada' }),
    onError: (error, where) => errors.push({ error, where }),
    ...options,
  })
  const fetch = handlerFetch((request) => handler(request))
  return { handler, fetch, agent: proxyAgent({ url: proxyURL, fetch }), errors }
}

/** A page: the engine, and somebody who looks. */
export interface Page {
  readonly chat: Session
  readonly store: RunStore
  state(): RunState | null
  ended(): boolean
  text(): string
  parts(): readonly MessagePart[]
  leave(): void
}

export interface PageOptions {
  fetch: Fetch
  /** That of the page it comes back to. @default an empty one */
  store?: RunStore
}

export function openPage({ fetch, store = memoryRunStore() }: PageOptions): Page {
  const engine = createEngine({
    agent: proxyAgent({ url: proxyURL, fetch }),
    user: 'ada',
    store,
    tabs: soloTabs(),
    backoff: { random: () => 0.5 },
    onWarning: (warning) => {
      throw warning
    },
  })
  const chat = engine.session('support')
  // A session that nobody looks at is not brought back from the store.
  chat.subscribe(() => {})
  const leave = engine.mount()
  onTestFinished(leave)
  const state = (): RunState | null => chat.getSnapshot().run?.state ?? null
  const parts = (): readonly MessagePart[] => chat.getSnapshot().messages.find(({ role }) => role === 'assistant')?.parts ?? []
  return {
    chat,
    store,
    state,
    ended() {
      const now = state()
      return now !== null && isOutcome(now)
    },
    text: () => textOf({ parts: parts() }),
    parts,
    leave,
  }
}
