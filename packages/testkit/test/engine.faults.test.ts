import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFakeTime, type FakeTime } from './faults/fakeTime.ts'
import { playStory } from './faults/playStory.ts'
import { storyOf } from './faults/story.ts'
import { createStoryServer } from './faults/storyServer.ts'

/** `REJOIN_PLANS` plays more or fewer, `REJOIN_SEED` only the one. */
const plans = Number(process.env.REJOIN_PLANS ?? 2_000)
const only = process.env.REJOIN_SEED
const seeds = only === undefined ? Array.from({ length: plans }, (_, at) => at + 1) : [Number(only)]

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

describe('the engine against the faulty fetch', () => {
  it(`in ${seeds.length} seeded plans is never wrong and never hangs`, { timeout: 600_000 }, async () => {
    const faults: string[] = []
    let hung = 0
    let legs = 0
    for (const seed of seeds) {
      const story = storyOf(seed)
      const result = await playStory(story, createStoryServer(story), time)
      for (const reason of rejections.splice(0)) faults.push(`seed ${seed}: unhandled rejection ${String(reason)}`)
      if (result.fault !== null) faults.push(result.fault)
      if (result.hung) hung += 1
      legs += result.legs
    }
    if (faults.length > 0) {
      throw new Error(`${faults.length} wrong, ${hung} of them hung, of ${seeds.length}.\n${faults.slice(0, shownFaults).join('\n')}`)
    }
    expect(legs / seeds.length).toBeGreaterThan(3)
  })
})
