import { randomUUID } from 'node:crypto'
import { getRequestListener } from '@hono/node-server'
import { createAgentProxy } from '@rejoin/proxy'
import { a2aAgent } from '@rejoin/proxy/a2a'
import { type PreviewServer, type Plugin, type ViteDevServer } from 'vite'
import { startAgent } from './startAgent.ts'

/** Where the page finds the agent proxy. */
const path = '/api/agent'

/** Serves the agent proxy on the port of the page itself, in front of the agent of `AGENT_CARD`, or of one that it starts. */
export function agentServer(): Plugin {
  async function mount({ middlewares, httpServer }: ViteDevServer | PreviewServer): Promise<void> {
    const handler = createAgentProxy({
      agent: a2aAgent({ url: process.env.AGENT_CARD || (await ownAgent(httpServer)) }),
      basePath: path,
      // One that is made anew is good enough as long as the agent, too, forgets its tasks with its process.
      secret: process.env.REJOIN_SECRET || randomUUID(),
      authorize: () => null, // a page that is open to everybody
    })
    const listener = getRequestListener((request) => handler(request))
    middlewares.use((request, response, next) => {
      if (request.url?.startsWith(`${path}/`)) void listener(request, response)
      else next()
    })
  }
  return { name: 'agent-server', configureServer: mount, configurePreviewServer: mount }
}

/** The card of an agent that ends with the server. */
async function ownAgent(server: ViteDevServer['httpServer'] | PreviewServer['httpServer']): Promise<string> {
  const { card, stop } = await startAgent()
  server?.once('close', stop)
  return card
}
