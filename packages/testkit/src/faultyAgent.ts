import {
  abortable,
  assertRunInput,
  batchesOf,
  delay,
  linkedAbort,
  RejoinError,
  streamOf,
  type Agent,
  type RejoinErrorCode,
  type UpdateBatch,
} from '@rejoin/core'

/** What is wrong between a chat and its agent. Plain data. */
export interface AgentFaults {
  /** There is no network: what is open breaks, and nothing new gets through. */
  readonly offline: boolean
  /** Nothing comes and nothing breaks, for what is open and for what is new. */
  readonly stalled: boolean
  /** Passes before each answer and before each batch of updates, in milliseconds. */
  readonly delayMs: number
  /** What the server refuses each new request with, `unauthorized` for example; `null` for none. Open streams go on. */
  readonly refusal: RejoinErrorCode | null
}

/** What the network between the two is like. */
export interface FaultyAgentOptions {
  /** What is wrong from the beginning. @default nothing */
  faults?: Partial<AgentFaults> | undefined
  /** A connection that stalls for longer breaks as `stalled`, as `proxyAgent` would have it. Milliseconds. @default 15000 */
  stallMs?: number | undefined
}

/** An agent behind a network that fails when it is told to. */
export interface FaultyAgent extends Agent {
  readonly faults: AgentFaults
  /** Requests and streams that are open now. */
  readonly connections: number
  /**
   * Changes what is wrong, for what is open as well. Where there is a window, it hears `offline` and `online` as
   * from a browser, whose `navigator.onLine` stays what it is.
   */
  setFaults(change: Partial<AgentFaults>): void
  /** Breaks what is open, once, as a lost connection does. Gives back how many that were. */
  cut(): number
  /** Called after each change of `faults` or `connections`. Gives back how to leave. */
  subscribe(listener: () => void): () => void
}

interface Connection {
  readonly signal: AbortSignal
  /** Resolves when the network lets something through; rejects when the connection breaks. */
  pass(delayMs: number): Promise<void>
  /** Begins or ends the time after which a silent connection breaks. */
  watch(): void
  break(): void
  close(): void
}

/**
 * Puts a network that can be cut, stalled, slowed and taken away between a chat and `agent`: for stories and tests
 * of what a person then sees. The run goes on behind it. It forgets nothing and invents nothing; what got through
 * before a fault got through.
 */
export function faultyAgent(agent: Agent, { faults: initial, stallMs = 15_000 }: FaultyAgentOptions = {}): FaultyAgent {
  let faults: AgentFaults = { offline: false, stalled: false, delayMs: 0, refusal: null, ...initial }
  const open = new Set<Connection>()
  const listeners = new Set<() => void>()
  const onFlowing = new Set<() => void>()

  function changed(): void {
    for (const listener of listeners) listener()
  }

  function flowing(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = deferred()
    onFlowing.add(resolve)
    return abortable(promise, signal).finally(() => onFlowing.delete(resolve))
  }

  /** @throws RejoinError for what does not get as far as the agent */
  function connect(parent: AbortSignal | undefined): Connection {
    parent?.throwIfAborted()
    if (faults.offline) throw new RejoinError('unreachable')
    if (faults.refusal !== null) throw new RejoinError(faults.refusal)
    const life = linkedAbort(parent)
    let timer: ReturnType<typeof setTimeout> | undefined
    const connection: Connection = {
      signal: life.signal,
      async pass(delayMs) {
        life.signal.throwIfAborted()
        if (delayMs > 0) await delay(delayMs, life.signal)
        while (faults.stalled) await flowing(life.signal)
      },
      watch() {
        clearTimeout(timer)
        if (faults.stalled) timer = setTimeout(() => life.abort(new RejoinError('stalled')), stallMs)
      },
      break: () => life.abort(new RejoinError('unreachable')),
      close() {
        clearTimeout(timer)
        life.release()
        if (open.delete(connection)) changed()
      },
    }
    open.add(connection)
    connection.watch()
    changed()
    return connection
  }

  async function request<T>(parent: AbortSignal | undefined, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const connection = connect(parent)
    try {
      await connection.pass(0)
      const answer = await abortable(send(connection.signal), connection.signal)
      await connection.pass(faults.delayMs)
      return answer
    } finally {
      connection.close()
    }
  }

  async function* stream(parent: AbortSignal | undefined, send: (signal: AbortSignal) => AsyncIterable<UpdateBatch>): AsyncGenerator<UpdateBatch> {
    const connection = connect(parent)
    try {
      await connection.pass(0)
      const batches = send(connection.signal)[Symbol.asyncIterator]()
      try {
        while (true) {
          const { done, value } = await abortable(batches.next(), connection.signal)
          if (done) return
          await connection.pass(faults.delayMs)
          yield value
        }
      } finally {
        // Not awaited: an agent that hangs settles its return only after that.
        void batches.return?.()?.catch(() => {})
      }
    } finally {
      connection.break()
      connection.close()
    }
  }

  function cut(): number {
    const broken = [...open]
    for (const connection of broken) connection.break()
    return broken.length
  }

  return {
    get faults() {
      return faults
    },
    get connections() {
      return open.size
    },
    async run(messages, options) {
      assertRunInput(messages, options)
      return await request(options.signal, (signal) => agent.run(messages, { ...options, signal }))
    },
    runStreaming(messages, options) {
      assertRunInput(messages, options)
      return streamOf(() => stream(options.signal, (signal) => batchesOf(agent.runStreaming(messages, { ...options, signal }))))
    },
    cancel: (options) => request(options.signal, (signal) => agent.cancel({ ...options, signal })),
    setFaults(change) {
      const before = faults
      faults = { ...before, ...change }
      if (faults.stalled !== before.stalled) for (const connection of open) connection.watch()
      if (!faults.stalled) for (const resolve of onFlowing) resolve()
      if (faults.offline && !before.offline) {
        cut()
        tellWindow('offline')
      }
      changed()
      if (before.offline && !faults.offline) tellWindow('online')
    },
    cut,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

function tellWindow(type: 'offline' | 'online'): void {
  if (typeof window !== 'undefined') window.dispatchEvent(new Event(type))
}
