import { describe, expect, it } from 'vitest'
import { resumeInMidst } from './support/resumes.ts'
import { silenced } from './support/served.ts'

const resumes = 100

describe('an A2A agent with a slow task store', () => {
  silenced()

  it.each([2, 10, 60].flatMap((storeMs) => [[storeMs, 5], [storeMs, 5 * storeMs]]))(`loses and doubles nothing over ${resumes} resumes in mid-answer, with a store of %i ms and a chunk each %i ms (row 52)`, async (storeMs, gapMs) => {
    const { wrong, misled, reads } = await resumeInMidst(resumes, storeMs, gapMs)
    console.log(`A store of ${storeMs} ms, a chunk each ${gapMs} ms: ${wrong} of ${resumes} resumes wrong, ${misled} of their streams alone; ${reads} reads of the kept task.`)
    expect(wrong).toBe(0)
  }, 120_000)
})
