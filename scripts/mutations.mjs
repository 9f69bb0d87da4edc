// Breaks what always holds of the engine, one way after the other, in a copy of the last commit, and says what notices.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apply } from './mutations/apply.mjs'
import { mutations } from './mutations/mutations.mjs'

const root = join(import.meta.dirname, '..')
const [filter = '', ...rest] = process.argv.slice(2)
if (rest.length > 0) {
  console.error('Usage: npm run mutations, or npm run mutations -- TEXT for those whose description holds it (a number: those of an invariant)')
  process.exit(1)
}
const chosen = mutations.filter(({ invariant, what }) => (/^\d+$/.test(filter) ? invariant === Number(filter) : what.includes(filter)))
if (chosen.length === 0) {
  console.error(`No mutation is described with ${JSON.stringify(filter)}.`)
  process.exit(1)
}
const copy = mkdtempSync(join(tmpdir(), 'rejoin-mutations-'))
process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
execFileSync('git', ['clone', '-q', root, copy])
execFileSync('pnpm', ['install', '--frozen-lockfile', '--prefer-offline', '--silent'], { cwd: copy, stdio: 'inherit' })

/** Fewer plans than usual: what only one in thousands shows is not caught. */
const env = { ...process.env, REJOIN_PLANS: '200', CI: 'true' }

let missed = 0
for (const suite of new Set(chosen.map(({ suite }) => suite))) {
  const red = failures(suite)
  if (red.length === 0) continue
  console.error(`Without a mutation, ${red.length} tests fail, so nothing could be said of one: ${red[0]}`)
  process.exit(1)
}
console.log('| invariant | broken so that | noticed by |\n|---|---|---|')
for (const { suite, ...mutation } of chosen) {
  const path = join(copy, mutation.file)
  const source = readFileSync(path, 'utf8')
  writeFileSync(path, apply(source, mutation))
  const [red] = failures([...suite, '--bail=1'])
  writeFileSync(path, source)
  if (red === undefined) missed += 1
  console.log(`| ${mutation.invariant} | ${mutation.what} | ${red ?? '**nothing**'} |`)
}
console.log(`\nmutations=${chosen.length} caught=${chosen.length - missed} missed=${missed}`)
process.exitCode = missed > 0 ? 1 : 0

/** The titles of the tests that fail; a file that does not load counts as one. */
function failures(suite) {
  const report = join(copy, '.mutations.json')
  rmSync(report, { force: true })
  const { status } = spawnSync('vitest', ['run', ...suite, '--reporter=json', `--outputFile=${report}`, '--testTimeout=20000', '--teardownTimeout=2000'], {
    cwd: copy,
    env: { ...env, PATH: `${join(copy, 'node_modules/.bin')}:${env.PATH}` },
    stdio: 'ignore',
    timeout: 10 * 60_000,
  })
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    const red = testResults.flatMap(({ assertionResults }) => assertionResults.filter((test) => test.status === 'failed').map(({ fullName }) => fullName.trim()))
    const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).map(({ name }) => `${name} does not load`)
    if (red.length + broken.length > 0) return [...red, ...broken].map((title) => title.replaceAll('|', '\\|').replaceAll(copy, '.'))
  } catch {
    return ['the tests came to no end']
  }
  return status === 0 ? [] : ['the tests ended with an error outside of any']
}
