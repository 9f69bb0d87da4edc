import { compact, isClosing, newRun, reduce, shownParts, type AgentResponse, type Run, type UpdateBatch } from '@rejoin/core'
import { type RunIdentity } from '../registry/registry.ts'

/** The answer of a run whose agent has not named it, so that nobody can ask for it. */
export interface UnnamedAnswer {
  add(batch: UpdateBatch): void
  /** `null` where the agent has named the run, or it goes on. */
  answer(): AgentResponse | null
}

export function unnamedAnswer({ runId, session }: RunIdentity): UnnamedAnswer {
  let run: Run | null = newRun({ id: runId, session, message: null, createdAt: 0 })
  let answer: AgentResponse | null = null

  return {
    add({ handle, updates }) {
      if (handle !== null) run = null
      if (run === null) return
      run = compact(updates).reduce(reduce, run)
      const closing = updates.find(isClosing)
      if (closing === undefined) return
      const state = closing.type === 'end' ? closing.outcome : ({ type: 'paused', reason: closing.reason } as const)
      const message = { id: runId, role: 'assistant', parts: shownParts(run) } as const
      const { steps } = run
      const { elapsedMs, usage, conversation } = closing
      const said = { ...(usage && { usage }), ...(conversation !== undefined && { conversation }) }
      answer = { runId, state, message, steps, continuationToken: null, elapsedMs, ...said }
    },
    answer: () => answer,
  }
}
