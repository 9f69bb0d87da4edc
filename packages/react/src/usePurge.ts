'use client'

import { useCallback } from 'react'
import { useEngine } from './engineContext.ts'

/**
 * For logging out: gives a function that forgets everything of the provider's user, on the page, in all tabs and in this browser's storage. It
 * cancels no run, and rejects with `storage_unavailable` where the storage could not be emptied. Call it while the provider still has that user.
 * @throws RejoinError `missing_provider`
 */
export function usePurge(): () => Promise<void> {
  const { engine } = useEngine()
  return useCallback(() => engine.purge(), [engine])
}
