import { decodeFrame, textOf, type Update } from '@rejoin/core'
import { createParser } from 'eventsource-parser'
import { countUpdates } from '../countUpdates.ts'

/** A request to the agent proxy, as it passed the wire. */
export interface PassedRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  /** When its connection had no more use for it; `null` while it is open. */
  readonly closedAt: number | null
}

/** What has passed of one run, over all of its streams. What is sent again counts once. */
export interface PassedRun {
  readonly id: string
  /** How many updates, its end included. What opens a stream, tokens and comments are none. */
  readonly updates: number
  /** The text of the answer so far. */
  readonly text: string
  /** The latest update. */
  readonly update: Update
}

/** Counts the updates of a run as they go by. */
export interface PassedCount {
  /** Begins a stream. What it gives reads one event as it is on the wire, and says what has passed by now where that was an update that is new. */
  stream(): (event: string) => PassedRun | null
}

export function countPassed(id: string): PassedCount {
  const count = countUpdates(id)

  return {
    stream() {
      let passed: PassedRun | null = null
      const parser = createParser({
        onEvent(event) {
          const frame = decodeFrame(event.id, event.data)
          if (frame?.kind !== 'update') return
          const { update } = frame
          passed = count.take(update) ? { id, updates: count.updates, text: textOf(count.run), update } : null
        },
      })
      return (event) => {
        passed = null
        parser.feed(event)
        return passed
      }
    },
  }
}
