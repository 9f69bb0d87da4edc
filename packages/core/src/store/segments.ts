import { compact } from '../compact.ts'
import { type Update } from '../update.ts'

/** This many records of one level are joined to one of the next. */
const fanIn = 32

/** One record of the log: its place and what it holds. */
interface Segment {
  readonly seq: number
  readonly updates: readonly Update[]
}

/** What to write for one append: one record, and the places of the records it takes in. */
interface SegmentWrite extends Segment {
  /** Places `seq + 1` to this one are removed. Equal to `seq` where nothing is. */
  readonly through: number
}

/**
 * Lays a log out in records. Appends are small; every 32nd joins its predecessors, and every 32nd of
 * those joins again, so each update is written three times at the most and a restore reads tens of
 * records, not thousands.
 */
export interface Segments {
  add(updates: readonly Update[]): SegmentWrite
}

interface Level {
  seq: number
  count: number
  updates: Update[]
}

export function createSegments(next: number): Segments {
  let levels: Level[] = []

  function open(): Level {
    return { seq: next, count: 0, updates: [] }
  }

  return {
    add(updates) {
      const [small = open(), middle = open()] = levels
      levels = [small, middle]
      const through = next
      next += 1
      // One by one: a burst may hold more than a call has room for arguments.
      for (const update of updates) small.updates.push(update)
      small.count += 1
      if (small.count < fanIn) return { seq: through, through, updates: compact(updates) }

      const joined = compact(small.updates)
      for (const update of joined) middle.updates.push(update)
      middle.count += 1
      if (middle.count < fanIn) {
        levels = [{ seq: next, count: 0, updates: [] }, middle]
        return { seq: small.seq, through, updates: joined }
      }
      levels = []
      return { seq: middle.seq, through, updates: compact(middle.updates) }
    },
  }
}
