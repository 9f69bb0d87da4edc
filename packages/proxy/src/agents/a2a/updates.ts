import { cursorOf, lengthOf, parseCursor, startCursor, type Cursor, type Update } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { type Answer } from './answer.ts'
import { difference, isGap, snapshotOf, statusOf } from './difference.ts'
import { elapsedOf } from './outcome.ts'
import { type Reading, type TaskEnd } from './readTask.ts'

/** No cursor has an epoch behind it. */
const lastEpoch = 9_999

/** Where a pause stands in its epoch, behind all else: whoever goes on from there, or polls, has heard the question. */
const pausePlace = 9_999_999_999

export function hasHeard(cursor: Cursor): boolean {
  return parseCursor(cursor).n === pausePlace
}

const nothing: Answer = { phase: 'working', parts: [], steps: [] }

/**
 * One leg's updates, made of what is read. The protocol has no numbers: a leg that starts a run counts its events, and one that
 * goes on opens the next epoch with how far the task is. So does one whose stream is lost, where it had told more than
 * the server has kept.
 * @param from where the leg goes on; `null` where it starts the run
 */
export function createUpdates(from: Cursor | null): (reading: Reading) => Update[] {
  const place = parseCursor(from ?? startCursor)
  let epoch = from === null ? 0 : Math.min(place.epoch + 1, lastEpoch)
  let n = place.epoch === lastEpoch ? place.n : 0
  let opened = false
  /** What has been told; `null` where nobody knows, since other legs told it. */
  let told = from === null ? nothing : null
  let streamed = false
  /** Whether empty texts stand where parts are gone. */
  let gaps = false

  function open(elapsedMs: number): Update[] {
    if (opened) return []
    opened = true
    return [{ type: 'open', cursor: cursorOf(epoch, n), mode: from === null ? 'tail' : 'snapshot', elapsedMs }]
  }

  function placed(entries: readonly LogEntry[]): Update[] {
    gaps ||= entries.some(isGap)
    return entries.map((entry) => ({ ...entry, cursor: cursorOf(epoch, (n += 1)) }))
  }

  /** A new base. */
  function based(answer: Answer): Update[] {
    return placed([snapshotOf(answer), statusOf(answer)])
  }

  function further(before: Answer, answer: Answer): Update[] {
    const { entries, adds } = difference(before, answer)
    if (adds || !streamed) return placed(entries)
    epoch = Math.min(epoch + 1, lastEpoch)
    n = epoch === lastEpoch ? n : 0
    return based(answer)
  }

  function ended(before: Answer | null, end: TaskEnd): Update[] {
    const updates = closing(before, end)
    if (end.state.type !== 'paused' || epoch === lastEpoch) return updates
    return updates.map((update) => (update.type === 'pause' ? { ...update, cursor: cursorOf(epoch, pausePlace) } : update))
  }

  function closing(before: Answer | null, { state, answer, elapsedMs, conversation }: TaskEnd): Update[] {
    const said = { elapsedMs, ...(conversation !== null && { conversation }) }
    const last = state.type === 'paused' ? { type: 'pause', reason: state.reason, ...said } as const : { type: 'end', outcome: state, ...said } as const
    if (answer === null) return placed([last])
    const { parts, steps } = answer
    const rest = before && difference(before, answer)
    const end: LogEntry = { ...last, length: lengthOf(parts) }
    // Who has been told otherwise is told the whole of it, and who has gaps is rid of them.
    return rest?.adds && !gaps ? placed([...rest.entries, end]) : placed([{ ...end, parts, steps }])
  }

  return (reading) => {
    const before = told
    switch (reading.type) {
      case 'more':
        told = reading.answer
        streamed = true
        return [...open(elapsedOf(reading.task.startedAt, null)), ...placed(reading.entries)]
      case 'whole': {
        told = reading.answer
        const opening = open(elapsedOf(reading.task.startedAt, null))
        const updates = before === null ? based(reading.answer) : further(before, reading.answer)
        streamed = false
        return [...opening, ...updates]
      }
      case 'end':
        return [...open(reading.end.elapsedMs), ...ended(before, reading.end)]
    }
  }
}
