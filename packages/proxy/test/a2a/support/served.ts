import { type Agent } from '@rejoin/core'
import { a2aAgent, type A2aAgentOptions } from '@rejoin/proxy/a2a'
import { a2aServer, type A2aServer, type A2aServerOptions, type A2aStep } from '@rejoin/testkit/a2a'
import { beforeEach, onTestFinished, vi } from 'vitest'

/** An agent of the official SDK, and who asks it. */
export interface Served extends A2aServer {
  /** Another one each time: nothing that one of them remembers is known to the next. */
  agent(options?: Partial<A2aAgentOptions>): Agent
  /** The methods it was asked with, in order. */
  methods(): string[]
}

export async function serve(script: A2aServerOptions['script'], options: Omit<A2aServerOptions, 'script'> = {}): Promise<Served> {
  const server = await a2aServer({ script, ...options })
  onTestFinished(() => server.close())
  return {
    ...server,
    agent: (more = {}) => a2aAgent({ url: server.cardUrl, poll: { intervalMs: 5, capMs: 50 }, ...more }),
    methods: () => server.requests.map(({ method }) => method),
  }
}

/** What a task waits for. */
export interface Gate {
  readonly step: A2aStep
  open(): void
}

export function gate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { step: { type: 'wait', until: () => opened }, open }
}

/** More of an artifact's text. */
export function piece(text: string, id = 'answer'): A2aStep {
  return { type: 'artifact', id, parts: [text] }
}

/** The SDK reports to the console what a client does wrong, and what its agent throws. */
export function silenced(): void {
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    return () => vi.restoreAllMocks()
  })
}
