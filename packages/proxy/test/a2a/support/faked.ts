import { type Agent } from '@rejoin/core'
import { a2aAgent, type A2aAgentOptions } from '@rejoin/proxy/a2a'

/** An agent in front of a server that says what no server of the SDK would. */
export interface Faked {
  readonly agent: Agent
  /** The methods it was asked with, in order. */
  readonly methods: readonly string[]
}

type Answers = Readonly<Record<string, (signal: AbortSignal | null | undefined) => Response | Promise<Response>>>

/** @param answers by the methods' names; of any other the server says that it knows no such task */
export function faked(answers: Answers, options: Partial<A2aAgentOptions> = {}): Faked {
  const methods: string[] = []
  const agent = a2aAgent({
    url: 'http://agent.test/a2a',
    poll: { intervalMs: 5, capMs: 50 },
    async fetch(_, { body, signal }) {
      const method = /"method":"(\w+)"/.exec(String(body))?.[1] ?? ''
      methods.push(method)
      return (await answers[method]?.(signal)) ?? refusal(-32001)
    },
    ...options,
  })
  return { agent, methods }
}

/** A stream that tells these results, and closes. */
export function stream(...results: readonly unknown[]): Response {
  return new Response(results.map(eventOf).join(''), { headers: { 'content-type': 'text/event-stream' } })
}

export interface OpenOptions {
  type?: string
  first?: string
  /** Pings all the time. */
  pings?: boolean
  onClosed?: () => void
}

/** An answer whose body does not end. */
export function open({ type = 'text/event-stream', first = '', pings = false, onClosed }: OpenOptions): Response {
  const bytes = new TextEncoder()
  let timer: ReturnType<typeof setInterval> | undefined
  const body = new ReadableStream({
    start(controller) {
      if (first !== '') controller.enqueue(bytes.encode(first))
      if (pings) timer = setInterval(() => controller.enqueue(bytes.encode(': ping\n\n')), 5)
    },
    cancel() {
      clearInterval(timer)
      onClosed?.()
    },
  })
  return new Response(body, { headers: { 'content-type': type } })
}

export function eventOf(result: unknown): string {
  return `data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result })}\n\n`
}

export function result(value: unknown): Response {
  return Response.json({ jsonrpc: '2.0', id: 1, result: value })
}

export function refusal(code: number): Response {
  return Response.json({ jsonrpc: '2.0', id: 1, error: { code, message: 'upstream says: Gringotts' } })
}

/** A task whose only artifact has this text. */
export function task(state: string, text: string, more: { id?: string; timestamp?: string } = {}): Record<string, unknown> {
  const { id = 'task', timestamp } = more
  const status = { state: `TASK_STATE_${state}`, ...(timestamp !== undefined && { timestamp }) }
  return { id, contextId: 'context', status, artifacts: [{ artifactId: 'answer', parts: [{ text }] }] }
}

/** Names the task above, as somebody has it who goes on with it: of a run that has just begun. */
export const token = tokenSince(Date.now())

/** @param startedAt when the run began, in milliseconds since the epoch */
export function tokenSince(startedAt: number): string {
  return `task/context/${startedAt}.0000.0000000000`
}
