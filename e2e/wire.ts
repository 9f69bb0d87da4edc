import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request to the agent proxy, as it passed the wire. */
interface Passed {
  readonly method: string
  readonly path: string
  readonly openedAt: number
  closedAt: number | null
}

/** The network between browser and server, on a port of its own, that can be cut for real. */
export interface Wire {
  readonly url: string
  readonly requests: readonly Passed[]
  /** All that has passed, both ways: addresses, headers and bodies. */
  traffic(): string
  /** The most streams of answers that were open at one moment. */
  mostStreams(): number
  /** Resets every open connection. */
  cut(): void
  /** Until `accept`, new connections are reset as soon as they are made. */
  refuse(): void
  accept(): void
  /** Connections reset since `refuse`. */
  refused(): number
  /** Until `release`, requests to the agent proxy that match are kept back, and resolve nothing. */
  hold(match: (passed: Passed) => boolean): void
  release(): void
  /** The streams of starts stand still once they have brought so many characters of text. */
  stallStarts(characters: number): void
  /** From now on, requests go to another server. */
  target(url: string): void
  close(): Promise<void>
}

export async function createWire(url: string): Promise<Wire> {
  let { hostname, port } = new URL(url)
  const requests: Passed[] = []
  const traffic: string[] = []
  const sockets = new Set<Socket>()
  let refusing = false
  let refused = 0
  let streams = 0
  let most = 0
  let longestStart = Infinity
  let held: ((passed: Passed) => boolean) | null = null
  let waiting: (() => void)[] = []

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const passed: Passed = { method: request.method ?? 'GET', path, openedAt: Date.now(), closedAt: null }
    const api = path.startsWith('/api/agent')
    if (api) requests.push(passed)
    traffic.push(path, JSON.stringify(request.headers))
    let streaming = false
    let gone = false
    // Before anything is waited for: a page may be gone by the time its request is let through.
    response.once('close', () => {
      gone = true
      passed.closedAt = Date.now()
      if (streaming) streams -= 1
    })
    if (api && held?.(passed)) await new Promise<void>((resolve) => waiting.push(resolve))
    const upstream = send({ hostname, port, path, method: passed.method, headers: request.headers }, (answer) => {
      if (gone) return upstream.destroy()
      traffic.push(JSON.stringify(answer.headers))
      answer.on('data', (chunk: Buffer) => traffic.push(chunk.toString()))
      streaming = answer.headers['content-type']?.startsWith('text/event-stream') ?? false
      if (streaming) most = Math.max(most, (streams += 1))
      // Chromium reads on for up to five seconds after a page has given up a stream, should the connection be good
      // for another request (HttpResponseBodyDrainer). Said not to be, it closes at once, and can be counted.
      response.writeHead(answer.statusCode ?? 502, streaming ? { ...answer.headers, connection: 'close' } : answer.headers)
      answer.pipe(response)
      if (passed.method === 'POST' && streaming && longestStart < Infinity) {
        let body = ''
        answer.on('data', (chunk: Buffer) => {
          body += chunk.toString()
          if (textLength(body) >= longestStart) answer.unpipe(response)
        })
      }
      response.once('close', () => upstream.destroy())
      return undefined
    })
    upstream.on('error', () => response.destroy())
    // Only now: a body that is listened to flows, and one that is held back would be gone.
    request.on('data', (chunk: Buffer) => traffic.push(chunk.toString()))
    request.pipe(upstream)
  }

  const server = createServer((request, response) => void pass(request, response))
  server.on('connection', (socket) => {
    if (refusing) {
      refused += 1
      return socket.resetAndDestroy()
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo

  function release(): void {
    held = null
    for (const resolve of waiting.splice(0)) resolve()
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  return {
    url: `http://127.0.0.1:${own}`,
    requests,
    traffic: () => traffic.join(''),
    mostStreams: () => most,
    cut,
    refuse() {
      refusing = true
      refused = 0
      cut()
    },
    accept() {
      refusing = false
    },
    refused: () => refused,
    hold(match) {
      held = match
    },
    release,
    stallStarts(characters) {
      longestStart = characters
    },
    target(next) {
      ;({ hostname, port } = new URL(next))
    },
    async close() {
      release()
      cut()
      await new Promise((resolve) => server.close(resolve))
      waiting = []
    },
  }
}

/** How much text the events of a stream bring. */
function textLength(body: string): number {
  const deltas = body.matchAll(/"delta":("(?:[^"\\]|\\.)*")/g)
  return [...deltas].reduce((length, [, delta = '""']) => length + String(JSON.parse(delta)).length, 0)
}
