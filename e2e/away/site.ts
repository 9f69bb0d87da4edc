import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { serve } from '@rejoin/testkit/server'
import { type BrowserContext, type Page } from '@playwright/test'
import { build } from 'vite'

/** An app of several chats, whose agent says what the test says. */
export interface Site {
  /** The page of whoever is signed in: of one chat, or, without, of all. */
  address(user: string, chat?: string): string
  /** The run that began last. */
  latest(): PlayedRun
  /** How many have begun. */
  readonly begun: number
  /** What browsers have asked the agent for, `GET /runs/…` for example. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** A run of which a test says what comes. */
interface PlayedRun {
  say(text: string): void
  end(): void
  /** Whether it was stopped. */
  readonly stopped: boolean
}

const types: Readonly<Record<string, string>> = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' }
const agentPath = '/api/agent'

export async function startSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-away-'))
  await build({ root: import.meta.dirname, logLevel: 'error', configFile: false, build: { outDir: folder, emptyOutDir: true } })
  const runs: PlayedRun[] = []
  const requests: string[] = []

  const agent = backgroundAgent(async function* ({ signal }) {
    const words: string[] = []
    let over = false
    let change = Promise.withResolvers<void>()
    function changed(): void {
      change.resolve()
      change = Promise.withResolvers()
    }
    runs.push({
      say(text) {
        words.push(text)
        changed()
      },
      end() {
        over = true
        changed()
      },
      get stopped() {
        return signal.aborted
      },
    })
    signal.addEventListener('abort', changed)
    while (!signal.aborted) {
      const word = words.shift()
      if (word !== undefined) yield word
      else if (over) return
      else await change.promise
    }
  })
  const handler = createAgentProxy({
    agent,
    basePath: agentPath,
    secret: 'only for tests, and long enough for that',
    authorize: (request) => ({ user: /(?:^|; )user=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? null }),
  })

  const server = await serve(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith(`${agentPath}/`)) {
      requests.push(`${request.method} ${pathname.slice(agentPath.length)}`)
      return await handler(request)
    }
    const file = join(folder, normalize(pathname === '/' ? 'index.html' : pathname))
    const body = await readFile(file, 'utf8').catch(() => null)
    return new Response(body, { status: body === null ? 404 : 200, headers: { 'content-type': types[extname(file)] ?? 'text/plain' } })
  })

  return {
    address: (user, chat = '') => `${server.url}/?user=${user}#${chat}`,
    latest() {
      const run = runs.at(-1)
      if (run === undefined) throw new Error('No run has begun.')
      return run
    },
    get begun() {
      return runs.length
    },
    requests,
    async close() {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A browser in which somebody is signed in. */
export async function signIn(context: BrowserContext, site: Site, user: string): Promise<Page> {
  await context.addCookies([{ name: 'user', value: user, url: site.address(user) }])
  return await context.newPage()
}
