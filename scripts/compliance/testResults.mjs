import { relative, resolve } from 'node:path'

/** @typedef {{ file: string, titles: string[], outcome: 'passed' | 'failed' | 'skipped' }} TestResult `titles` from the outermost describe in */

/**
 * What Vitest's JSON reporter wrote.
 * @param {string} root that files are named from
 * @returns {TestResult[]}
 */
export function vitestResults(report, root) {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => ({
      file: relative(root, name),
      titles: [...ancestorTitles, title],
      outcome: status === 'passed' || status === 'failed' ? status : 'skipped',
    })),
  )
}

/**
 * What Playwright's JSON reporter wrote. A flaky test has failed, and so has one that is expected to.
 * @param {string} root that files are named from
 * @returns {TestResult[]}
 */
export function playwrightResults(report, root) {
  const file = (name) => relative(root, resolve(report.config.rootDir, name))
  const within = (suite, outer) => [
    ...(suite.specs ?? []).flatMap(({ title, tests }) =>
      tests.map((test) => ({ file: file(suite.file), titles: [...outer, title], outcome: outcomeOf(test) })),
    ),
    ...(suite.suites ?? []).flatMap((inner) => within(inner, [...outer, inner.title])),
  ]
  // The outermost suites are the files.
  return report.suites.flatMap((suite) => within(suite, []))
}

function outcomeOf({ status, expectedStatus }) {
  if (status === 'skipped') return 'skipped'
  return status === 'expected' && expectedStatus === 'passed' ? 'passed' : 'failed'
}
