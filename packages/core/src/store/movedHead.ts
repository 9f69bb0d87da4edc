import { type RunHead, type RunSummary, type RunWrite } from './runStore.ts'

/** Where a write leaves the run: it waits for the person only where the latest write said so. */
export function movedHead({ paused: _before, ...head }: RunHead, { cursor, outcome, paused, at }: RunWrite): RunHead {
  return { ...head, cursor, outcome: outcome ?? head.outcome, ...(paused && { paused }), ...(at !== undefined && { movedAt: at }) }
}

/** When the run last moved, in milliseconds since the epoch: from then on it is kept for its time. */
export function lastMoved({ start, head }: Pick<RunSummary, 'start' | 'head'>): number {
  return Math.max(start.createdAt, head.movedAt ?? start.createdAt)
}
