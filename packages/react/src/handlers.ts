'use client'

import { type FinishedRun, type RejoinError, type Session } from '@rejoin/core'
import { useEffect, useRef } from 'react'
import { useLatest } from './useLatest.ts'

/** Only a page that has a handler may claim the end of a run, so none is given to the session without one. */
export function useFinishHandler(session: Session, handler: ((finished: FinishedRun) => void) | undefined): void {
  const latest = useLatest(handler)
  const wanted = handler !== undefined
  useEffect(() => {
    if (wanted) return session.onFinish((finished) => latest.current?.(finished))
  }, [session, wanted, latest])
}

export function useErrorHandler(error: RejoinError | null, handler: ((error: RejoinError) => void) | undefined): void {
  const latest = useLatest(handler)
  const told = useRef<RejoinError | null>(null)
  useEffect(() => {
    // Strict Mode runs effects twice.
    if (error !== null && error !== told.current) latest.current?.(error)
    told.current = error
  }, [error, latest])
}
