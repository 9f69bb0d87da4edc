/** What the browser says of the network, for as long as that is to be believed. */
export interface Network {
  /**
   * Whether the browser says that it has no network; false where nobody says so. Of the other answer nothing follows: behind a dead
   * router a browser is online.
   */
  isOffline(): boolean
  /** A request that was made all the same was answered: a server can be on this machine. What this browser says counts no more. */
  disbelieve(): void
}

export function createNetwork(): Network {
  let believed = true
  return {
    // Without a window nobody would tell when it is back.
    isOffline: () => believed && typeof window !== 'undefined' && globalThis.navigator?.onLine === false,
    disbelieve() {
      believed = false
    },
  }
}
