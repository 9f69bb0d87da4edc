/** How often a run is asked for in poll mode. */
export interface PollOptions {
  /** The wait after the first poll, in milliseconds, spread over its upper half; it grows by half with each that brings nothing new. @default 1000 */
  intervalMs?: number | undefined
  /** No wait is longer, short of what the agent asks for. Milliseconds. @default 10000 */
  capMs?: number | undefined
}

/**
 * How long to wait after poll number `count` of a run that is still at work, in milliseconds.
 * @param floorMs what the agent asks for: `pollAfterMs` of its response
 */
export function pollDelay(count: number, floorMs: number, { intervalMs = 1_000, capMs = 10_000 }: PollOptions = {}): number {
  return Math.max(floorMs, Math.min(capMs, intervalMs * 1.5 ** (count - 1)))
}
