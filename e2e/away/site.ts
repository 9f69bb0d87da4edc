import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { type BrowserContext, type Page } from '@playwright/test'
import { servePage } from '../servePage.ts'

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

const agentPath = '/api/agent'

export async function startSite(): Promise<Site> {
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
    // The header is for browsers that keep no cookies.
    authorize: ({ headers }) => ({ user: /(?:^|; )user=(\w+)/.exec(headers.get('cookie') ?? '')?.[1] ?? headers.get('x-user') }),
  })

  const server = await servePage(import.meta.dirname, {
    agentPath,
    handler(request) {
      requests.push(`${request.method} ${new URL(request.url).pathname.slice(agentPath.length)}`)
      return handler(request)
    },
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
    close: server.close,
  }
}

/** A browser in which somebody is signed in. */
export async function signIn(context: BrowserContext, site: Site, user: string): Promise<Page> {
  await context.addCookies([{ name: 'user', value: user, url: site.address(user) }])
  return await context.newPage()
}
