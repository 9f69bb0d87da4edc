import { cursorOf, parseCursor, type EndUpdate, type PauseReason, type RunOutcome, type Update } from '@rejoin/core'
import { type Script } from './script.ts'

/** Something that happens `at` milliseconds after the run began. */
export type TimelineEntry =
  | { readonly type: 'update'; readonly at: number; readonly update: Update }
  /** The first leg that gets here ends, cleanly or not. */
  | { readonly type: 'cut' | 'endOfStream'; readonly at: number }

/** All that will ever happen in a run, in order. The last entry is its end, or where it waits for the person. */
export type Timeline = readonly TimelineEntry[]

/**
 * @param paceMs passes before each update, on top of the script's own waits
 */
export function timelineOf({ steps, outcome = { type: 'completed' } }: Script, paceMs: number): Timeline {
  const entries: TimelineEntry[] = []
  let at = 0
  let epoch = 0
  let n = 0

  function next(): string {
    n += 1
    return cursorOf(epoch, n)
  }

  let asked: PauseReason | null = null
  for (const step of steps) {
    if (typeof step === 'object' && 'ask' in step) {
      at += paceMs
      asked ??= step.ask.kind
      entries.push({ type: 'update', at, update: { type: 'part', cursor: next(), part: step.ask } })
      continue
    }
    if (asked !== null) break
    if (typeof step === 'object' && 'wait' in step) {
      at += step.wait
    } else if (typeof step === 'object' && 'cut' in step) {
      entries.push({ type: 'cut', at })
    } else if (typeof step === 'object' && 'endOfStream' in step) {
      entries.push({ type: 'endOfStream', at })
    } else {
      at += paceMs
      if (typeof step === 'object' && step.type === 'snapshot') epoch += 1
      const cursor = next()
      const update: Update = typeof step === 'string' ? { type: 'text', cursor, delta: step } : { ...step, cursor }
      entries.push({ type: 'update', at, update })
    }
  }
  if (asked !== null) return [...entries, { type: 'update', at, update: { type: 'pause', cursor: next(), reason: asked, elapsedMs: at } }]
  return [...entries, { type: 'update', at, update: endOf(next(), outcome, at) }]
}

/** What happened until `at`, and then the run was cancelled. */
export function cancelledAt(timeline: Timeline, at: number): Timeline {
  const past = timeline.filter((entry) => entry.at <= at)
  const updates = past.flatMap((entry) => (entry.type === 'update' ? [entry.update] : []))
  const cursor = following(updates.at(-1))
  return [...past, { type: 'update', at, update: endOf(cursor, { type: 'cancelled' }, at) }]
}

function endOf(cursor: string, outcome: RunOutcome, elapsedMs: number): EndUpdate {
  return { type: 'end', cursor, outcome, elapsedMs }
}

function following(update: Update | undefined): string {
  if (update === undefined) return cursorOf(0, 1)
  const { epoch, n } = parseCursor(update.cursor)
  return cursorOf(epoch, n + 1)
}
