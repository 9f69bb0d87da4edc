/** How long to wait between tries. */
export interface BackoffOptions {
  /** The wait before the second try, in milliseconds; it doubles with each. @default 250 */
  baseMs?: number | undefined
  /** No wait is longer, while somebody is looking. @default 5000 */
  capMs?: number | undefined
  /** No wait is longer, while the page is hidden. @default 30000 */
  hiddenCapMs?: number | undefined
  /** From 0 to 1, for the jitter. @default Math.random */
  random?: (() => number) | undefined
}

/**
 * How long to wait before try number `attempt` (1 is the first after a failure), in milliseconds:
 * exponential, jittered over its upper half, capped, and never below what the server asked for.
 */
export function backoff(attempt: number, floorMs: number, hidden: boolean, options: BackoffOptions = {}): number {
  const { baseMs = 250, capMs = 5_000, hiddenCapMs = 30_000, random = Math.random } = options
  const cap = hidden ? hiddenCapMs : capMs
  const full = Math.min(cap, baseMs * 2 ** (attempt - 1))
  return Math.max(floorMs, full * (0.5 + random() / 2))
}
