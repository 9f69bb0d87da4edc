import { linkedAbort, type LinkedAbort } from '@rejoin/core'
import { createAgentProxy, memoryEventLog, memoryRunRegistry, type AgentProxy } from '@rejoin/proxy'
import { describeFaults, faultyFetch, handlerFetch, type Fetch } from '@rejoin/testkit'
import { plannedAgents } from './agents.ts'
import { mortal } from './mortal.ts'
import { timingOf, type Plan } from './plan.ts'
import { watchedBody } from './watchedBody.ts'
import { type ServerView } from './world.ts'

/** Where the agent is served. */
export const agentPath = '/api/agent'

/** The server of one plan, and the network in front of it. */
export interface ChaosServer {
  /** Asks it through the network. Rejects, breaks off or stands still as the plan has it; the signal is that of the connection. */
  readonly fetch: Fetch
  /** The network to it is down for a while: what is open breaks, what is new is refused. */
  refuse(forMs: number): void
  /** Its process dies, and another comes so much later. What is written survives, what is in memory does not. */
  restart(downMs: number): void
  /** Whatever keeps it from being reached is over now. */
  heal(): void
  view(): ServerView
  /** Ends it, with all that is open. */
  close(): void
}

export interface ChaosServerOptions {
  /**
   * How long two streams of a run may be open at once before it counts, in milliseconds: sockets of a tab that is gone may
   * close after the next tab's have opened. Asked for each time. @default none
   */
  graceMs?: (() => number) | undefined
}

interface Connection {
  readonly life: LinkedAbort
  /** The run that it streams. */
  readonly streams: string | null
  /** Whether it is open for good, and not beside one that is about to close. */
  counts: boolean
}

interface Process {
  readonly handler: AgentProxy
  /** Whether a start that it has begun may be begun again by the next one. */
  readonly startsOnce: boolean
  die(): void
}

interface Outage {
  end(): void
}

export function createChaosServer(plan: Plan, { graceMs }: ChaosServerOptions = {}): ChaosServer {
  const { heartbeatMs, firstBatchMs } = timingOf(plan.engine)
  const begunAt = Date.now()
  const eventLog = memoryEventLog()
  const registry = memoryRunRegistry()
  const agents = plannedAgents(plan)
  const errors: string[] = []
  const log: string[] = []
  const open = new Set<Connection>()
  const outages = new Set<Outage>()
  let asked = 0
  let askedAt = begunAt
  /** How much is going wrong, and when the last of it was over. */
  let troubles = 0
  let troubledAt = begunAt
  let mostStreams = 0
  let process = startProcess()
  const faulty = faultyFetch(handlerFetch((request) => process.handler(request)), plan.requests)

  function startProcess(): Process {
    const life = new AbortController()
    function onError(error: unknown): void {
      // What is left of a process that has died fails at whatever it does.
      if (!life.signal.aborted) errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    const agent = agents.create({ life: life.signal, log: eventLog, onError })
    const handler = createAgentProxy({
      agent,
      secret: 'only for tests, and long enough for that',
      authorize: () => ({ user: 'somebody' }),
      registry: mortal(registry, life.signal),
      basePath: agentPath,
      heartbeatMs,
      firstBatchMs,
      onError,
    })
    const die = (): void => life.abort(new DOMException('The process is gone.', 'AbortError'))
    return { handler, startsOnce: agent.startsOnce === true, die }
  }

  /** What a registry that outlives its processes makes of the starts of one that has died; this one is made for a single process. */
  async function loseStarts({ startsOnce }: Process): Promise<void> {
    for (const record of await registry.list('somebody')) {
      if (record.state !== 'starting') continue
      if (startsOnce) await registry.drop(record)
      else await registry.end(record, { type: 'failed', code: 'start_unknown' }, Date.now() - record.startedAt)
    }
  }

  function note(line: string): void {
    log.push(`${Date.now() - begunAt} ms ${line}`)
  }

  function connect(signal: AbortSignal | undefined, streams: string | null): Connection {
    const connection: Connection = { life: linkedAbort(signal), streams, counts: false }
    open.add(connection)
    if (graceMs === undefined || ![...open].some((other) => other !== connection && other.streams === streams)) count(connection)
    else setTimeout(count, graceMs(), connection)
    return connection
  }

  function count(connection: Connection): void {
    const { streams } = connection
    if (streams === null || !open.has(connection)) return
    connection.counts = true
    mostStreams = Math.max(mostStreams, [...open].filter((other) => other.counts && other.streams === streams).length)
  }

  async function fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const signal = init.signal ?? undefined
    signal?.throwIfAborted()
    asked += 1
    askedAt = Date.now()
    if (outages.size > 0) throw new TypeError('network error')
    const connection = connect(signal, streamedRun(url, init))
    const { life } = connection
    const answer = faulty(url, { ...init, signal: life.signal })
    const request = faulty.requests.at(-1)
    const troubled = request !== undefined && request.faults.length > 0
    if (troubled) troubles += 1

    function close(): void {
      if (!open.delete(connection)) return
      if (troubled) calm()
      life.signal.removeEventListener('abort', close)
      life.release()
      if (request) note(`${request.method} ${request.url}: ${describeFaults(request.faults)}; sent ${request.sent}, ${request.bytes} bytes, ${request.end ?? 'left'}`)
    }

    life.signal.addEventListener('abort', close, { once: true })
    try {
      const response = await answer
      const { status, statusText, headers, body } = response
      if (body === null) {
        close()
        return response
      }
      return new Response(watchedBody(body, close), { status, statusText, headers })
    } catch (error) {
      close()
      throw error
    }
  }

  function calm(): void {
    troubles -= 1
    troubledAt = Date.now()
  }

  function breakAll(): void {
    for (const { life } of open) life.abort(new DOMException('The connection is broken.', 'NetworkError'))
  }

  function outage(forMs: number, onEnd: () => void): void {
    const timer = setTimeout(end, forMs)
    const out: Outage = { end }
    function end(): void {
      clearTimeout(timer)
      if (!outages.delete(out)) return
      calm()
      onEnd()
    }
    outages.add(out)
    troubles += 1
    breakAll()
  }

  return {
    fetch,
    refuse(forMs) {
      note(`the network is down for ${forMs} ms`)
      outage(forMs, () => note('the network is back'))
    },
    restart(downMs) {
      note(`the server dies for ${downMs} ms`)
      process.die()
      void loseStarts(process)
      outage(downMs, () => {
        // Another restart may have come while it was down.
        process.die()
        process = startProcess()
        note('the server is back')
      })
    },
    heal() {
      for (const { end } of outages) end()
    },
    view: () => ({
      started: agents.started(),
      cancelled: agents.cancelled(),
      whole: agents.whole(),
      calmMs: troubles > 0 ? 0 : Date.now() - troubledAt,
      asked,
      unaskedMs: Date.now() - askedAt,
      open: open.size,
      mostStreams,
      errors,
      log,
    }),
    close() {
      for (const { end } of outages) end()
      process.die()
      breakAll()
    },
  }
}

/** Which run a request is to stream, if it is to stream one. */
function streamedRun(url: string, { method = 'GET', headers, body }: RequestInit): string | null {
  if (!new Headers(headers).get('accept')?.includes('text/event-stream')) return null
  const path = new URL(url, 'http://localhost').pathname.slice(agentPath.length)
  if (method === 'GET') return /^\/runs\/([^/]+)$/.exec(path)?.[1] ?? null
  if (path !== '/runs' || typeof body !== 'string') return null
  const { id }: { id?: unknown } = JSON.parse(body)
  return typeof id === 'string' ? id : null
}
