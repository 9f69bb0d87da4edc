import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { serve, type Server } from '@rejoin/testkit/server'
import { build } from 'vite'

const types: Readonly<Record<string, string>> = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' }

export interface ServePageOptions {
  /** Where the agent proxy is: `/api/agent`. */
  agentPath: string
  handler(request: Request): Promise<Response>
}

/** Builds the page of a folder, and serves it with an agent proxy. */
export async function servePage(root: string, { agentPath, handler }: ServePageOptions): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-page-'))
  await build({ root, logLevel: 'error', configFile: false, build: { outDir: folder, emptyOutDir: true } })
  const server = await serve(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith(`${agentPath}/`)) return await handler(request)
    const file = join(folder, normalize(pathname === '/' ? 'index.html' : pathname))
    const body = await readFile(file, 'utf8').catch(() => null)
    return new Response(body, { status: body === null ? 404 : 200, headers: { 'content-type': types[extname(file)] ?? 'text/plain' } })
  })
  return {
    url: server.url,
    async close() {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
