import {
  assertRunInput,
  compact,
  joinToken,
  newRun,
  reduce,
  RejoinError,
  splitToken,
  startCursor,
  streamOf,
  userMessage,
  type Agent,
  type AgentCancelOptions,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
  type Cursor,
  type UpdateBatch,
} from '@rejoin/core'
import { base64url } from 'jose'
import { type EventLog, type LogHead } from '../../logs/eventLog.ts'
import { memoryEventLog } from '../../logs/memory.ts'
import { createLogWriter } from '../../logs/writer.ts'
import { type AgentGenerator } from './generator.ts'
import { produce } from './produce.ts'
import { within } from './within.ts'

export interface BackgroundAgentOptions {
  /** Where the updates of runs are kept. @default memoryEventLog({ retentionMs }) */
  log?: EventLog | undefined
  /** How long an ended run is kept, in milliseconds, where `log` is not given. @default 86400000 (24 h) */
  retentionMs?: number | undefined
  /** A run whose updates take more bytes than this ends as `incomplete`, reason `max_bytes`. @default 16777216 (16 MiB) */
  maxRunBytes?: number | undefined
  /**
   * What a generator threw; the page gets our own sentence instead. By default the console says that
   * something was thrown, and not what: it may hold what a person or a provider wrote.
   */
  onError?: ((error: unknown, run: { readonly session: string; readonly runId: string }) => void) | undefined
}

/** A background run that ends within this many milliseconds is answered whole, without a token. */
export const quickMs = 50

/**
 * An agent written as an async generator. Each run writes to a log and goes on whoever is connected;
 * readers read the log. A run lives as long as this process.
 *
 * ```ts
 * backgroundAgent(async function* ({ messages, signal }) {
 *   yield { type: 'progress', step: { id: 'think', label: 'Thinking', state: 'active' } }
 *   yield 'Hello'
 * })
 * ```
 */
export function backgroundAgent(generator: AgentGenerator, options: BackgroundAgentOptions = {}): Agent {
  const { retentionMs, maxRunBytes = 16 * 1024 * 1024, onError = sayThatItFailed } = options
  const log = options.log ?? memoryEventLog({ retentionMs })
  const working = new Map<string, AbortController>()

  /** Starts the run, or finds it started. */
  async function start(handle: string, messages: readonly ChatMessage[], run: AgentRunOptions): Promise<void> {
    if (!(await log.create(handle))) return
    const cancelled = new AbortController()
    working.set(handle, cancelled)
    // A cancel before this line found nothing to abort; its end is in the log.
    if ((await log.peek(handle))?.end) {
      working.delete(handle)
      return
    }
    const { session, runId, user = null } = run
    const report = (error: unknown): void => {
      try {
        onError(error, { session, runId })
      } catch {
        // A hook that throws must not keep the run from its end.
      }
    }
    const writer = createLogWriter({
      log,
      key: handle,
      startedAt: Date.now(),
      maxRunBytes,
      onClosed: () => cancelled.abort(new DOMException('The run was cancelled.', 'AbortError')),
      onError: report,
    })
    const context = { messages, session, runId, user, signal: cancelled.signal }
    void produce(generator, context, writer, report).finally(() => working.delete(handle))
  }

  async function headOf(handle: string): Promise<LogHead> {
    const head = await log.peek(handle)
    if (head === null) throw new RejoinError('expired')
    return head
  }

  async function respond(handle: string, runId: string): Promise<AgentResponse> {
    const { end, phase, startedAt, cursor } = await headOf(handle)
    const answer = { runId, message: { id: runId, role: 'assistant', parts: [] } } as const
    if (end === null) {
      const token = joinToken(handle, cursor)
      return { ...answer, state: { type: phase }, continuationToken: token, elapsedMs: elapsedSince(startedAt) }
    }
    // What somebody has who has read it all.
    let run = newRun({ id: runId, session: '', message: userMessage(''), createdAt: startedAt })
    for await (const slice of log.read(handle, startCursor)) run = compact(slice).reduce(reduce, run)
    const { parts, steps } = run
    const message = { ...answer.message, parts }
    return { runId, message, steps, state: end.outcome, continuationToken: null, elapsedMs: end.elapsedMs }
  }

  async function ended(handle: string, signal?: AbortSignal): Promise<void> {
    for await (const slice of log.read(handle, startCursor, signal)) if (slice.at(-1)?.type === 'end') return
  }

  async function* follow(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    const { handle, cursor } = placeOf(run)
    if (messages.length > 0) await start(handle, messages, run)
    const { end, startedAt } = await headOf(handle)
    const elapsedMs = end?.elapsedMs ?? elapsedSince(startedAt)
    yield { handle, updates: [{ type: 'open', cursor, mode: 'tail', elapsedMs }] }
    for await (const updates of log.read(handle, cursor, run.signal)) yield { handle, updates }
  }

  return {
    async run(messages, run) {
      assertRunInput(messages, run)
      const { handle } = placeOf(run)
      if (messages.length > 0) {
        await start(handle, messages, run)
        if (run.background) await within(quickMs, (signal) => ended(handle, signal), run.signal)
        else await ended(handle, run.signal)
      }
      return await respond(handle, run.runId)
    },
    runStreaming(messages, run) {
      assertRunInput(messages, run)
      return streamOf(() => follow(messages, run))
    },
    async cancel(run) {
      const { handle } = placeOf(run)
      // Without a token the run may not have been started yet; an ended log in its place keeps it from being.
      if (run.continuationToken === null) await log.create(handle)
      const { startedAt } = await headOf(handle)
      await log.append(handle, [{ type: 'end', outcome: { type: 'cancelled' }, elapsedMs: elapsedSince(startedAt) }])
      const { end } = await headOf(handle)
      if (end?.outcome.type === 'cancelled') {
        working.get(handle)?.abort(new DOMException('The run was cancelled.', 'AbortError'))
      }
      return await respond(handle, run.runId)
    },
  }
}

/**
 * A run's handle follows from whose it is and its id, so that repeated starts and early cancels find it.
 * @throws RejoinError `token_invalid`, or `expired` for a token of another run
 */
function placeOf(run: AgentRunOptions | AgentCancelOptions): { handle: string; cursor: Cursor } {
  const handle = base64url.encode(JSON.stringify([run.user ?? null, run.runId]))
  if (run.continuationToken == null) return { handle, cursor: startCursor }
  const parts = splitToken(run.continuationToken)
  if (parts.handle !== handle) throw new RejoinError('expired')
  return parts
}

function elapsedSince(startedAt: number): number {
  return Math.max(0, Date.now() - startedAt)
}

function sayThatItFailed(): void {
  console.error('Rejoin: a generator agent threw. Give backgroundAgent an `onError` to see what.')
}
