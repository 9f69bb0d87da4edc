import { createAgentProxy, type AgentProxy } from '@rejoin/proxy'
import { puppetAgent } from './puppetAgent.ts'
import { secret } from './serve.ts'

/** A proxy whose callers say who they are. */
export function testProxy(): AgentProxy {
  return createAgentProxy({
    agent: puppetAgent(),
    secret,
    authorize: (request) => ({ user: /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? null }),
  })
}
