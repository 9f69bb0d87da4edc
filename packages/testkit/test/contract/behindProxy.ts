import { proxyAgent, type Agent } from '@rejoin/core'
import { createAgentProxy, type RunRegistry } from '@rejoin/proxy'
import { handlerFetch } from '@rejoin/testkit'
import { type AgentContractSubject } from '@rejoin/testkit/contract'

const secret = 'a secret for tests, long enough to be one'
const url = 'http://proxy.test/api/agent'

/** The subject as a page sees it. The proxy knows runs by their ids, whatever its agent does. */
export function behindProxy(subject: AgentContractSubject): AgentContractSubject {
  return {
    name: `${subject.name} behind a proxy`,
    can: canBehindProxy(subject.can),
    async create(answer) {
      const world = await subject.create(answer)
      return { ...world, agent: served(world.agent), again: () => served(world.again()) }
    },
  }
}

export function canBehindProxy(can: AgentContractSubject['can']): AgentContractSubject['can'] {
  return {
    ...can,
    cancelWithoutToken: true,
    cancelIsFinal: true,
    // Where only the proxy knows that a run was cancelled, another proxy does not.
    sharesCancels: can.cancelIsFinal && can.sharesCancels,
    joinsStarts: true,
    bindsTokens: true,
  }
}

/** In front of it a proxy of its own, which may share what it knows of runs with others, and a page that asks it. */
export function served(agent: Agent, registry?: RunRegistry): Agent {
  const handler = createAgentProxy({ agent, secret, authorize: () => null, registry, onError() {} })
  return proxyAgent({ url, fetch: handlerFetch(handler) })
}
