import { proxyAgent, type Agent } from '@rejoin/core'
import { createAgentProxy } from '@rejoin/proxy'
import { handlerFetch } from '@rejoin/testkit'
import { type AgentContractSubject } from '@rejoin/testkit/contract'

const secret = 'a secret for tests, long enough to be one'
const url = 'http://proxy.test/api/agent'

/** The subject as a page sees it. The proxy knows runs by their ids, whatever its agent does. */
export function behindProxy(subject: AgentContractSubject): AgentContractSubject {
  return {
    name: `${subject.name} behind a proxy`,
    can: {
      ...subject.can,
      cancelWithoutToken: true,
      cancelIsFinal: true,
      // Where only the proxy knows that a run was cancelled, another proxy does not.
      sharesCancels: subject.can.cancelIsFinal && subject.can.sharesCancels,
      joinsStarts: true,
      bindsTokens: true,
    },
    async create(answer) {
      const world = await subject.create(answer)
      return { ...world, agent: served(world.agent), again: () => served(world.again()) }
    },
  }
}

/** In front of it a proxy of its own, and a page that asks it. */
function served(agent: Agent): Agent {
  const handler = createAgentProxy({ agent, secret, authorize: () => null, onError() {} })
  return proxyAgent({ url, fetch: handlerFetch(handler) })
}
