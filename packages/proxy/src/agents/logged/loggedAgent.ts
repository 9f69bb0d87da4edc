import {
  assertRunInput,
  compact,
  isRejoinError,
  joinToken,
  linkedAbort,
  newId,
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
import { entryBytes, type EventLog, type LoggedUpdate, type LogHead } from '../../logs/eventLog.ts'
import { memoryEventLog } from '../../logs/memory.ts'
import { createLogWriter } from '../../logs/writer.ts'
import { quickMs } from '../quickMs.ts'
import { noLongerThan } from './noLongerThan.ts'
import { produce, type Produced } from './produce.ts'
import { requestIdOf } from './requestId.ts'

export interface LoggedAgentOptions {
  /** Where the updates of runs are kept. @default memoryEventLog({ retentionMs }) */
  log?: EventLog | undefined
  /** How long an ended run is kept, in milliseconds, where `log` is not given. @default 86400000 (24 h) */
  retentionMs?: number | undefined
  /** A run whose updates take more bytes than this ends as `incomplete`, reason `max_bytes`. @default 16777216 (16 MiB) */
  maxRunBytes?: number | undefined
  /**
   * So long after a process has died or stands still, others that share its log take its runs over, at the latest:
   * a log may know sooner. Who reads a run that another process works on looks after that three times in this time.
   * Milliseconds. @default 15000
   */
  leaseMs?: number | undefined
  /**
   * What the agent's own code threw, or the log of its runs; the page gets our own sentence instead. By default the
   * console says that something was thrown, and not what: it may hold what a person or a provider wrote.
   */
  onError?: ((error: unknown, run: { readonly session: string; readonly runId: string }) => void) | undefined
}

/** What works on a run. */
export interface LoggedContext {
  /**
   * The conversation so far; the last message is the one to answer. Empty for a run that is taken over, where its
   * source does not keep them.
   */
  readonly messages: readonly ChatMessage[]
  readonly session: string
  readonly runId: string
  readonly user: string | null
  /** What the run says; left out where it is taken over. */
  readonly background: boolean | undefined
  /**
   * The turn before, as what closed that said; `null` for the first turn, left out where nobody knows. Not for sources
   * whose history the log keeps: their `messages` are the whole of it.
   */
  readonly conversation: string | null | undefined
  /** Aborts when the run is cancelled or another process works on it now: nobody has to be connected. */
  readonly signal: AbortSignal
  /** Set for a run whose process has died: what it left. */
  readonly left: { readonly updates: readonly LoggedUpdate[]; readonly checkpoint: unknown } | null
  /** Whether all that came before is in the log, and the run still ours. */
  written(): Promise<boolean>
  /** Whether the run has ended: it was cancelled, say, or has grown too large. */
  isOver(): Promise<boolean>
  /**
   * The id of a request part, of a name that is unique within this run. A start that answers anything else than what a
   * run of the same user and session waits for is refused before it reaches a source; `requestName` gives the name back.
   */
  requestId(name: string): string
  /** For what was thrown and does not end the run. */
  report(error: unknown): void
}

export interface LoggedSource<T> {
  read(context: LoggedContext): AsyncIterable<T>
  produced(item: T): Produced
  /** Whether it can go on from what another process left. Where not, such a run ends as `failed{interrupted}`. */
  readonly goesOn: boolean
  /** Whether the messages are kept with the run, for whoever goes on with it. */
  readonly keepsMessages: boolean
  /** Ends what a run that was cancelled has going elsewhere, where nobody here works on it. */
  readonly stop?: (checkpoint: unknown) => Promise<void>
}

/**
 * An agent whose runs are written to a log and go on whoever is connected; readers read the log. A run is worked
 * on by the process that holds its lease.
 */
export function loggedAgent<T>(source: LoggedSource<T>, options: LoggedAgentOptions = {}): Agent {
  const { retentionMs, maxRunBytes = 16 * 1024 * 1024, leaseMs = 15_000, onError = sayThatItFailed } = options
  const log = options.log ?? memoryEventLog({ retentionMs })
  const lease = { holder: newId(), ms: leaseMs }
  const working = new Map<string, AbortController>()
  /** Runs that are being started or taken over here. */
  const beginning = new Map<string, Promise<void>>()

  /** Starts the run, or finds it started. */
  async function start(handle: string, messages: readonly ChatMessage[], run: AgentRunOptions): Promise<void> {
    await begin(handle, async () => {
      const kept = source.keepsMessages ? { messages } : {}
      if (await log.create(handle, { lease, ...kept })) await work(handle, messages, run, null)
    })
  }

  /** One at a time: a log may have the run before it says so, and then it must not look as if nobody worked on it. */
  async function begin(handle: string, task: () => Promise<void>): Promise<void> {
    const begun = beginning.get(handle) ?? task().finally(() => beginning.delete(handle))
    beginning.set(handle, begun)
    await begun
  }

  async function work(
    handle: string,
    messages: readonly ChatMessage[],
    run: AgentRunOptions | AgentCancelOptions,
    left: LoggedContext['left'],
  ): Promise<void> {
    const cancelled = new AbortController()
    working.set(handle, cancelled)
    function forget(): void {
      if (working.get(handle) === cancelled) working.delete(handle)
    }
    const head = await log.peek(handle).catch((error: unknown) => {
      // Nobody works on it yet: whoever asks for it next may.
      forget()
      throw error
    })
    // A cancel before this line found nothing to abort; its end is in the log.
    if (head === null || head.end) return forget()
    const { session, runId, user = null } = run
    const background = 'background' in run ? run.background : undefined
    const report = reporter(run)
    const { signal } = cancelled
    function lost(): void {
      // At once, also where the source does not listen: who reads the run here has to watch its new worker.
      forget()
      cancelled.abort(new DOMException('The run is no longer worked on here.', 'AbortError'))
    }
    const { startedAt } = head
    const writer = createLogWriter({
      log,
      key: handle,
      holder: lease.holder,
      startedAt,
      // What a process that has died wrote counts as well.
      maxRunBytes: maxRunBytes - bytesOf(left?.updates ?? []),
      onClosed: lost,
      onError: report,
    })
    const context: LoggedContext = {
      messages,
      session,
      runId,
      user,
      background,
      conversation: 'conversation' in run ? run.conversation : undefined,
      signal,
      left,
      written: () => writer.written(),
      async isOver() {
        await writer.written()
        return (await log.peek(handle))?.end != null
      },
      requestId: (name) => requestIdOf(runId, name),
      report,
    }
    const holding = setInterval(() => void hold(handle, report).then((held) => held || lost()), leaseMs / 3)
    void produce(() => source.read(context), source.produced, { writer, signal, onError: report }).finally(() => {
      clearInterval(holding)
      forget()
    })
  }

  function reporter({ session, runId }: { session: string; runId: string }): (error: unknown) => void {
    return (error) => {
      try {
        onError(error, { session, runId })
      } catch {
        // A hook that throws must not keep the run from its end.
      }
    }
  }

  /** A log that can not be reached just now is no reason to give the run up; whoever took it over says so with the next append. */
  async function hold(handle: string, report: (error: unknown) => void): Promise<boolean> {
    try {
      return await log.hold(handle, lease)
    } catch (error) {
      report(error)
      return true
    }
  }

  /** Where the run stands. One that nobody works on any more is taken over by whoever finds it. */
  async function headOf(handle: string, run: AgentRunOptions | AgentCancelOptions): Promise<LogHead> {
    const head = await peek(handle)
    if (head.end || working.has(handle)) return head
    await begin(handle, () => takeOver(handle, run))
    return await peek(handle)
  }

  async function takeOver(handle: string, run: AgentRunOptions | AgentCancelOptions): Promise<void> {
    if (!(await log.hold(handle, lease))) return
    // Only now: until it was ours, somebody else may have written.
    const head = await peek(handle)
    if (head.end) return
    const messages = source.keepsMessages ? await log.messages(handle) : []
    // Without its messages it was begun by a program that could not go on with it.
    if (source.goesOn && (messages.length > 0 || !source.keepsMessages)) {
      return await work(handle, messages, run, { updates: await readTo(handle, head.cursor), checkpoint: head.checkpoint })
    }
    const outcome = { type: 'failed', code: 'interrupted' } as const
    await log.append(handle, [{ type: 'end', outcome, elapsedMs: elapsedSince(head.startedAt) }], { holder: lease.holder })
  }

  /** @throws RejoinError `expired` */
  async function peek(handle: string): Promise<LogHead> {
    const head = await log.peek(handle)
    if (head === null) throw new RejoinError('expired')
    return head
  }

  async function readTo(handle: string, cursor: Cursor): Promise<LoggedUpdate[]> {
    const updates: LoggedUpdate[] = []
    if (cursor === startCursor) return updates
    for await (const slice of log.read(handle, startCursor)) {
      updates.push(...slice.filter((update) => update.cursor <= cursor))
      if ((slice.at(-1)?.cursor ?? '') >= cursor) break
    }
    return updates
  }

  async function respond(handle: string, run: AgentRunOptions | AgentCancelOptions): Promise<AgentResponse> {
    const { runId } = run
    const { end, phase, startedAt, cursor } = await headOf(handle, run)
    const empty = newRun({ id: runId, session: '', message: userMessage(''), createdAt: startedAt })
    const answer = { runId, message: { id: runId, role: 'assistant', parts: [] } } as const
    if (end === null) {
      const { steps } = stepsIn(await readTo(handle, cursor)).reduce(reduce, empty)
      // It brings no text, so the token stays where it was: a stream goes on from there and leaves nothing out.
      const continuationToken = joinToken(handle, placeOf(run).cursor)
      return { ...answer, state: { type: phase }, steps, continuationToken, elapsedMs: elapsedSince(startedAt) }
    }
    // What somebody has who has read it all.
    let known = empty
    for await (const slice of log.read(handle, startCursor)) known = compact(slice).reduce(reduce, known)
    const { parts, steps } = known
    const message = { ...answer.message, parts }
    return { runId, message, steps, state: end.outcome, continuationToken: null, elapsedMs: end.elapsedMs }
  }

  /** Where the run is worked on elsewhere, that process may die while it is read here, and nothing else tells. */
  async function* read(
    handle: string,
    after: Cursor,
    run: AgentRunOptions,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly LoggedUpdate[]> {
    const leg = linkedAbort(signal)
    async function watch(): Promise<void> {
      try {
        if (!working.has(handle)) await headOf(handle, run)
      } catch (error) {
        // Whatever else it is, the next look may have better luck.
        if (isRejoinError(error) && error.code === 'expired') leg.abort(error)
      }
    }
    const watching = setInterval(() => void watch(), leaseMs / 3)
    try {
      yield* log.read(handle, after, leg.signal)
    } finally {
      clearInterval(watching)
      leg.release()
    }
  }

  async function ended(handle: string, run: AgentRunOptions, signal: AbortSignal | undefined): Promise<void> {
    for await (const slice of read(handle, startCursor, run, signal)) if (slice.at(-1)?.type === 'end') return
  }

  async function* follow(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    run.signal?.throwIfAborted()
    const { handle, cursor } = placeOf(run)
    if (messages.length > 0) await start(handle, messages, run)
    const { end, startedAt } = await headOf(handle, run)
    const elapsedMs = end?.elapsedMs ?? elapsedSince(startedAt)
    yield { handle, updates: [{ type: 'open', cursor, mode: 'tail', elapsedMs }] }
    for await (const updates of read(handle, cursor, run, run.signal)) yield { handle, updates }
  }

  return {
    startsOnce: source.goesOn && source.keepsMessages,
    async run(messages, run) {
      assertRunInput(messages, run)
      run.signal?.throwIfAborted()
      const { handle } = placeOf(run)
      if (messages.length > 0) {
        await start(handle, messages, run)
        if (run.background) await noLongerThan(quickMs, (signal) => ended(handle, run, signal), run.signal)
        else await ended(handle, run, run.signal)
      }
      return await respond(handle, run)
    },
    runStreaming(messages, run) {
      assertRunInput(messages, run)
      return streamOf(() => follow(messages, run))
    },
    async cancel(run) {
      run.signal?.throwIfAborted()
      const { handle } = placeOf(run)
      // Without a token the run may not have been started yet; an ended log in its place keeps it from being.
      if (run.continuationToken === null) await log.create(handle)
      const head = await peek(handle)
      const outcome = { type: 'cancelled' } as const
      await log.append(handle, [{ type: 'end', outcome, elapsedMs: elapsedSince(head.startedAt) }])
      const { end } = await peek(handle)
      if (end?.outcome.type === 'cancelled') {
        const here = working.get(handle)
        if (here) here.abort(new DOMException('The run was cancelled.', 'AbortError'))
        // Its process may have died with what it had going.
        else await source.stop?.(head.checkpoint).catch(reporter(run))
      }
      return await respond(handle, run)
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

function bytesOf(updates: readonly LoggedUpdate[]): number {
  return updates.reduce((bytes, update) => bytes + entryBytes(update), 0)
}

function stepsIn(updates: readonly LoggedUpdate[]): LoggedUpdate[] {
  return updates.filter(({ type }) => type === 'progress' || type === 'snapshot')
}

function elapsedSince(startedAt: number): number {
  return Math.max(0, Date.now() - startedAt)
}

function sayThatItFailed(): void {
  console.error('Rejoin: an agent, or the log of its runs, threw in the middle of a run. Give the agent an `onError` to see what.')
}
