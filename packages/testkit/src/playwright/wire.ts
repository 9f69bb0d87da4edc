import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { type Duplex } from 'node:stream'
import { once } from 'node:events'
import { eventsIn } from './eventsIn.ts'
import { listen } from './listen.ts'
import { countPassed, type PassedCount, type PassedRequest } from './passed.ts'
import { createTurns, type Missed, type WirePoint, type WireTurn } from './turns.ts'

/** Which requests are those of the agent. */
export interface CreateWireOptions {
  /** Where the app serves the agent proxy, without `/runs`. @default '/api/agent' */
  agentPath?: string | undefined
}

/** What can be taken offline: Playwright's `BrowserContext`. */
export interface OfflineContext {
  /** Tells the pages of the context that they are offline, or no longer. */
  setOffline(offline: boolean): Promise<void>
}

/**
 * The network between a browser and the app's server, on a port of its own, that breaks for real: by resets of TCP
 * connections. Everything passes, WebSockets too (those of development servers, which no cut concerns); of the
 * streams of answers whole events only. `Host` and `Origin` are the browser's: the wire's address, so that they agree,
 * and redirects that the app makes of them lead back to the wire.
 */
export interface Wire {
  /**
   * What the browser opens in place of the app's own address. Without a slash at the end. The app's host name is kept
   * where it is `localhost`, `127.0.0.1` or `[::1]`: cookies and what development servers allow depend on it.
   */
  readonly url: string
  /** The requests to the agent proxy, in the order they came in. */
  readonly requests: readonly PassedRequest[]
  /** What has passed in all: addresses, headers and bodies, both ways. */
  traffic(): string
  /** The most streams of answers that were open at one moment. */
  mostStreams(): number
  /** What is to happen after the n-th update of a run, or at a point that you tell by what has passed of it. */
  at(point: WirePoint): WireTurn
  /** Resets every connection. */
  cut(): void
  /** Resets every connection, and each new one until `accept()`. */
  refuse(): void
  /** Lets connections through again. */
  accept(): void
  /** Connections that were reset since the last `refuse()`. */
  refused(): number
  /** The device loses its network: `refuse()`, and the browser is told. */
  offline(context: OfflineContext): Promise<void>
  /** And has it back. */
  online(context: OfflineContext): Promise<void>
  /** The streams of answers stand still, and stay open, until `release()`. */
  stall(): void
  /** Keeps the requests to the agent proxy back that match, until `release()`. @default all of them */
  hold(match?: (request: PassedRequest) => boolean): void
  /** Lets everything go on that is held or stands still. */
  release(): void
  /** From now on, requests go to another server. */
  target(url: string): void
  /**
   * Cuts everything and stops listening.
   * @throws Error where something that was planned with `at` has not happened or has failed, whoever has heard of that
   */
  close(): Promise<void>
}

/**
 * A wire to the app, on a port of its own. Close it when the test is over.
 * @param target the app's own address, `http`
 */
