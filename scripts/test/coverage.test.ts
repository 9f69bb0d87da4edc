import { describe, expect, it } from 'vitest'
import { coverage } from '../compliance/coverage.mjs'
import { rowLines, summaryLine } from '../compliance/coverageLines.mjs'
import type { TestResult } from '../compliance/testResults.mjs'

const rows = [
  { number: 60, behaviour: 'the text is there' },
  { number: 8, behaviour: 'every update has a token' },
]

function result(outcome: TestResult['outcome'], ...titles: string[]): TestResult {
  return { file: 'a.test.ts', titles, outcome }
}

const summary = (...results: TestResult[]): string => summaryLine(coverage(rows, results))

describe('a row', () => {
  it('is covered by a test that names it and has passed', () => {
    expect(summary(result('passed', 'a reload', 'shows the text (row 60)'))).toBe('rows=2 covered=1 missing=8')
  })

  it('is covered by the tests of a describe that names it', () => {
    expect(summary(result('passed', 'a reload (rows 8, 60)', 'shows the text'))).toBe('rows=2 covered=2 missing=')
  })

  it('is missing when nothing names it, in the order of the numbers', () => {
    expect(summary(result('passed', 'shows the text'))).toBe('rows=2 covered=0 missing=8,60')
  })

  it('is missing when one of the tests that name it has failed', () => {
    expect(summary(result('passed', 'a (row 60)'), result('failed', 'b (row 60)'))).toBe('rows=2 covered=0 missing=8,60')
  })

  it('is missing when the only test that names it was skipped', () => {
    expect(summary(result('skipped', 'a (row 60)'))).toBe('rows=2 covered=0 missing=8,60')
    expect(summary(result('skipped', 'a (row 60)'), result('passed', 'b (row 60)'))).toBe('rows=2 covered=1 missing=8')
  })

  it('that is not in the table is an error that says which test names it', () => {
    expect(() => coverage(rows, [result('passed', 'a', 'b (rows 60, 99)')])).toThrow('no row 99, which a test names: a.test.ts: a › b (rows 60, 99)')
  })
})

describe('rowLines', () => {
  it('list the tests of each row, once however often they ran', () => {
    const passed = result('passed', 'a reload', 'shows the text (row 60)')
    expect(rowLines(coverage(rows, [passed, passed, result('failed', 'a token (row 8)')]))).toEqual([
      ' 60 covered  the text is there',
      '      passed  a.test.ts: a reload › shows the text (row 60)',
      '  8 missing  every update has a token',
      '      failed  a.test.ts: a token (row 8)',
    ])
  })
})
