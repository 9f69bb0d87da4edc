import { decodeFrame, newRun, reduce, textOf, userMessage, type Update } from '@rejoin/core'
import { createParser } from 'eventsource-parser'

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
  let run = newRun({ id, session: '', message: userMessage('', id), createdAt: 0 })
  let updates = 0

  function see(update: Update): PassedRun | null {
    const next = reduce(run, update)
    if (next === run) return null
    run = next
    updates += 1
    return { id, updates, text: textOf(run), update }
  }

  return {
    stream() {
      let passed: PassedRun | null = null
      const parser = createParser({
        onEvent(event) {
          const frame = decodeFrame(event.id, event.data)
          if (frame?.kind === 'update') passed = see(frame.update)
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
