import { describe, expect, it } from 'vitest'
import { playwrightResults, vitestResults } from '../compliance/testResults.mjs'

describe('vitestResults', () => {
  it('are the tests with the titles around them', () => {
    const test = { ancestorTitles: ['a run', 'that is cut'], title: 'goes on (row 10)', status: 'passed' }
    const report = {
      testResults: [
        { name: '/repo/packages/core/test/a.test.ts', assertionResults: [test, { ...test, status: 'failed' }, { ...test, status: 'todo' }] },
        { name: '/repo/packages/core/test/broken.test.ts', assertionResults: [] },
      ],
    }
    const titles = ['a run', 'that is cut', 'goes on (row 10)']
    expect(vitestResults(report, '/repo')).toEqual(
      ['passed', 'failed', 'skipped'].map((outcome) => ({ file: 'packages/core/test/a.test.ts', titles, outcome })),
    )
  })
})

describe('playwrightResults', () => {
  const spec = (title: string, status: string, expectedStatus = 'passed') => ({ title, tests: [{ status, expectedStatus }] })
  const reportOf = (suite: object) => ({ config: { rootDir: '/repo/e2e' }, suites: [{ title: 'a.spec.ts', file: 'a.spec.ts', ...suite }] })

  it('are the tests with the titles around them, of which the file is none', () => {
    const inner = { title: 'at 320', file: 'a.spec.ts', specs: [spec('fits', 'expected')] }
    expect(playwrightResults(reportOf({ specs: [spec('opens (row 60)', 'expected')], suites: [inner] }), '/repo')).toEqual([
      { file: 'e2e/a.spec.ts', titles: ['opens (row 60)'], outcome: 'passed' },
      { file: 'e2e/a.spec.ts', titles: ['at 320', 'fits'], outcome: 'passed' },
    ])
  })

  it('have passed only where that was expected and at the first try', () => {
    const specs = [
      spec('a', 'expected'),
      spec('b', 'unexpected'),
      spec('c', 'flaky'),
      spec('d', 'skipped'),
      spec('e', 'expected', 'failed'),
    ]
    const outcomes = playwrightResults(reportOf({ specs }), '/repo').map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['passed', 'failed', 'failed', 'skipped', 'failed'])
  })
})
