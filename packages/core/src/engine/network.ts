/** What the browser says of the network, for as long as that is to be believed. */
export interface Network {
  /**
   * Whether the browser says that it has no network; false where nobody says so. Of the other answer nothing follows: behind a dead
   * router a browser is online.
   */
  isOffline(): boolean
  /**
   * A request that was made all the same was answered: a server can be on this machine, or the browser is late. What it says counts
   * no more until it says that the network is back, which one that is wrong for good never does.
   */
  disbelieve(): void
}

export function createNetwork(): Network {
  let believed = true
  return {
    // Without a window nobody would tell when it is back.
    isOffline: () => believed && typeof window !== 'undefined' && globalThis.navigator?.onLine === false,
    disbelieve() {
      believed = false
      window.addEventListener('online', () => (believed = true), { once: true })
    },
  }
}
