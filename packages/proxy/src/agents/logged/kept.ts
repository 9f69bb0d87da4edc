import { compact, newRun, reduce, startCursor, userMessage, type Cursor, type Run } from '@rejoin/core'
import { type EventLog, type LoggedUpdate } from '../../logs/eventLog.ts'

/** The updates of a run up to a cursor that its log has reached. */
export async function updatesTo(log: EventLog, handle: string, cursor: Cursor): Promise<LoggedUpdate[]> {
  const updates: LoggedUpdate[] = []
  if (cursor === startCursor) return updates
  for await (const slice of log.read(handle, startCursor)) {
    updates.push(...slice.filter((update) => update.cursor <= cursor))
    if ((slice.at(-1)?.cursor ?? '') >= cursor) break
  }
  return updates
}

/** What somebody shows who has read these. */
export function shownBy(updates: readonly LoggedUpdate[]): Pick<Run, 'parts' | 'steps'> {
  const nothing = newRun({ id: '', session: '', message: userMessage(''), createdAt: 0 })
  return compact(updates).reduce(reduce, nothing)
}
