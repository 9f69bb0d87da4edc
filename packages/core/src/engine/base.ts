import { cursorOf } from '../cursor.ts'
import { reduce } from '../reduce.ts'
import { hasEnded, isAsking, newRun, restoringState, type Run, type RunStart } from '../run.ts'
import { type RunRecord } from '../store/runStore.ts'
import { type Update } from '../update.ts'

/** The run a record stands for, before anything is connected. */
export function restoredRun({ start, head, updates }: RunRecord): Run {
  let run = newRun(start)
  for (const update of updates) run = reduce(run, update)
  if (hasEnded(run)) return run
  if (head.stop) return reduce(run, { type: 'connection', state: { type: 'stopping' } })
  if (isAsking(run.state)) return run
  return { ...run, state: restoringState }
}

/** Another device's run has been sent already. */
export function begunRun(start: RunStart): Run {
  const run = newRun(start)
  return start.message === null ? { ...run, state: restoringState } : run
}

/** What stands for everything so far: what is shown beyond the agent's text comes first, so that it is shown again. */
export function baseOf({ cursor, parts, floor, steps, state, elapsed, conversation }: Run): Update[] {
  const base: Update = { type: 'snapshot', cursor, parts, steps }
  const asked: Update[] = isAsking(state)
    ? [{ type: 'pause', cursor, reason: state.reason, elapsedMs: elapsed.ms, ...(conversation !== null && { conversation }) }]
    : []
  return floor === null ? [base, ...asked] : [{ ...base, cursor: cursorOf(0, 1), parts: floor }, base, ...asked]
}
