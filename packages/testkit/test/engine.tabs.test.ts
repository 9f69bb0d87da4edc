import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { playQuestions } from './faults/playQuestions.ts'
import { playTabs } from './faults/playTabs.ts'

/** `REJOIN_PLANS` plays more or fewer, `REJOIN_SEED` only the one. */
const plans = Number(process.env.REJOIN_PLANS ?? 500)
const only = process.env.REJOIN_SEED

/** Enough to see what they have in common. */
const shownFaults = 3

const rejections: unknown[] = []
const noteRejection = (reason: unknown): void => void rejections.push(reason)

beforeEach(() => {
  process.on('unhandledRejection', noteRejection)
})

afterEach(() => {
  process.off('unhandledRejection', noteRejection)
  vi.useRealTimers()
})

/** @throws Error that says which seeds went wrong and how */
async function playAll(count: number, play: (seed: number) => Promise<string | null>): Promise<number> {
  const seeds = only === undefined ? Array.from({ length: count }, (_, at) => at + 1) : [Number(only)]
  const faults: string[] = []
  for (const seed of seeds) {
    // Anew for each: frames come by the clock's own beginning, and a plan is to be the same alone.
    vi.useFakeTimers({ now: 1_700_000_000_000 })
    const fault = await play(seed)
    vi.useRealTimers()
    if (fault !== null) faults.push(fault)
    for (const reason of rejections.splice(0)) faults.push(`seed ${seed}: unhandled rejection ${String(reason)}`)
  }
  if (faults.length > 0) throw new Error(`${faults.length} wrong of ${seeds.length}.\n${faults.slice(0, shownFaults).join('\n')}`)
  return seeds.length
}

describe('the tabs of a browser', () => {
  const half = Math.ceil(plans / 2)
  const quarter = Math.ceil(plans / 4)

  it(`show one answer over one connection in ${half} seeded plans (row 66)`, { timeout: 600_000 }, async () => {
    expect(await playAll(half, (seed) => playTabs({ seed, snapshots: false, stops: false }))).toBeGreaterThan(0)
  })

  it(`never take text away in ${half} seeded plans with snapshots that know less`, { timeout: 600_000 }, async () => {
    expect(await playAll(half, (seed) => playTabs({ seed, snapshots: true, stops: false }))).toBeGreaterThan(0)
  })

  it(`agree on where it was stopped in ${quarter} seeded plans`, { timeout: 600_000 }, async () => {
    expect(await playAll(quarter, (seed) => playTabs({ seed, snapshots: false, stops: true }))).toBeGreaterThan(0)
  })

  it(`agree on where it was stopped in ${quarter} seeded plans with snapshots that know less`, { timeout: 600_000 }, async () => {
    expect(await playAll(quarter, (seed) => playTabs({ seed, snapshots: true, stops: true }))).toBeGreaterThan(0)
  })

  it(`answer a question once in ${half} seeded plans in which they answer at the same moment (row 25)`, { timeout: 600_000 }, async () => {
    expect(await playAll(half, (seed) => playQuestions({ seed, snapshots: seed % 2 === 0 }))).toBeGreaterThan(0)
  })
})
