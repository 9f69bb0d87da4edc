// Runs every check once, without retries, and ends with the line "N passed, N failed".
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import * as kept from './reports.mjs'

if (process.argv.length > 2) {
  console.error('npm test takes no arguments. Use npm run test:unit, test:browser, test:e2e or test:install -- FILTER.')
  process.exit(1)
}

const reports = mkdtempSync(join(tmpdir(), 'rejoin-test-'))
const vitestReport = join(reports, kept.vitestReport)
const playwrightReport = join(reports, kept.playwrightReport)
const installReport = join(reports, 'install.json')
process.on('exit', () => rmSync(reports, { recursive: true, force: true }))

const steps = [
  { name: 'lint', run: ['oxlint', '--deny-warnings'] },
  { name: 'typecheck', run: ['node', 'scripts/typecheck.mjs'] },
  { name: 'build', run: ['node', 'scripts/build.mjs'] },
  { name: 'knip', run: ['knip', '--no-progress', '--treat-config-hints-as-errors'] },
  { name: 'packages', run: ['node', 'scripts/packages.mjs'] },
  { name: 'size', run: ['node', 'scripts/size.mjs'] },
  { name: 'docs', run: ['node', 'scripts/docs.mjs', '--check'] },
  {
    name: 'vitest',
    run: ['vitest', 'run', '--allowOnly=false', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
    count: () => countVitest(readReport(vitestReport)),
  },
  {
    name: 'playwright',
    run: ['playwright', 'test', '--config', 'e2e/playwright.config.ts', '--forbid-only', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport },
    count: () => countPlaywright(readReport(playwrightReport)),
  },
  {
    name: 'install',
    run: ['playwright', 'test', '--config', 'e2e/install/playwright.config.ts', '--forbid-only', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: installReport },
    count: () => countPlaywright(readReport(installReport)),
  },
]

const results = []
for (const step of steps) await take(step)

// Only now: a run that is broken off leaves the results of the last whole one.
rmSync(kept.results, { recursive: true, force: true })
cpSync(reports, kept.results, { recursive: true })
// Which rows are covered is no failure, but a test that names a row wrongly is.
await take({ name: 'compliance', run: ['node', 'scripts/compliance.mjs'] })

console.log('')
for (const { name, seconds, passed, failed, skipped } of results) {
  const aside = skipped > 0 ? `, ${skipped} skipped` : ''
  console.log(`${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s   ${passed} passed, ${failed} failed${aside}`)
}
const sum = (key) => results.reduce((total, result) => total + result[key], 0)
process.exitCode = sum('failed') > 0 ? 1 : 0
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)

async function take(step) {
  console.log(`\n── ${step.name}`)
  const start = performance.now()
  const code = await run(step)
  results.push({ name: step.name, seconds: (performance.now() - start) / 1000, ...tally(step, code) })
}

function run({ run: [file, ...args], env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    let stopped
    const stop = (signal) => {
      stopped = signal
      // A terminal sends Ctrl-C to the child as well.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
    child.on('error', reject)
    child.on('exit', (code) => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      if (stopped) process.exit(128 + constants.signals[stopped])
      resolve(code)
    })
  })
}

/** A step fails by its exit code, by a failed test, and by having had no test to run. */
function tally({ name, count }, code) {
  if (!count) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  const { passed, failed, skipped } = count()
  if (passed + failed === 0) console.error(`${name}: no test ran.`)
  const silent = failed === 0 && (code !== 0 || passed === 0)
  return { passed, failed: silent ? 1 : failed, skipped }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined // the runner died before it could write one; its exit code tells
  }
}

function countVitest(report) {
  if (!report) return { passed: 0, failed: 0, skipped: 0 }
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

function countPlaywright(report) {
  if (!report) return { passed: 0, failed: 0, skipped: 0 }
  const { expected, unexpected, flaky, skipped } = report.stats
  return { passed: expected, failed: unexpected + flaky + report.errors.length, skipped }
}
