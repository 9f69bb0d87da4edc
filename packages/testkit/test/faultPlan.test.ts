import { cleanPlan, describePlan, faultKinds, faultPlan, seededRandom } from '@rejoin/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

describe('seededRandom', () => {
  it('gives the same numbers for the same seed and others for the next', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [first, again, other] = [seededRandom(seed), seededRandom(seed), seededRandom(seed + 1)]
        const numbers = Array.from({ length: 8 }, first.next)
        expect(Array.from({ length: 8 }, again.next)).toEqual(numbers)
        expect(Array.from({ length: 8 }, other.next)).not.toEqual(numbers)
      }),
    )
  })

  it('reaches every number of a range, its ends included, about equally often', () => {
    const random = seededRandom(1)
    const counts = new Map<number, number>()
    for (let i = 0; i < 6_000; i += 1) {
      const n = random.int(-2, 3)
      counts.set(n, (counts.get(n) ?? 0) + 1)
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3])
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  })

  it('refuses to pick from nothing', () => {
    expect(() => seededRandom(1).pick([])).toThrow(RangeError)
  })
})

describe('faultPlan', () => {
  it('is the same plan for the same seed, also after a trip through JSON', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const plan = faultPlan(seed)
        expect(faultPlan(seed)).toEqual(plan)
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
      }),
    )
  })

  it('is another plan for another seed', () => {
    const plans = new Set(Array.from({ length: 200 }, (_, seed) => JSON.stringify(faultPlan(seed).requests)))
    expect(plans.size).toBeGreaterThan(190)
  })

  it('keeps to the kinds and limits it is given', () => {
    const options = fc.record({
      kinds: fc.uniqueArray(fc.constantFrom(...faultKinds), { minLength: 1 }),
      requests: fc.integer({ min: 1, max: 12 }),
      bytes: fc.integer({ min: 1, max: 100_000 }),
      delayMs: fc.integer({ min: 0, max: 10_000 }),
    })
    fc.assert(
      fc.property(seeds, options, (seed, given) => {
        const { requests } = faultPlan(seed, given)
        expect(requests.length).toBeGreaterThan(0)
        expect(requests.length).toBeLessThanOrEqual(given.requests)
        const faults = requests.flat()
        expect(faults.filter(({ kind }) => !given.kinds.includes(kind))).toEqual([])
        const positions = faults.flatMap((fault) => ('after' in fault && fault.after !== null ? [fault.after] : []))
        expect(positions.filter((at) => at < 0 || at > given.bytes)).toEqual([])
        const delays = faults.flatMap((fault) => (fault.kind === 'slow' ? [fault.answerMs, fault.chunkMs] : []))
        expect(delays.filter((ms) => ms < 0 || ms > given.delayMs)).toEqual([])
      }),
    )
  })

  it('comes to every kind of fault, alone and together', () => {
    const requests = Array.from({ length: 100 }, (_, seed) => faultPlan(seed, { kinds: faultKinds }).requests).flat()
    expect(new Set(requests.flat().map(({ kind }) => kind))).toEqual(new Set(faultKinds))
    expect(requests.some((faults) => faults.length === 0)).toBe(true)
    expect(requests.some((faults) => faults.length > 2)).toBe(true)
  })

  it('signs nobody out unless it is told to', () => {
    const faults = Array.from({ length: 100 }, (_, seed) => faultPlan(seed).requests).flat(2)
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds.filter((kind) => kind !== 'unauthorized')))
  })

  it('breaks streams at their first bytes as well as late', () => {
    const positions = Array.from({ length: 300 }, (_, seed) => faultPlan(seed, { kinds: ['cut'] }).requests)
      .flat(2)
      .flatMap((fault) => (fault.kind === 'cut' ? [fault.after] : []))
    for (const [from, to] of [[0, 0], [1, 9], [10, 99], [100, 999], [1_000, 8_192]] as const) {
      expect(positions.filter((at) => at >= from && at <= to).length, `${from} to ${to}`).toBeGreaterThan(10)
    }
  })

  it('is clean when nothing may go wrong', () => {
    expect(faultPlan(7, { kinds: [] }).requests).toEqual(cleanPlan.requests)
  })
})

describe('describePlan', () => {
  it('says all of a plan in one line', () => {
    const line = describePlan({
      seed: 42,
      requests: [
        [{ kind: 'slow', answerMs: 120, chunkMs: 3 }, { kind: 'split', sizes: [1, 7] }, { kind: 'cut', after: 17 }],
        [{ kind: 'error', status: 503, retryAfter: 2, body: 'html', reached: true }],
        [],
        [{ kind: 'stall', after: null }],
      ],
    })
    expect(line).toBe(
      'seed 42 · 1 slow(120,3)+split(1,7)+cut@17 · 2 error(503 html,retry-after 2,reached) · 3 clean · 4 stall@headers · then clean',
    )
  })

  it('tells any two plans apart that differ', () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        const [one, two] = [faultPlan(a), faultPlan(b)]
        const same = JSON.stringify(one) === JSON.stringify(two)
        expect(describePlan(one) === describePlan(two)).toBe(same)
      }),
    )
  })
})
