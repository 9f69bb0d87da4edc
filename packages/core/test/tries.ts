import type fc from 'fast-check'

/**
 * `REJOIN_EFFORT` tries that many times as much, each time something else; `REJOIN_SEED` repeats what a failure has named. Without either
 * the same is tried each time: what one run in hundreds finds is for who looks for it, and not for who changes something else.
 */
const effort = Number(process.env.REJOIN_EFFORT ?? 1)
const seed = process.env.REJOIN_SEED ?? (process.env.REJOIN_EFFORT === undefined ? '7' : undefined)

/** How often a property is tried. */
export function tries(numRuns: number): fc.Parameters<unknown> {
  return { numRuns: Math.ceil(numRuns * effort), ...(seed !== undefined && { seed: Number(seed) }) }
}

/** How long a test of properties that wait for storage or streams may take, in milliseconds. */
export const patience: number = 30_000 * Math.max(1, effort)
