import {
  answersIn,
  assertRunInput,
  isClosing,
  isRejoinError,
  joinToken,
  linkedAbort,
  newId,
  RejoinError,
  startCursor,
  streamOf,
  type Agent,
  type AgentCancelOptions,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
  type Cursor,
  type RunOutcome,
  type UpdateBatch,
} from '@rejoin/core'
import { type EventLog, type LoggedUpdate, type LogHead } from '../../logs/eventLog.ts'
import { memoryEventLog } from '../../logs/memory.ts'
import { quickMs } from '../quickMs.ts'
import { dueAt } from './answerTo.ts'
import { elapsedSince, endingOf, type Ending } from './ending.ts'
import { handleOf, placeOf } from './handle.ts'
import { shownBy, updatesTo } from './kept.ts'
import { isAnswer, legsOf } from './legs.ts'
import { type LoggedSource } from './loggedSource.ts'
import { noLongerThan } from './noLongerThan.ts'
import { turnsUpTo } from './turns.ts'
import { runWaitingFor } from './waiting.ts'
import { createWorker, type Work } from './worker.ts'

export { type LoggedContext, type LoggedSource } from './loggedSource.ts'

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
   * A run that waits for the person so long ends as `expired`, in milliseconds.
   * @default 86400000 (24 h)
   */
  maxPauseMs?: number | undefined
  /**
   * What the agent's own code threw, or the log of its runs; the page gets our own sentence instead. By default the
   * console says that something was thrown, and not what: it may hold what a person or a provider wrote.
   */
  onError?: ((error: unknown, run: { readonly session: string; readonly runId: string }) => void) | undefined
}

/** How much of a conversation is read back from the log. */
export interface HistoryOptions {
  /** A run gets no more than the latest so many turns before it: what was asked, and what was answered. @default 100 */
  maxTurns?: number | undefined
}

/**
 * An agent whose runs are written to a log and go on whoever is connected; readers read the log. A run is worked
 * on by the process that holds its lease.
 */
