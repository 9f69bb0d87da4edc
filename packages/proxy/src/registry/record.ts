import { type EndedRecord, type PauseNote, type RecordedState, type RunIdentity, type RunProgress, type RunRecord } from './registry.ts'

/** A run that goes on is written again after this part of the retention: in time, and not with each poll. */
const renewalPart = 1 / 4

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

/** Whether a record that has not changed for `ageMs` is written again where its run goes on. */
export function needsRenewal(ageMs: number, retentionMs: number): boolean {
  return ageMs >= retentionMs * renewalPart
}

/** What `running` is told. */
export interface RunningNote {
  readonly handle: string
  readonly waited: number | undefined
  /** Whether the record is written again also where nothing is new. */
  readonly renew: boolean
}

/** What `running` makes of a record; `null` where it is not to be written. */
export function runningRecord(record: RunRecord, { handle, waited, renew }: RunningNote): RunRecord | null {
  switch (record.state) {
    case 'running':
      if (record.handle === handle) return renew ? record : null
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

/** What `recorded` makes of a record; `null` where it stays as it is: what was said while it was replaced comes too late. */
export function recordedRecord(record: RunRecord, state: RecordedState): RunRecord | null {
  return isDone(record) ? null : { ...record, recorded: state }
}

/** Whether nothing of the run is to be recorded any more. */
export function isDone({ recorded }: RunRecord): boolean {
  return recorded === 'ended'
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
