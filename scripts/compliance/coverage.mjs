import { namedRows } from './namedRows.mjs'

/**
 * Which rows the results cover: at least one test that names the row has passed, and none has failed.
 * @param {{ number: number, behaviour: string }[]} rows
 * @param {import('./testResults.mjs').TestResult[]} results
 * @throws where a test names a row that is not there
 */
export function coverage(rows, results) {
  const known = new Set(rows.map((row) => row.number))
  const naming = results
    .map((result) => ({ ...result, rows: new Set(result.titles.flatMap(namedRows)) }))
    .filter((result) => result.rows.size > 0)

  for (const { file, titles, rows } of naming) {
    const strange = [...rows].find((number) => !known.has(number))
    if (strange !== undefined) throw new Error(`There is no row ${strange}, which a test names: ${file}: ${titles.join(' › ')}`)
  }

  return rows.map((row) => {
    const tests = naming.filter((result) => result.rows.has(row.number))
    const covered = tests.some(({ outcome }) => outcome === 'passed') && tests.every(({ outcome }) => outcome !== 'failed')
    return { ...row, covered, tests }
  })
}
