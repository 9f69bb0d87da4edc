import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { text } from 'node:stream/consumers'
import { agentPath, type ChaosServer } from '../server.ts'
import { type Bundle } from './bundle.ts'
import { paths, type Acted } from './page/chaosPage.ts'

/** An origin of its own: the page, which is always there, and the agent, behind all that goes wrong. */
export interface Site {
  readonly url: string
  /** What the pages of a tab have complained of. */
  complaints(tab: number): readonly string[]
  /** How often an app was told that its run has ended. */
  finished(): number
  /** Breaks what a tab that is gone has left open: Firefox sees only with the next byte that there is nobody to read it. */
  drop(tab: number): void
  /** Lets go of a tab that is frozen; where it is not yet, as soon as it is. */
  thaw(tab: number): void
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' }

/** @param actedIn what the page of a tab begins with */
export async function openSite(bundle: Bundle, chaos: ChaosServer, actedIn: (tab: number) => Acted): Promise<Site> {
  const complaints = new Map<number, string[]>()
  const asked = new Map<IncomingMessage, number>()
  const gone = new Set<number>()
  const holds = new Map<number, ReturnType<typeof Promise.withResolvers<void>>>()
  let finished = 0

  function holdOf(tab: number): ReturnType<typeof Promise.withResolvers<void>> {
    const hold = holds.get(tab) ?? Promise.withResolvers<void>()
    holds.set(tab, hold)
    return hold
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const tab = Number(searchParams.get('tab'))
    if (pathname.startsWith(`${agentPath}/`)) {
      const asker = askerOf(request)
      // It was on its way when its tab was killed.
      if (gone.has(asker)) throw new Error('Nobody waits for it.')
      asked.set(request, asker)
      response.once('close', () => asked.delete(request))
      return await pass(request, response, chaos)
    }
    const said = await text(request)
    if (pathname === paths.complain) complaints.set(tab, [...(complaints.get(tab) ?? []), said])
    if (pathname === paths.finish) finished += 1
    if (pathname === paths.hold) {
      await holdOf(tab).promise
      holds.delete(tab)
    }
    const path = pathname === '/' ? '/index.html' : pathname
    const file = bundle.get(path)
    response.writeHead(file === undefined ? 204 : 200, { 'content-type': types[extname(path)] ?? 'text/plain', 'cache-control': 'no-store' })
    response.end(file?.replace('<head>', `<head><script>acted = ${JSON.stringify(actedIn(tab))}</script>`))
  }

  const server = createServer((request, response) => {
    // Whoever is gone has nothing to be told.
    answer(request, response).catch(() => request.socket.resetAndDestroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    complaints: (tab) => complaints.get(tab) ?? [],
    finished: () => finished,
    drop(tab) {
      gone.add(tab)
      for (const [request, asker] of asked) if (asker === tab) request.socket.resetAndDestroy()
    },
    thaw: (tab) => holdOf(tab).resolve(),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The tab that asks: it says which page it asks from. */
function askerOf({ headers: { referer } }: IncomingMessage): number {
  return referer === undefined ? 0 : Number(new URL(referer).searchParams.get('tab'))
}

/** What fails on the way breaks the connection; what stands still leaves it open. Each request has a connection of its own. */
async function pass(request: IncomingMessage, response: ServerResponse, chaos: ChaosServer): Promise<void> {
  const life = new AbortController()
  response.once('close', () => life.abort(new DOMException('The connection is closed.', 'AbortError')))
  const { method = 'GET', url = '/' } = request
  const body = method === 'GET' ? null : await text(request)
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[name, value]] : []))
  const answer = await chaos.fetch(`http://localhost${url}`, { method, headers, body, signal: life.signal })
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), connection: 'close' })
  response.flushHeaders()
  for await (const chunk of answer.body ?? []) {
    if (!response.write(chunk)) await once(response, 'drain', { signal: life.signal })
  }
  response.end()
}
