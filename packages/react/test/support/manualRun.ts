import {
  cursorOf,
  isOutcome,
  joinToken,
  newRun,
  reduce,
  RejoinError,
  type AgentResponse,
  type Cursor,
  type DeltaUpdate,
  type MessagePart,
  type PartUpdate,
  type ProgressStep,
  type RequestPart,
  type Run,
  type RunOutcome,
  type RunPause,
  type RunPhase,
  type Update,
  type UpdateBatch,
} from '@rejoin/core'

/** A run whose updates come when the test says so. */
export interface ManualRun {
  readonly id: string
  readonly question: string
  /** What the person sent. */
  readonly asked: readonly MessagePart[]
  /** Connections that are open now. */
  readonly open: number
  /** Connections there ever were. */
  readonly legs: number
  text(...deltas: string[]): void
  step(step: ProgressStep): void
  phase(status: RunPhase): void
  /** A part as it is now. */
  part(part: PartUpdate['part']): void
  /** More of a part that grows. */
  delta(type: DeltaUpdate['type'], id: string, delta: string): void
  end(outcome?: RunOutcome): void
  /** Asks the person, and waits. */
  ask(...requests: RequestPart[]): void
  /** Breaks the connections that are open. */
  cut(): void
}

/** The agent's side of it. */
export interface PlayableRun extends ManualRun {
  leg(after: Cursor, signal: AbortSignal | undefined): AsyncGenerator<UpdateBatch>
  response(): AgentResponse
}

type WithoutCursor<T> = T extends unknown ? Omit<T, 'cursor'> : never

export function createManualRun(id: string, question: string, asked: readonly MessagePart[]): PlayableRun {
  const updates: Update[] = []
  let ended: RunOutcome | RunPause | null = null
  let change = Promise.withResolvers<void>()
  let open = 0
  let legs = 0

  function announce(settle: (change: PromiseWithResolvers<void>) => void): void {
    const before = change
    change = Promise.withResolvers()
    before.promise.catch(() => {})
    settle(before)
  }

  function push(update: WithoutCursor<Update>): void {
    if (ended && isOutcome(ended)) return
    updates.push({ ...update, cursor: cursorOf(0, updates.length + 1) })
    if (update.type === 'end') ended = update.outcome
    if (update.type === 'pause') ended = { type: 'paused', reason: update.reason }
    announce(({ resolve }) => resolve())
  }

  return {
    id,
    question,
    asked,
    get open() {
      return open
    },
    get legs() {
      return legs
    },
    text: (...deltas) => deltas.forEach((delta) => push({ type: 'text', delta })),
    step: (step) => push({ type: 'progress', step }),
    phase: (status) => push({ type: 'status', status }),
    part: (part) => push({ type: 'part', part }),
    delta: (type, id, delta) => push({ type, id, delta }),
    end: (outcome = { type: 'completed' }) => push({ type: 'end', outcome, elapsedMs: 58_000 }),
    ask(...requests) {
      for (const request of requests) push({ type: 'part', part: request })
      push({ type: 'pause', reason: requests[0]?.kind ?? 'input', elapsedMs: 12_000 })
    },
    cut: () => announce(({ reject }) => reject(new RejoinError('unreachable'))),
    async *leg(after, signal) {
      let cursor = after
      open += 1
      legs += 1
      signal?.addEventListener('abort', () => announce(({ resolve }) => resolve()))
      try {
        yield { handle: id, updates: [{ type: 'open', cursor, mode: 'tail', elapsedMs: 0 }] }
        while (signal?.aborted !== true) {
          const fresh = updates.filter((update) => update.cursor > cursor)
          cursor = fresh.at(-1)?.cursor ?? cursor
          // How it ended, or that it waits, is told wherever the leg begins.
          if (fresh.length > 0 || ended) yield { handle: id, updates: fresh.length > 0 ? fresh : updates.slice(-1) }
          if (ended) return
          if (fresh.length === 0) await change.promise
        }
      } finally {
        open -= 1
      }
    },
    response() {
      const run = updates.reduce<Run>(reduce, newRun({ id, session: '', message: null, createdAt: 0 }))
      return {
        runId: id,
        state: ended ?? { type: 'working' },
        message: { id, role: 'assistant', parts: run.parts },
        continuationToken: ended ? null : joinToken(id, updates.at(-1)?.cursor ?? cursorOf(0, 0)),
        elapsedMs: 0,
      }
    },
  }
}