export function loggedAgent<T>(source: LoggedSource<T>, options: LoggedAgentOptions & HistoryOptions = {}): Agent {
  const { retentionMs, maxRunBytes = 16 * 1024 * 1024, leaseMs = 15_000, maxPauseMs = 86_400_000, maxTurns = 100 } = options
  const log = options.log ?? memoryEventLog({ retentionMs })
  const lease = { holder: newId(), ms: leaseMs }
  /** What waits where it stands, and can not be called again, does not outlive its process: no answer would help. */
  const waitsInVain = source.waits === true && !source.goesOn
  const worker = createWorker(source, { log, lease, maxRunBytes, maxPauseMs, onError: report })
  /** Runs that are being started or taken over here. */
  const beginning = new Map<string, Promise<void>>()

  function report(error: unknown, run: { readonly session: string; readonly runId: string }): void {
    void tell(error, run)
  }

  async function tell(error: unknown, { session, runId }: { readonly session: string; readonly runId: string }): Promise<void> {
    try {
      const { onError = sayThatItFailed } = options
      await onError(error, { session, runId })
    } catch {
      // A hook that throws must not keep the run from its end, and one that rejects must not end the process.
    }
  }

  /** Starts the run, or finds it started. */
  async function start(handle: string, messages: readonly ChatMessage[], run: AgentRunOptions): Promise<void> {
    await begin(handle, async () => {
      const { user = null, session, runId, background, conversation } = run
      const before = source.keepsMessages ? (conversation ?? null) : null
      const goesOn = before !== null || messages.flatMap(answersIn).length > 0
      // What it goes on from changes with it: a start that is repeated must not be judged by that.
      if (goesOn && (await log.peek(handle))) return
      const answered = goesOn ? await runWaitingFor(log, messages.at(-1), { user, session, maxPauseMs }) : null
      const previous = answered?.handle ?? before
      // Else whoever waits for it goes on with it, here or in another process.
      const isNew = answered === null || source.waits !== true
      const earlier = goesOn && isNew ? await turnsUpTo(log, before, { user, session, maxTurns }) : []
      const created = await log.create(handle, {
        ...(isNew && { lease }),
        // What the person has answered nobody can ask for again, so it is kept for whoever takes the run over.
        asked: { session, messages: source.keepsMessages || answered ? messages : [], previous },
        ...(answered && { answers: { run: answered.handle, at: answered.head.cursor, end: endOf(answered, { type: 'completed' }) } }),
      })
      if (!created) return
      if (isNew) {
        const asked = [...earlier, ...messages]
        await worker.work({ handle, messages: asked, session, runId, user, background, conversation, left: null, writtenBytes: 0 })
      } else await takeOver(handle, run)
      await passOver(previous, run)
    })
  }

  /** What the new turn leaves unanswered, or is asked in place of, does not wait any more. */
  async function passOver(previous: string | null, run: AgentRunOptions): Promise<void> {
    const { user, session, replaces, passesOver = [] } = run
    const runs = replaces === undefined ? passesOver : [...passesOver, replaces]
    const handles = new Set(runs.map((runId) => handleOf({ user, runId })))
    if (previous !== null) handles.add(previous)
    try {
      for (const handle of handles) {
        const head = await log.peek(handle)
        if (!head?.pause || (await log.asked(handle))?.session !== session) continue
        await log.append(handle, [endOf({ handle, head }, { type: 'completed' })])
      }
    } catch (error) {
      report(error, run)
    }
  }

  /** Of a run that its source does not end. */
  function endOf({ handle, head }: { readonly handle: string; readonly head: LogHead }, outcome: RunOutcome): Ending {
    return endingOf(head, outcome, source.keepsMessages ? handle : undefined)
  }

  /** One at a time: a log may have the run before it says so, and then it must not look as if nobody worked on it. */
  async function begin(handle: string, task: () => Promise<void>): Promise<void> {
    const begun = beginning.get(handle) ?? task().finally(() => beginning.delete(handle))
    beginning.set(handle, begun)
    await begun
  }

  /** Where the run stands. One that nobody works on any more is taken over by whoever finds it. */
  async function headOf(handle: string, run: AgentRunOptions | AgentCancelOptions): Promise<LogHead> {
    const head = await peek(handle)
    if (head.end || worker.has(handle)) return head
    if (dueAt(head, maxPauseMs) <= Date.now()) await log.append(handle, [endOf({ handle, head }, { type: 'expired' })])
    else if (head.pause === null || waitsInVain) await begin(handle, () => takeOver(handle, run))
    else return head
    return await peek(handle)
  }

  async function takeOver(handle: string, run: AgentRunOptions | AgentCancelOptions): Promise<void> {
    const asked = await log.asked(handle)
    if (isAnswer(asked)) await worker.waited(asked.previous)
    if (worker.has(handle) || !(await log.hold(handle, lease))) return
    // Only now: until it was ours, somebody else may have written.
    const head = await peek(handle)
    if (head.end || (head.pause && !waitsInVain)) return
    const work = source.goesOn ? await leftOf(handle, run) : null
    if (work !== null) return await worker.work(work)
    await log.append(handle, [endOf({ handle, head }, { type: 'failed', code: 'interrupted' })], { holder: lease.holder })
  }

  /** `null` where the log has too little to go on with. */
  async function leftOf(handle: string, { session, user = null }: AgentRunOptions | AgentCancelOptions): Promise<Work | null> {
    const legs = await legsOf(log, handle, source.keepsMessages)
    if (legs === null) return null
    const { runId, messages, previous, left, writtenBytes } = legs
    const given = { handle, session, runId, user, background: undefined, conversation: undefined, left, writtenBytes }
    if (!source.keepsMessages) {
      const asked = previous === null ? null : await log.peek(previous)
      return { ...given, messages, conversation: asked?.end?.conversation }
    }
    try {
      const earlier = await turnsUpTo(log, previous, { user, session, maxTurns })
      return { ...given, messages: [...earlier, ...messages] }
    } catch (error) {
      if (isRejoinError(error) && error.code === 'conversation_lost') return null
      throw error
    }
  }

  /** @throws RejoinError `expired` */
  async function peek(handle: string): Promise<LogHead> {
    const head = await log.peek(handle)
    if (head === null) throw new RejoinError('expired')
    return head
  }

  async function respond(handle: string, run: AgentRunOptions | AgentCancelOptions): Promise<AgentResponse> {
    const { runId } = run
    const { end, pause, phase, startedAt, cursor } = await headOf(handle, run)
    const closing = end ?? pause
    const updates = await updatesTo(log, handle, cursor)
    if (closing === null) {
      const message = { id: runId, role: 'assistant', parts: [] } as const
      const { steps } = shownBy(updates.filter(({ type }) => type === 'progress' || type === 'snapshot'))
      // It brings no text, so the token stays where it was: a stream goes on from there and leaves nothing out.
      const continuationToken = joinToken(handle, placeOf(run).cursor)
      return { runId, message, state: { type: phase }, steps, continuationToken, elapsedMs: elapsedSince(startedAt) }
    }
    // What somebody has who has read it all.
    const { parts, steps } = shownBy(updates)
    const { elapsedMs, conversation, usage } = closing
    return {
      runId,
      message: { id: runId, role: 'assistant', parts },
      steps,
      state: closing.type === 'end' ? closing.outcome : { type: 'paused', reason: closing.reason },
      continuationToken: null,
      handle,
      elapsedMs,
      ...(conversation !== undefined && { conversation }),
      ...(usage && { usage }),
    }
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
        if (!worker.has(handle)) await headOf(handle, run)
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

  async function closed(handle: string, run: AgentRunOptions, signal: AbortSignal | undefined): Promise<void> {
    for await (const slice of read(handle, startCursor, run, signal)) {
      const last = slice.at(-1)
      if (last && isClosing(last)) return
    }
  }

  async function* follow(messages: readonly ChatMessage[], run: AgentRunOptions): AsyncGenerator<UpdateBatch> {
    run.signal?.throwIfAborted()
    const { handle, cursor } = placeOf(run)
    if (messages.length > 0) await start(handle, messages, run)
    const { pause, end, startedAt } = await headOf(handle, run)
    const elapsedMs = (end ?? pause)?.elapsedMs ?? elapsedSince(startedAt)
    yield { handle, updates: [{ type: 'open', cursor, mode: 'tail', elapsedMs }] }
    if (pause && pause.cursor <= cursor) return yield { handle, updates: [pause] }
    for await (const slice of read(handle, cursor, run, run.signal)) {
      // A pause that something followed is over.
      const updates = slice.filter((update, at) => update.type !== 'pause' || at === slice.length - 1)
      yield { handle, updates }
      if (updates.at(-1)?.type === 'pause') return
    }
  }

  return {
    startsOnce: source.goesOn && source.keepsMessages,
    async run(messages, run) {
      assertRunInput(messages, run)
      run.signal?.throwIfAborted()
      const { handle } = placeOf(run)
      if (messages.length > 0) {
        await start(handle, messages, run)
        await run.named?.(handle)
        if (run.background) await noLongerThan(quickMs, (signal) => closed(handle, run, signal), run.signal)
        else await closed(handle, run, run.signal)
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
      const isEmpty = run.continuationToken === null && (await log.create(handle))
      const head = await peek(handle)
      const outcome = { type: 'cancelled' } as const
      await log.append(handle, [isEmpty ? endingOf(head, outcome) : endOf({ handle, head }, outcome)])
      const { end } = await peek(handle)
      // Its process may have died with what it had going.
      if (end?.outcome.type === 'cancelled' && !worker.stop(handle)) {
        await source.stop?.(head.checkpoint).catch((error: unknown) => report(error, run))
      }
      return await respond(handle, run)
    },
  }
}

function sayThatItFailed(): void {
  console.error('Rejoin: an agent, or the log of its runs, threw in the middle of a run. Give the agent an `onError` to see what.')
}
