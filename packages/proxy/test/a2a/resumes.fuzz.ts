import { describe, expect, it } from 'vitest'
import { resumeInMidst } from './support/resumes.ts'
import { silenced } from './support/served.ts'

const resumes = 100

describe('an A2A agent with a slow task store', () => {
  silenced()

  it.each([2, 10, 60])(`loses and doubles nothing over ${resumes} resumes in mid-answer, with a store of %i ms (row 52)`, async (storeMs) => {
    const { wrong, misled, reads } = await resumeInMidst(resumes, storeMs, 5)
    console.log(`A store of ${storeMs} ms: of ${resumes} resumes ${wrong} wrong; their streams alone would have told another answer ${misled} times. The kept task was read ${reads} times.`)
    expect(wrong).toBe(0)
  }, 120_000)
})
