import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFakeTime, type FakeTime } from './faults/fakeTime.ts'
import { playStory } from './faults/playStory.ts'
import { storyOf } from './faults/story.ts'
import { createStoryServer } from './faults/storyServer.ts'

/** `REJOIN_PLANS` plays more or fewer, `REJOIN_SEED` only the one. */
const plans = Number(process.env.REJOIN_PLANS ?? 2_000)
const only = process.env.REJOIN_SEED

/** Enough to see what they have in common. */
const shownFaults = 5

let time: FakeTime
const rejections: unknown[] = []
const noteRejection = (reason: unknown): void => void rejections.push(reason)

beforeAll(() => {
  time = createFakeTime()
  process.on('unhandledRejection', noteRejection)
})

afterAll(() => {
  process.off('unhandledRejection', noteRejection)
  time.restore()
})

function seedsOf(count: number): number[] {
  return only === undefined ? Array.from({ length: count }, (_, at) => at + 1) : [Number(only)]
}

/** @throws Error that says which seeds went wrong and how */
async function playAll(seeds: readonly number[], stops: boolean): Promise<{ legs: number }> {
  const faults: string[] = []
  let hung = 0
  let legs = 0
  for (const seed of seeds) {
    const story = storyOf(seed, stops)
    const result = await playStory(story, createStoryServer(story), time)
    for (const reason of rejections.splice(0)) faults.push(`seed ${seed}: unhandled rejection ${String(reason)}`)
    if (result.fault !== null) faults.push(result.fault)
    if (result.hung) hung += 1
    legs += result.legs
  }
  if (faults.length > 0) {
    const shown = faults.slice(0, shownFaults).join('\n')
    throw new Error(`${faults.length} wrong, ${hung} of them hung, of ${seeds.length}.\n${shown}`)
  }
  return { legs }
}

describe('the engine against the faulty fetch', () => {
  it(`is never wrong and never hangs in ${plans} seeded plans (row 10)`, { timeout: 600_000 }, async () => {
    const { legs } = await playAll(seedsOf(plans), false)
    expect(legs).toBeGreaterThan(only === undefined ? plans * 3 : 0)
  })

  it(`stops at any moment of ${plans / 4} seeded plans, for good`, { timeout: 600_000 }, async () => {
    const { legs } = await playAll(seedsOf(plans / 4), true)
    expect(legs).toBeGreaterThan(0)
  })
})
