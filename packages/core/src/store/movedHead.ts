import { type RunHead, type RunWrite } from './runStore.ts'

/** Where a write leaves the run: it waits for the person only where the latest write said so. */
export function movedHead({ paused: _before, ...head }: RunHead, { cursor, outcome, paused }: RunWrite): RunHead {
  return { ...head, cursor, outcome: outcome ?? head.outcome, ...(paused && { paused }) }
}
