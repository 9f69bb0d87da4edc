import type fc from 'fast-check'

/** `REJOIN_EFFORT` tries that many times as much, `REJOIN_SEED` repeats what a failure has named. */
const effort = Number(process.env.REJOIN_EFFORT ?? 1)
const seed = process.env.REJOIN_SEED

/** How often a property is tried. */
export function tries(numRuns: number): fc.Parameters<unknown> {
  return { numRuns: Math.ceil(numRuns * effort), ...(seed !== undefined && { seed: Number(seed) }) }
}

/** How long a test of properties that wait for storage or streams may take, in milliseconds. */
export const patience: number = 30_000 * Math.max(1, effort)
