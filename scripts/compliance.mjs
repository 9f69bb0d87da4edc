// Says which rows of docs/compliance.md the last whole test run covers; --verbose says by which tests.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { coverage } from './compliance/coverage.mjs'
import { rowLines, summaryLine } from './compliance/coverageLines.mjs'
import { rowTable } from './compliance/rowTable.mjs'
import { playwrightResults, vitestResults } from './compliance/testResults.mjs'
import { playwrightReport, results, vitestReport } from './reports.mjs'

const root = join(import.meta.dirname, '..')
const [flag, ...rest] = process.argv.slice(2)
if (rest.length > 0 || (flag !== undefined && flag !== '--verbose')) fail('Usage: npm run compliance, or npm run compliance -- --verbose')

try {
  const rows = rowTable(readFileSync(join(root, 'docs/compliance.md'), 'utf8'))
  const covered = coverage(rows, [
    ...read(vitestReport, vitestResults),
    ...read(playwrightReport, playwrightResults),
  ])
  if (flag) console.log(rowLines(covered).join('\n'))
  console.log(summaryLine(covered))
} catch (error) {
  fail(error.message)
}

function read(name, resultsOf) {
  const path = join(results, name)
  if (!existsSync(path)) throw new Error('There are no results of a whole test run. Make them: npm test')
  try {
    return resultsOf(JSON.parse(readFileSync(path, 'utf8')), root)
  } catch {
    throw new Error(`.results/${name} can not be read. Make it anew: npm test`)
  }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
