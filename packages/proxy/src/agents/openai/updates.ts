import { cursorOf, lengthOf, parseCursor, type Cursor, type DataPart, type RunOutcome, type Update } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { elapsedOf } from './outcome.ts'
import { cursorAt, pauseCursor, updatesPerEvent } from './place.ts'
import { stepsOf } from './output.ts'
import { type ResponseEnd, type ResponseEvent, type ResponseIdentity } from './readResponse.ts'

/** One leg's updates, made of a response's events. */
export interface Updates {
  /** What is new in some events; with the leg's `open` before the first. */
  of(name: ResponseIdentity | null, events: readonly ResponseEvent[]): Update[]
  ended(end: ResponseEnd & { readonly part: DataPart | null }): Update[]
  /** An end that the provider has not said. */
  broken(outcome: RunOutcome, elapsedMs: number): Update[]
}

/** @param from where the leg goes on: what is not behind it has been seen */
export function createUpdates(from: Cursor): Updates {
  let open = false
  let last = from

  function opened(elapsedMs: number): Update[] {
    if (open) return []
    open = true
    return [{ type: 'open', cursor: from, mode: 'tail', elapsedMs }]
  }

  function placed(sequence: number, entries: readonly LogEntry[]): Update[] {
    const placed = entries.slice(0, updatesPerEvent).map((entry, at, { length }) => {
      return { ...entry, cursor: cursorAt(sequence, at, length) }
    })
    return placed.filter(({ cursor, type }) => cursor > last || type === 'end')
  }

  return {
    of(name, events) {
      const updates = opened(elapsedOf({ createdAt: name?.createdAt ?? null, completedAt: null }))
      for (const { sequence, entries } of events) {
        // An event that says nothing moves the cursor; the next update does that as well.
        if (updates.at(-1)?.type === 'other') updates.pop()
        updates.push(...placed(sequence, entries.length > 0 ? entries : [{ type: 'other' }]))
      }
      last = updates.at(-1)?.cursor ?? last
      return updates
    },
    ended({ sequence, outcome, elapsedMs, parts, output, complete, part, asks, conversation, usage }) {
      const all = parts && part ? [...parts, part] : parts
      const rest: LogEntry[] = part === null ? [] : [{ type: 'part', part }]
      const closing = {
        elapsedMs,
        ...(all && { length: lengthOf(all) }),
        // What was streamed is not what the provider keeps: its word counts.
        ...(complete === false && all !== null && { parts: all, ...(output && { steps: stepsOf(output) }) }),
        ...(conversation !== null && { conversation }),
        ...(usage && { usage }),
      }
      if (asks) return [...opened(elapsedMs), { type: 'pause', cursor: pauseCursor, reason: 'approval', ...closing }]
      return [...opened(elapsedMs), ...placed(sequence, [...rest, { type: 'end', outcome, ...closing }])]
    },
    broken(outcome, elapsedMs) {
      const { epoch, n } = parseCursor(last)
      const end: Update = { type: 'end', cursor: cursorOf(epoch, n + 1), outcome, elapsedMs }
      return [...opened(elapsedMs), end]
    },
  }
}
