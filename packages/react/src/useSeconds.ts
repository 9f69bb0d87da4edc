'use client'

import { useCallback, useSyncExternalStore } from 'react'

/**
 * Whole seconds since `origin` (milliseconds since the epoch; negative before it), moving on each second.
 * `null` without an origin, and on a server.
 */
export function useSeconds(origin: number | null): number | null {
  const subscribe = useCallback(
    (onTick: () => void) => {
      if (origin === null) return () => {}
      let timer: ReturnType<typeof setTimeout>
      function wait(from: number): void {
        const into = (((Date.now() - from) % 1_000) + 1_000) % 1_000
        timer = setTimeout(() => {
          onTick()
          wait(from)
        }, 1_000 - into)
      }
      wait(origin)
      return () => clearTimeout(timer)
    },
    [origin],
  )
  return useSyncExternalStore(
    subscribe,
    () => (origin === null ? null : Math.floor((Date.now() - origin) / 1_000)),
    () => null,
  )
}
