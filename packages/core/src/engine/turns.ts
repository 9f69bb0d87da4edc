/** How many may be served at once, and for how long before the next ones are. */
export interface Turns {
  readonly places: number
  /** Milliseconds. */
  readonly turnMs: number
}

/**
 * Those whose turn it is. By the clock alone, so that all tabs with the same queue serve the same ones.
 * @param now milliseconds since the epoch
 */
export function inTurn<T>(queue: readonly T[], { places, turnMs }: Turns, now: number): readonly T[] {
  if (queue.length <= places) return queue
  const first = (Math.floor(now / turnMs) * places) % queue.length
  return [...queue.slice(first), ...queue.slice(0, first)].slice(0, places)
}

/** When the next ones are to be served, in milliseconds from now. */
export function untilNextTurn({ turnMs }: Turns, now: number): number {
  return turnMs - (now % turnMs)
}
