import { getRequestListener } from '@hono/node-server'
import type { Connect, Plugin } from 'vite'
import { aboutPath } from './about.ts'
import { agentPath } from './agentPath.ts'
import { filesPath } from './filesPath.ts'
import { newVisitorCookie, visitorOf } from './visitor.ts'

/** Serves the agent proxy under `/api/agent` and files under `/api/files`, on the port of the page itself, in development and preview alike. */
export function agentServer(): Plugin {
  async function mount(middlewares: Connect.Server): Promise<void> {
    // Imported here: a build needs the plugin, but no agent.
    const { about, filesHandler, handler } = await import('./handler.ts')
    const listener = getRequestListener(handler)
    const filesListener = getRequestListener(filesHandler)
    middlewares.use((request, response, next) => {
      if (request.url?.startsWith(`${agentPath}/`)) {
        void listener(request, response)
        return
      }
      if (request.url?.startsWith(filesPath)) {
        void filesListener(request, response)
        return
      }
      if (visitorOf(request.headers.cookie) === null) response.appendHeader('set-cookie', newVisitorCookie())
      if (request.url === aboutPath) {
        response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' })
        response.end(`globalThis.about = ${JSON.stringify(about)}`)
        return
      }
      next()
    })
  }
  return {
    name: 'agent-server',
    configureServer: ({ middlewares }) => mount(middlewares),
    configurePreviewServer: ({ middlewares }) => mount(middlewares),
  }
}
