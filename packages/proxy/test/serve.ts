import {
  header,
  proxyAgent,
  userMessage,
  type Agent,
  type AgentResponseUpdate,
  type StartRequest,
  type Update,
} from '@rejoin/core'
import { createAgentProxy, type AgentProxy, type AgentProxyOptions } from '@rejoin/proxy'

export const secret = 'a secret for tests, long enough to be one'
export const base = 'http://proxy.test/api/agent'

/** Who asks, in this header; without it `authorize` refuses. */
const userHeader = 'x-user'

export interface Served {
  handler: AgentProxy
  /** The proxy as a browser of this user sees it. */
  as(user: string): Agent
  fetch(path: string, init?: RequestInit & { user?: string }): Promise<Response>
  errors: { error: unknown; where: string }[]
  /** What was given to `waitUntil`. */
  tasks: Promise<unknown>[]
}

export function serve(agent: Agent, options: Partial<AgentProxyOptions> = {}): Served {
  const errors: Served['errors'] = []
  const tasks: Promise<unknown>[] = []
  const handler = createAgentProxy({
    agent,
    secret,
    authorize: (request) => ({ user: request.headers.get(userHeader) }),
    onError: (error, where) => errors.push({ error, where }),
    ...options,
  })
  const context = { waitUntil: (task: Promise<unknown>) => void tasks.push(task) }
  return {
    handler,
    errors,
    tasks,
    as: (user) =>
      proxyAgent({ url: base, headers: { [userHeader]: user }, fetch: (url, init) => handler(new Request(url, init), context) }),
    fetch(path, { user = 'ada', ...init } = {}) {
      const headers = new Headers(init.headers)
      headers.set(userHeader, user)
      return handler(new Request(base + path, { ...init, headers }), context)
    },
  }
}

export const runId = '018f2c4e-0000-7000-8000-000000000001'

export function startBody(start: Partial<StartRequest> = {}): string {
  return JSON.stringify({ id: runId, session: 'support', message: userMessage('Hello?'), background: true, ...start })
}

export const sse = { accept: 'text/event-stream' }

export function post(body: string, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
}

export function withToken(token: string, headers: Record<string, string> = {}): Record<string, string> {
  const at = token.length - 16
  return { ...headers, [header.token]: token.slice(0, at), [header.lastEventId]: token.slice(at + 1) }
}

/** The code and status of a refusal; its whole body, to compare. */
export async function refusal(answer: Response | Promise<Response>): Promise<{ status: number; code: string; body: string }> {
  const response = await answer
  const body = await response.text()
  return { status: response.status, code: JSON.parse(body).code, body }
}

export async function collect(stream: AsyncIterable<AgentResponseUpdate>): Promise<AgentResponseUpdate[]> {
  const updates: AgentResponseUpdate[] = []
  for await (const update of stream) updates.push(update)
  return updates
}

export function textIn(updates: readonly Update[]): string {
  return updates.map((update) => (update.type === 'text' ? update.delta : '')).join('')
}

/** A response's body, chunk by chunk as text. */
export function chunksOf(response: Response): { next(): Promise<string | null>; cancel(): Promise<void> } {
  if (!response.body) throw new Error('The response has no body.')
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  return {
    async next() {
      const { done, value } = await reader.read()
      return done ? null : decoder.decode(value)
    },
    cancel: () => reader.cancel(),
  }
}

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
  await new Promise((resolve) => setTimeout(resolve, 0))
}