export async function createWire(target: string, { agentPath = '/api/agent' }: CreateWireOptions = {}): Promise<Wire> {
  let to = addressOf(target)
  const requests: PassedRequest[] = []
  const traffic: (string | Buffer)[] = []
  const counts = new Map<string, PassedCount>()
  const sockets = new Set<Socket>()
  const upgraded = new Set<Duplex>()
  const waiting = new Set<() => void>()
  const turns = createTurns({ cut, refuse })
  let held: ((request: PassedRequest) => boolean) | null = null
  let stalling = false
  let refusing = false
  let refused = 0
  let streams = 0
  let most = 0

  /** Until `release()`, or until nobody waits for this answer any more. */
  function standStill(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      function go(): void {
        waiting.delete(go)
        resolve()
      }
      if (isGone(response)) return go()
      waiting.add(go)
      response.once('close', go)
    })
  }

  function isAgents(path: string): boolean {
    return path === agentPath || path.startsWith(`${agentPath}/`) || path.startsWith(`${agentPath}?`)
  }

  function countOf(id: string): PassedCount {
    const count = counts.get(id) ?? countPassed(id)
    counts.set(id, count)
    return count
  }

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request
    const agents = isAgents(path)
    const passed: Passing = { method, path, openedAt: Date.now(), closedAt: null }
    if (agents) requests.push(passed)
    traffic.push(path, JSON.stringify(request.headers))
    // Before anything is waited for: a page may be gone by the time its request is let through.
    response.once('close', () => {
      passed.closedAt = Date.now()
    })
    if (agents && held?.(passed)) await standStill(response)

    const body: Buffer[] = []
    const headers = agents ? plain(request.headers) : request.headers
    const upstream = send({ ...to, path, method, headers })
    upstream.on('error', () => reset(response))
    response.once('close', () => upstream.destroy())
    // Only now: a body that is listened to flows, and one that is held back would be gone.
    request.on('data', (chunk: Buffer) => {
      body.push(chunk)
      traffic.push(chunk)
    })
    request.pipe(upstream)
    try {
      const [answer]: IncomingMessage[] = await once(upstream, 'response')
      if (answer === undefined || isGone(response)) return
      traffic.push(JSON.stringify(answer.headers))
      const streaming = agents && (answer.headers['content-type']?.startsWith('text/event-stream') ?? false)
      if (streaming) await passStream(answer, response, runOf({ method, path, body }))
      else await passWhole(answer, response)
    } catch {
      reset(response)
    }
  }

  async function passWhole(answer: IncomingMessage, response: ServerResponse): Promise<void> {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    for await (const chunk of answer) {
      traffic.push(chunk)
      await write(response, chunk)
    }
    response.end()
  }

  async function passStream(answer: IncomingMessage, response: ServerResponse, run: string | null): Promise<void> {
    streams += 1
    most = Math.max(most, streams)
    response.once('close', () => {
      streams -= 1
    })
    const read = run === null ? null : countOf(run).stream()
    let stalled = false
    // Chromium reads on for up to five seconds after a page has given up a stream, should the connection be good
    // for another request (HttpResponseBodyDrainer). Said not to be, it closes at once, and can be counted.
    response.writeHead(answer.statusCode ?? 200, { ...answer.headers, connection: 'close' })
    response.flushHeaders()
    for await (const event of eventsIn(answer)) {
      if (stalling || stalled) await standStill(response)
      stalled = false
      if (isGone(response)) return
      traffic.push(event)
      await write(response, event)
      const now = read?.(event.toString())
      if (!now) continue
      await turns.reached(now, {
        stall() {
          stalled = true
        },
        end: () => reset(response),
      })
    }
    // What ends with its last update stands still all the same.
    if (stalling || stalled) await standStill(response)
    response.end()
  }

  /** The id of the run that is started or resumed. */
  function runOf({ method, path, body }: { method: string; path: string; body: readonly Buffer[] }): string | null {
    const [, id] = /^\/runs\/([^/?]+)/.exec(path.slice(agentPath.length)) ?? []
    if (id !== undefined) return decodeURIComponent(id)
    return method === 'POST' ? idIn(Buffer.concat(body).toString()) : null
  }

  function open(): Server {
    const server = createServer((request, response) => void pass(request, response))
    server.on('connection', (socket) => {
      if (refusing) {
        refused += 1
        socket.resetAndDestroy()
        return
      }
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    server.on('upgrade', passSocket)
    return server
  }

  function passSocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upstream = connect(Number(to.port), to.hostname)
    if (socket instanceof Socket) sockets.delete(socket)
    for (const [end, other] of [[socket, upstream], [upstream, socket]] as const) {
      upgraded.add(end)
      end.on('error', () => other.destroy())
      end.on('close', () => {
        upgraded.delete(end)
        other.destroy()
      })
    }
    const headers = request.rawHeaders.map((word, at) => (at % 2 === 0 ? `${word}: ` : `${word}\r\n`)).join('')
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`)
    upstream.write(head)
    socket.pipe(upstream).pipe(socket)
  }

  const { hostname, pathname } = new URL(target)
  const listening = await listen(hostname, open)

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  function refuse(): void {
    refusing = true
    refused = 0
    cut()
  }

  function accept(): void {
    refusing = false
  }

  function release(): void {
    held = null
    stalling = false
    for (const go of waiting) go()
  }

  return {
    url: `http://${listening.hostname}:${listening.port}${pathname.replace(/\/$/, '')}`,
    requests,
    traffic: () => Buffer.concat(traffic.map((said) => Buffer.from(said))).toString(),
    mostStreams: () => most,
    at: turns.at,
    cut,
    refuse,
    accept,
    refused: () => refused,
    async offline(context) {
      refuse()
      await context.setOffline(true)
    },
    async online(context) {
      accept()
      await context.setOffline(false)
    },
    stall() {
      stalling = true
    },
    hold(match = () => true) {
      held = match
    },
    release,
    target(next) {
      to = addressOf(next)
    },
    async close() {
      release()
      const missed = turns.giveUp()
      const closed = listening.close()
      cut()
      for (const socket of upgraded) socket.destroy()
      await closed
      if (missed.never.length + missed.failed.length === 0) return
      throw new Error(complaintOf(missed, requests.length > 0 ? null : agentPath), { cause: missed.failed[0]?.error })
    },
  }
}

/** @param unseen the path that nothing was asked for below */
function complaintOf({ never, failed }: Missed, unseen: string | null): string {
  const said: string[] = []
  if (failed.length > 0) said.push(`What was planned failed: ${failed.map(({ what }) => what).join(', ')}.`)
  if (never.length > 0) said.push(`What was planned never happened: ${never.join(', ')}.`)
  said.push('A test without its fault shows nothing.')
  if (failed.length > 0) said.push('How the first one failed is the cause of this error.')
  if (never.length > 0) {
    said.push(
      unseen === null
        ? 'Plan it for a point that the run gets to, before it gets there, and let the test wait for the run to end.'
        : `No request below ${unseen} came by at all: say where the app serves its agent with the option agentPath, and open ` +
            'the page by the address of the wire.',
    )
  }
  return said.join(' ')
}

type Passing = { -readonly [Field in keyof PassedRequest]: PassedRequest[Field] }

interface Address {
  readonly hostname: string
  readonly port: string
}

function addressOf(target: string): Address {
  const { protocol, hostname, port } = new URL(target)
  if (protocol !== 'http:') {
    throw new Error(`A wire reads what passes, so its target speaks http, not ${protocol} Point it at the server behind TLS.`)
  }
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port || '80' }
}

/** Compressed, the events could not be counted. */
function plain(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { 'accept-encoding': _, ...others } = headers
  return others
}

function idIn(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' ? value.id : null
  } catch {
    return null
  }
}

/** Resolves when there is room for more, or nobody to read it. */
async function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (isGone(response) || response.write(chunk)) return
  await new Promise<void>((resolve) => {
    function go(): void {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

/** At once: the response itself hears of it a turn later. */
function isGone({ destroyed, socket }: ServerResponse): boolean {
  return destroyed || socket === null || socket.destroyed
}

function reset(response: ServerResponse): void {
  if (response.socket) response.socket.resetAndDestroy()
  else response.destroy()
}
