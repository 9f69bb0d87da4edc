/** @typedef {ReturnType<typeof import('./coverage.mjs').coverage>} Coverage */

/**
 * The one line that a script can read: rows=N covered=N missing=14,15
 * @param {Coverage} coverage
 */
export function summaryLine(coverage) {
  const missing = coverage.filter((row) => !row.covered).map((row) => row.number)
  return `rows=${coverage.length} covered=${coverage.length - missing.length} missing=${missing.sort((a, b) => a - b).join(',')}`
}

/**
 * Each row with the tests that name it, once for each title however often it ran.
 * @param {Coverage} coverage
 */
export function rowLines(coverage) {
  return coverage.flatMap(({ number, behaviour, covered, tests }) => [
    `${String(number).padStart(3)} ${covered ? 'covered' : 'missing'}  ${behaviour}`,
    ...new Set(tests.map(({ file, titles, outcome }) => `      ${outcome}  ${file}: ${titles.join(' › ')}`)),
  ])
}
