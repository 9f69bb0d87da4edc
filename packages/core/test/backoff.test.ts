import { describe, expect, it } from 'vitest'
import { backoff } from '@rejoin/core'

const longest = { random: () => 1 }

describe('backoff', () => {
  it('doubles from its base to its cap', () => {
    expect([1, 2, 3, 4, 5, 6, 20, 2000].map((attempt) => backoff(attempt, 0, false, longest))).toEqual([
      250, 500, 1000, 2000, 4000, 5000, 5000, 5000,
    ])
  })

  it('waits longer while the page is hidden', () => {
    expect(backoff(20, 0, true, longest)).toBe(30_000)
  })

  it('spreads its waits over their upper half', () => {
    expect(backoff(3, 0, false, { random: () => 0 })).toBe(500)
  })

  it('never waits less than the server asked for', () => {
    expect(backoff(1, 8_000, false, { random: () => 0 })).toBe(8_000)
  })

  it('spreads what the server asked for over a tenth more, and five seconds at the most', () => {
    expect(backoff(1, 8_000, false, longest)).toBe(8_800)
    expect(backoff(1, 3_600_000, false, longest)).toBe(3_605_000)
  })
})
