/** How long to wait between tries. */
export interface BackoffOptions {
  /** The wait before the second try, in milliseconds; it doubles with each. @default 250 */
  baseMs?: number | undefined
  /** No wait is longer, while somebody is looking. @default 5000 */
  capMs?: number | undefined
  /** No wait is longer, while the page is hidden. @default 30000 */
  hiddenCapMs?: number | undefined
  /** From 0 to 1, for the jitter: of polls, too. @default Math.random */
  random?: (() => number) | undefined
}

/** What a server has asked for is spread over a tenth of it, but no more than this. Milliseconds. */
const maxFloorSpreadMs = 5_000

/**
 * How long to wait before try number `attempt` (1 is the first after a failure), in milliseconds:
 * exponential, jittered over its upper half, capped, and never below what the server asked for.
 */
export function backoff(attempt: number, floorMs: number, hidden: boolean, options: BackoffOptions = {}): number {
  const { baseMs = 250, capMs = 5_000, hiddenCapMs = 30_000 } = options
  const cap = hidden ? hiddenCapMs : capMs
  return jittered(Math.min(cap, baseMs * 2 ** (attempt - 1)), floorMs, options)
}

/** `ms`, spread over its upper half, and no less than `floorMs`, which is spread upwards: whom a server has sent away at once does not come back at once. */
export function jittered(ms: number, floorMs: number, { random = Math.random }: BackoffOptions = {}): number {
  const share = random()
  return Math.max(ms * (0.5 + share / 2), floorMs + Math.min(floorMs / 10, maxFloorSpreadMs) * share)
}
