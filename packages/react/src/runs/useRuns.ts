'use client'

import { runsOf, type ListedRun } from '@rejoin/core'
import { useMemo, useSyncExternalStore } from 'react'
import { useEngine } from '../engineContext.ts'

/** The runs of the provider's user. A new object for each change. */
export interface Runs {
  /**
   * Those that have not ended, and those that ended lately (20 of them at the most, for a day), newest first: of all sessions, also
   * of those that are not on the page, and of other devices where the agent has a list of them.
   */
  readonly runs: readonly ListedRun[]
  /** How many of them have ended, or ask something, and have not been seen. */
  readonly unread: number
  /** Says that the person has seen it. A session that is on the page says so itself. */
  markRead(runId: string): void
}

const nothing: readonly ListedRun[] = []

/**
 * All runs of the user, for a list of chats. Runs that nobody shows are asked for from time to time, so that their end is noticed.
 * @throws RejoinError `missing_provider`
 */
export function useRuns(): Runs {
  const { engine } = useEngine()
  const { subscribe, getSnapshot, markRead } = runsOf(engine)
  const runs = useSyncExternalStore(subscribe, getSnapshot, () => nothing)
  return useMemo(() => ({ runs, unread: runs.filter(({ unread }) => unread).length, markRead }), [runs, markRead])
}
