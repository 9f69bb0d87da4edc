import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Agent } from '@rejoin/core'
import { backgroundAgent, createAgentProxy, type AgentProxy } from '@rejoin/proxy'
import { expectTypeOf, test } from 'vitest'

declare const agent: Agent
declare const secret: string | undefined
declare function userOf(request: Request): Promise<string | null | undefined>

test('createAgentProxy takes what an app has at hand, and insists on secret and authorize', () => {
  expectTypeOf(
    createAgentProxy({ agent, secret, authorize: async (request) => ({ user: await userOf(request) }) }),
  ).toEqualTypeOf<AgentProxy>()
  createAgentProxy({ agent, secret: ['new', 'old'], authorize: () => null })
  createAgentProxy({ agent, secret, authorize: () => ({ user: 'ada' }), history: async ({ session }) => (session === '' ? [] : []) })
  // @ts-expect-error no authorize
  createAgentProxy({ agent, secret })
  // @ts-expect-error no secret
  createAgentProxy({ agent, authorize: () => null })
  // @ts-expect-error a page that is open says so with null
  createAgentProxy({ agent, secret, authorize: () => undefined })
  // @ts-expect-error a forgotten return
  createAgentProxy({ agent, secret, authorize: async () => {} })
})

test('a proxy is a web-standard handler, with or without a context', () => {
  expectTypeOf<AgentProxy>().toExtend<(request: Request) => Promise<Response>>()
  expectTypeOf<AgentProxy>().toBeCallableWith(new Request('http://x'), { waitUntil: (task: Promise<unknown>) => void task })
})

test('a proxy is a route handler of Next.js as it is', () => {
  type RouteHandler = (request: Request, context: { params: Promise<{ path?: string[] | undefined }> }) => Promise<Response | void>
  expectTypeOf<AgentProxy>().toExtend<RouteHandler>()
})

test('a proxy is a callback of the Node adapter of Hono as it is', () => {
  expectTypeOf<AgentProxy>().toExtend<(request: Request, env: { incoming: IncomingMessage; outgoing: ServerResponse }) => unknown>()
})

test('a proxy is a handler of Deno as it is', () => {
  expectTypeOf<AgentProxy>().toExtend<(request: Request, info: { remoteAddr: object; completed: Promise<void> }) => Promise<Response>>()
})

test('a generator yields items and nothing else', () => {
  expectTypeOf(
    backgroundAgent(async function* ({ messages, signal, user }) {
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      expectTypeOf(user).toEqualTypeOf<string | null>()
      yield `${messages.length}`
      yield { type: 'progress', step: { id: 'a', label: 'A', state: 'active' } }
      yield { type: 'status', status: 'queued' }
    }),
  ).toEqualTypeOf<Agent>()
  backgroundAgent(
    // @ts-expect-error a number is no item
    async function* () {
      yield 7
    },
  )
})
