import { type Instances } from './instances.ts'
import { integer, textOrNull, type Row } from './row.ts'

/** How long those who work on runs have to say so, when time has gone by in a leap, in milliseconds. */
const graceMs = 60_000

export interface Retention {
  /** When what is too old by now last changed, at the latest; milliseconds since the epoch. */
  oldest(): number
  /** Whether a run is to be forgotten. */
  isTooOld(run: Row): boolean
}

/** How long runs are kept after they last changed, or were held. */
export function createRetention(instances: Instances, retentionMs: number): Retention {
  let lookedAt = Date.now()
  let graceUntil = -Infinity

  /** A machine may have slept, or its clock been set: then every lease has run out, and who works on a run does not know yet. */
  function noteLeap(): void {
    const now = Date.now()
    if (now - lookedAt >= retentionMs) graceUntil = performance.now() + graceMs
    lookedAt = now
  }

  function isSpared(run: Row): boolean {
    const instance = textOrNull(run, 'instance')
    return performance.now() < graceUntil && instance !== null && !instances.isDead(instance)
  }

  function oldest(): number {
    return Date.now() - retentionMs
  }

  return {
    oldest,
    isTooOld(run) {
      noteLeap()
      const changedAt = integer(run, 'changed_at')
      if (run.ending !== null) return changedAt <= oldest()
      return Math.max(changedAt, integer(run, 'held_until')) <= oldest() && !isSpared(run)
    },
  }
}
