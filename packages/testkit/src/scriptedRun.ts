import {
  joinToken,
  newRun,
  hasEnded,
  isAsking,
  isOutcome,
  reduce,
  RejoinError,
  userMessage,
  type AgentResponse,
  type Cursor,
  type Run,
  type Update,
  type UpdateBatch,
} from '@rejoin/core'
import { cancelledAt, type Timeline, type TimelineEntry } from './timeline.ts'

export interface ScriptedRunOptions {
  id: string
  handle: string
  /** Milliseconds since the epoch. */
  startedAt: number
  timeline: Timeline
  /** From when on somebody may have listened here; the breaks before it are over. */
  since: number
}

/**
 * A run that nobody works on: where it is follows from the timeline and the clock, whether anybody
 * listens or not. All it remembers is that it was cancelled, and which breaks have happened.
 */
export interface ScriptedRun {
  /** What there is of the answer now. @param cursor where the caller stands; the token stays there */
  response(cursor: Cursor): AgentResponse
  /** One leg: everything after `cursor`, as it becomes due. */
  leg(cursor: Cursor, signal: AbortSignal | undefined): AsyncGenerator<UpdateBatch>
  /** Resolves when the run has ended, or waits for the person. */
  ended(signal: AbortSignal | undefined): Promise<void>
  cancel(): void
}

/** Timers overflow beyond this and fire at once. */
const longestTimerMs = 2 ** 31 - 1

export function createScriptedRun({ id, handle, startedAt, since, ...options }: ScriptedRunOptions): ScriptedRun {
  let timeline = options.timeline
  const passed = new Set<TimelineEntry>(timeline.filter(({ at }) => startedAt + at < since))
  const waiting = new Set<() => void>()

  function elapsed(): number {
    return Math.max(0, Date.now() - startedAt)
  }

  function endsAt(): number {
    return timeline.at(-1)?.at ?? 0
  }

  function breaks(entry: TimelineEntry): boolean {
    return entry.type !== 'update' && !passed.has(entry)
  }

  function current(): Run {
    const now = elapsed()
    let run = newRun({ id, session: '', message: userMessage('', id), createdAt: startedAt })
    for (const entry of timeline) if (entry.type === 'update' && entry.at <= now) run = reduce(run, entry.update)
    return run
  }

  /** Until `at`, or until the timeline has changed. */
  function wait(at: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = setTimeout(wake, Math.min(at - elapsed(), longestTimerMs))
      function release(): void {
        clearTimeout(timer)
        waiting.delete(wake)
        signal?.removeEventListener('abort', stop)
      }
      function wake(): void {
        release()
        resolve()
      }
      function stop(): void {
        release()
        reject(signal?.reason)
      }
      waiting.add(wake)
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  return {
    response(cursor) {
      const run = current()
      const over = hasEnded(run) || isAsking(run.state)
      return {
        runId: id,
        state: isOutcome(run.state) || isAsking(run.state) ? run.state : { type: run.phase },
        message: { id, role: 'assistant', parts: run.parts },
        ...(over && { steps: run.steps }),
        continuationToken: over ? null : joinToken(handle, cursor),
        elapsedMs: Math.min(elapsed(), endsAt()),
      }
    },
    async *leg(cursor, signal) {
      signal?.throwIfAborted()
      yield { handle, updates: [{ type: 'open', cursor, mode: 'tail', elapsedMs: Math.min(elapsed(), endsAt()) }] }
      let next = timeline.findIndex((entry) => entry.type === 'update' && entry.update.cursor > cursor)
      if (next === -1) next = timeline.length - 1
      // Breaks stand before the update that follows them.
      while (next > 0 && timeline[next - 1]?.type !== 'update') next -= 1
      while (true) {
        const now = elapsed()
        const due: Update[] = []
        let entry = timeline[next]
        for (; entry !== undefined && entry.at <= now && !breaks(entry); entry = timeline[next]) {
          if (entry.type === 'update') due.push(entry.update)
          next += 1
        }
        signal?.throwIfAborted()
        if (due.length > 0) {
          yield { handle, updates: due }
          // While it was read, the run may have been cancelled.
          continue
        }
        if (entry === undefined) return
        if (entry.at > now) {
          await wait(entry.at, signal)
        } else {
          passed.add(entry)
          if (entry.type === 'cut') throw new RejoinError('unreachable')
          return
        }
      }
    },
    async ended(signal) {
      while (elapsed() < endsAt()) await wait(endsAt(), signal)
    },
    cancel() {
      if (hasEnded(current())) return
      timeline = cancelledAt(timeline, elapsed())
      for (const wake of waiting) wake()
    },
  }
}
