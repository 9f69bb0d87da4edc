// Checks the packages as somebody gets them: packed, and installed in an app of their own.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeApp } from './packages/app.mjs'
import { contentProblems } from './packages/contents.mjs'
import { linkProblems } from './packages/links.mjs'
import { sideEffectProblems } from './packages/sideEffects.mjs'

const work = mkdtempSync(join(tmpdir(), 'rejoin-packages-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const packed = spawnSync('node', [join(import.meta.dirname, 'pack.mjs'), work], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
if (packed.status !== 0) process.exit(1)
const tarballs = packed.stdout.trim().split('\n')
const app = join(work, 'app')
mkdirSync(app)
const packages = makeApp(app, tarballs)

let failed = false
for (const [at, { folder, manifest }] of packages.entries()) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => statSync(join(folder, file)).isFile())
  report(`${manifest.name}: what is in it`, contentProblems(files).join('\n'))
  const pages = files.filter((file) => file.endsWith('.md'))
  const dead = pages.flatMap((page) => linkProblems(page, readFileSync(join(folder, page), 'utf8'), files))
  report(`${manifest.name}: its pages link to nothing outside of it`, dead.join('\n'))
  check(`${manifest.name}: publint`, 'publint', ['--strict', tarballs[at]])
  // Styles have no types.
  const styles = Object.keys(manifest.exports).filter((entry) => entry.endsWith('.css'))
  const excluded = styles.length > 0 ? ['--exclude-entrypoints', ...styles] : []
  check(`${manifest.name}: attw`, 'attw', [tarballs[at], '--profile', 'esm-only', '--format', 'ascii', ...excluded])
}

// Each entry loads by its name, in this Node.
const entries = packages.flatMap(({ manifest }) => Object.keys(manifest.exports).map((entry) => manifest.name + entry.slice(1)))
const modules = entries.filter((entry) => !entry.endsWith('.css'))
const load = modules.map((entry) => `await import(${JSON.stringify(entry)})`).join('\n')
check('every entry loads', 'node', ['--input-type=module', '--eval', load])

// What an app can leave out, and the entries that it can not load then.
const optional = {
  '@a2a-js/sdk': ['@rejoin/testkit/a2a'],
  '@opentelemetry/api': ['@rejoin/proxy/telemetry'],
  '@playwright/test': ['@rejoin/testkit/playwright'],
  '@testing-library/react': ['@rejoin/testkit/react'],
}
for (const [name, needing] of Object.entries(optional)) {
  const place = join(app, 'node_modules', name)
  const installed = realpathSync(place)
  rmSync(place)
  const tries = modules.map((entry) => `await import(${JSON.stringify(entry)}).catch(() => console.log(${JSON.stringify(entry)}))`).join('\n')
  const { stdout } = spawnSync('node', ['--input-type=module', '--eval', tries], { cwd: app, encoding: 'utf8' })
  symlinkSync(installed, place)
  const failing = stdout.trim()
  report(`without ${name} all else loads`, failing === needing.join('\n') ? '' : `These do not load: ${failing || 'none'}`)
}

const sideEffects = []
for (const entry of entries) sideEffects.push(...(await sideEffectProblems(app, entry)))
report('bundlers keep a style sheet that is imported, and nothing that is not used', sideEffects.join('\n'))

const resolutions = [
  { module: 'ESNext', moduleResolution: 'Bundler' },
  { module: 'NodeNext', moduleResolution: 'NodeNext' },
]
// What is for browsers or for any server does without the types of Node: they are not in the app.
const programs = [
  { files: ['browser.tsx', 'server.ts'], types: [] },
  { files: ['serverOnNode.ts', 'testing.tsx'], types: ['node'], typeRoots: [join(import.meta.dirname, '../node_modules/@types')] },
]
for (const { files, ...environment } of programs) {
  for (const resolution of resolutions) {
    const config = join(app, `tsconfig.${files[0]}.${resolution.moduleResolution}.json`)
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true }
    const compilerOptions = { ...strict, ...resolution, ...environment, target: 'ES2023', lib: ['ES2023', 'DOM'], jsx: 'react-jsx' }
    writeFileSync(config, JSON.stringify({ compilerOptions, files }))
    check(`types of ${files.join(' and ')}, ${resolution.moduleResolution}`, 'tsc', ['-p', config])
  }
}
if (failed) process.exit(1)

function check(name, file, parameters) {
  const { status, stdout, stderr, error } = spawnSync(file, parameters, { cwd: app, encoding: 'utf8' })
  report(name, status === 0 ? '' : `${stdout ?? ''}${stderr ?? ''}` || `${file}: ${error?.message ?? `exit code ${status}`}`)
}

function report(name, problems) {
  console.log(`${problems === '' ? 'ok' : 'failed'}  ${name}`)
  if (problems === '') return
  failed = true
  console.log(problems)
}
