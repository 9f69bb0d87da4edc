import { type EndUpdate, type RunOutcome } from '@rejoin/core'
import { type LogHead } from '../../logs/eventLog.ts'

/** An end that the log has not given its place yet. */
export type Ending = Omit<EndUpdate, 'cursor'>

/** What ends a run that its source does not end. The clock of one that waits stands still. */
export function endingOf(
  { startedAt, pause }: Pick<LogHead, 'startedAt' | 'pause'>,
  outcome: RunOutcome,
  conversation: string | undefined = pause?.conversation,
): Ending {
  return {
    type: 'end',
    outcome,
    elapsedMs: pause?.elapsedMs ?? elapsedSince(startedAt),
    ...(pause?.usage && { usage: pause.usage }),
    ...(conversation !== undefined && { conversation }),
  }
}

export function elapsedSince(startedAt: number): number {
  return Math.max(0, Date.now() - startedAt)
}
