export interface PageEvents {
  /** The network or the person is back: whatever waits tries now. `offline`: there is no network, so nothing need be tried. */
  onWake(reason: 'moved' | 'visible' | 'offline'): void
  /** The page may be frozen or gone after this call. */
  onLeave(): void
  /** The page was kept (bfcache, freeze) and is back. */
  onReturn(): void
}

/** Listens to what happens to the page; without a window, to nothing. Gives back how to stop. */
export function listenToPage({ onWake, onLeave, onReturn }: PageEvents): () => void {
  if (typeof window === 'undefined') return () => {}
  const stop = new AbortController()
  const { signal } = stop
  window.addEventListener('online', () => onWake('moved'), { signal })
  window.addEventListener('offline', () => onWake('offline'), { signal })
  window.addEventListener('pagehide', onLeave, { signal })
  window.addEventListener('pageshow', ({ persisted }) => persisted && onReturn(), { signal })
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && onWake('visible'), { signal })
  document.addEventListener('freeze', onLeave, { signal })
  document.addEventListener('resume', onReturn, { signal })
  return () => stop.abort()
}
