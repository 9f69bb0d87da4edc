/**
 * Whether the browser says that it has no network; false where nobody says so. Of the other answer nothing follows: behind a dead
 * router a browser is online.
 */
export function isOffline(): boolean {
  // Without a window nobody would tell when it is back.
  return typeof window !== 'undefined' && globalThis.navigator?.onLine === false
}
