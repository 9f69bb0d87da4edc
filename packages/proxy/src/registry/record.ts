import { type EndedRecord, type PauseNote, type RunIdentity, type RunProgress, type RunRecord } from './registry.ts'

/** A record of a run that begins, or is stopped before it does. */
export function newRecord({ user, runId, session }: RunIdentity, progress: RunProgress, replaces?: string): RunRecord {
  // Of one that never came there is nothing to record.
  const recorded = progress.state === 'ended' ? 'ended' : null
  return { user, runId, session, startedAt: Date.now(), replaces: replaces ?? null, conversation: null, recorded, ...progress }
}

/** What stays of a record when the run gets on. */
export function changed(record: RunRecord, progress: RunProgress, conversation: string | null = null): RunRecord {
  const { user, runId, session, startedAt, replaces } = record
  // What comes next is another state, also where it has the same name.
  const recorded = progress.state === 'running' ? null : record.recorded
  return { user, runId, session, startedAt, replaces, conversation, recorded, ...progress }
}

/** What `running` makes of a record; `null` where it stays as it is. */
export function runningRecord(record: RunRecord, handle: string, waited: number | undefined): RunRecord | null {
  switch (record.state) {
    case 'running':
      if (record.handle === handle) return null
      break
    case 'paused':
      if (record.elapsedMs !== waited) return null
      break
    case 'ended':
      return null
  }
  return changed(record, { state: 'running', handle })
}

/** What `paused` makes of a record; `null` where it stays as it is. */
export function pausedRecord(record: RunRecord, { reason, elapsedMs, conversation }: PauseNote): RunRecord | null {
  if (record.state === 'ended') return null
  const time = timeOf(elapsedMs)
  const name = conversation ?? null
  const isKnown = record.state === 'paused' && record.reason === reason && record.elapsedMs === time && record.conversation === name
  return isKnown ? null : changed(record, { state: 'paused', handle: handleOf(record), reason, elapsedMs: time }, name)
}

/** It waited, and another run has begun: it has ended with what it had. */
export function passedOver(record: RunRecord & { readonly state: 'paused' }): EndedRecord {
  const { user, runId, session, startedAt, replaces, handle, elapsedMs, conversation, recorded } = record
  const told = { user, runId, session, startedAt, replaces, conversation, recorded }
  return { ...told, state: 'ended', handle, outcome: { type: 'completed' }, elapsedMs }
}

/** Another takes the place of its turn: nothing goes on from it, and nothing of it is recorded any more. */
export function replacedRecord(record: RunRecord): RunRecord {
  return { ...record, conversation: null, recorded: record.state === 'ended' ? 'ended' : record.recorded }
}

export function isWaiting(record: RunRecord): record is RunRecord & { readonly state: 'paused' } {
  return record.state === 'paused'
}

export function isRecorded({ recorded, state }: RunRecord): boolean {
  return recorded === state
}

export function handleOf(record: RunRecord): string | null {
  return record.state === 'starting' ? null : record.handle
}

export function timeOf(elapsedMs: number): number {
  return Number.isFinite(elapsedMs) ? elapsedMs : 0
}
