import { describe, expect, it } from 'vitest'
import { resumeInMidst } from './support/resumes.ts'
import { silenced } from './support/served.ts'

describe('an A2A agent with a slow task store', () => {
  silenced()

  it.each([
    [0, 2],
    [2, 5],
    [10, 5],
    [60, 5],
  ])('loses and doubles nothing over resumes in mid-answer, with a store of %i ms (row 52)', async (storeMs, gapMs) => {
    const { wrong } = await resumeInMidst(8, storeMs, gapMs)
    expect(wrong).toBe(0)
  }, 30_000)
})
