import {
  cursorOf,
  joinToken,
  RejoinError,
  type AgentResponse,
  type Cursor,
  type DeltaUpdate,
  type PartUpdate,
  type ProgressStep,
  type RunOutcome,
  type RunPhase,
  type Update,
  type UpdateBatch,
} from '@rejoin/core'

/** A run whose updates come when the test says so. */
export interface ManualRun {
  readonly id: string
  readonly question: string
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
  /** Breaks the connections that are open. */
  cut(): void
}

/** The agent's side of it. */
export interface PlayableRun extends ManualRun {
  leg(after: Cursor, signal: AbortSignal | undefined): AsyncGenerator<UpdateBatch>
  response(): AgentResponse
}

type WithoutCursor<T> = T extends unknown ? Omit<T, 'cursor'> : never

export function createManualRun(id: string, question: string): PlayableRun {
  const updates: Update[] = []
  let ended: RunOutcome | null = null
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
    if (ended) return
    updates.push({ ...update, cursor: cursorOf(0, updates.length + 1) })
    if (update.type === 'end') ended = update.outcome
    announce(({ resolve }) => resolve())
  }

  return {
    id,
    question,
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
          if (fresh.length > 0) yield { handle: id, updates: fresh }
          else if (ended) return
          else await change.promise
        }
      } finally {
        open -= 1
      }
    },
    response() {
      const text = updates.map((update) => (update.type === 'text' ? update.delta : '')).join('')
      return {
        runId: id,
        state: ended ?? { type: 'working' },
        message: { id, role: 'assistant', parts: text === '' ? [] : [{ type: 'text', text }] },
        continuationToken: ended ? null : joinToken(id, updates.at(-1)?.cursor ?? cursorOf(0, 0)),
        elapsedMs: 0,
      }
    },
  }
}
