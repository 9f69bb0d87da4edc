// Runs a command of this repository on a machine that has only Node 20, npm and git.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { installed } from './browsers.mjs'

const NODE = '24.21.0'
const PNPM = '12.21.0'

const root = join(import.meta.dirname, '..')
const folder = (name) => join(root, 'examples', name)
const page = (name) => ({ cwd: folder(name), run: () => readJson(join(folder(name), 'package.json')).scripts.dev.split(' ') })
const program = (name) => ({ cwd: folder(name), run: ['node', 'main.ts'] })

const commands = {
  start: page('chat'),
  a2a: page('a2a'),
  polling: program('polling'),
  resume: program('resume'),
  test: { browsers: ['chromium', 'firefox', 'webkit'], run: ['node', 'scripts/test.mjs'] },
  'test:unit': { run: ['vitest', 'run', '--project', 'unit*', '--project', 'types'] },
  'test:browser': { browsers: ['chromium', 'firefox'], run: ['vitest', 'run', '--project', 'browser'] },
  'test:stories': { browsers: ['chromium'], run: ['vitest', 'run', '--project', 'storybook'] },
  'test:e2e': { browsers: ['chromium', 'firefox', 'webkit'], run: ['playwright', 'test', '--config', 'e2e/playwright.config.ts'] },
  'test:install': { browsers: ['chromium'], run: ['playwright', 'test', '--config', 'e2e/install/playwright.config.ts'] },
  bench: { browsers: ['chromium'], run: ['node', 'bench/main.ts'] },
  chaos: { browsers: named, run: ['node', 'e2e/chaos/main.ts'] },
  fuzz: { run: ['vitest', 'run', '--config', 'vitest.fuzz.config.ts'] },
  mutations: { browsers: ['chromium'], run: ['node', 'scripts/mutations.mjs'] },
  compliance: { run: ['node', 'scripts/compliance.mjs'] },
  typecheck: { run: ['node', 'scripts/typecheck.mjs'] },
  lint: { run: ['oxlint', '--deny-warnings'] },
  build: { run: ['node', 'scripts/build.mjs'] },
  docs: { run: ['node', 'scripts/docs.mjs'] },
  knip: { run: ['knip', '--no-progress', '--treat-config-hints-as-errors'] },
  packages: { run: ['node', 'scripts/packages.mjs'] },
  size: { run: ['node', 'scripts/size.mjs'] },
  storybook: { run: ['storybook', 'dev', '--host', '127.0.0.1', '--port', '6006'] },
  'build-storybook': { run: ['storybook', 'build'] },
}

const [name, ...given] = process.argv.slice(2)
// pnpm passes on the `--` that npm keeps to itself.
const args = given[0] === '--' ? given.slice(1) : given
const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
if (!command) fail(`Usage: npm run NAME -- ARGS, where NAME is one of: ${Object.keys(commands).join(', ')}`)

installBrowsers(typeof command.browsers === 'function' ? command.browsers() : (command.browsers ?? []))
launch(typeof command.run === 'function' ? command.run() : command.run, environment(install()))

/** Installs the dependencies if the lockfile is new, and says where Node and pnpm are ('' for on the PATH). */
function install() {
  const stamp = join(root, 'node_modules/.launch.json')
  const lock = createHash('sha256').update(readFileSync(join(root, 'pnpm-lock.yaml'))).digest('hex')
  const last = existsSync(stamp) ? readJson(stamp) : {}
  const known = last.tools !== undefined && (last.tools === '' ? nodeIsNew() : existsSync(join(last.tools, 'node')))
  if (known && last.lock === lock) return last.tools

  const tools = nodeIsNew() && pnpmIsThere() ? '' : fetchTools()
  run('pnpm', ['install', '--frozen-lockfile'], { env: environment(tools) })
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(stamp, JSON.stringify({ lock, tools }))
  return tools
}

/** Whether it runs TypeScript as it is, from 22.18 on. */
function nodeIsNew() {
  return Number.parseInt(process.versions.node, 10) >= 22 && process.features.typescript === 'strip'
}

function pnpmIsThere() {
  const { stdout } = spawnSync('pnpm', ['--version'], { cwd: root, encoding: 'utf8' })
  return stdout?.split('.')[0] === PNPM.split('.')[0]
}

/** npx keeps them in its cache; the folder is all we need, so that nothing stands between us and the command. */
function fetchTools() {
  const packages = ['-p', `node@${NODE}`, '-p', `pnpm@${PNPM}`]
  const { status, stdout } = spawnSync('npx', ['-y', ...packages, '-c', 'command -v node'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  if (status !== 0) fail(`npx could not fetch Node ${NODE} and pnpm ${PNPM}.`)
  return join(stdout.trim(), '..')
}

/** The browsers that the arguments name. */
function named() {
  return Object.keys(installed).filter((browser) => args.some((arg) => arg === browser || arg.endsWith(`=${browser}`)))
}

function installBrowsers(names) {
  const missing = () => names.map((name) => installed[name]).filter((browser) => !isInstalled(browser))
  const absent = missing()
  if (absent.length === 0) return
  const packages = absent.flatMap((browser) => browser.packages)
  const apt = spawnSync('apt-get', ['--version']).status === 0
  if (apt && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const wait = ['-o', 'DPkg::Lock::Timeout=600']
    run('apt-get', [...wait, 'update'], { env })
    run('apt-get', [...wait, 'install', '-y', '--no-install-recommends', ...packages], { env })
  }
  for (const { paths, version, variable } of missing()) {
    const newer = version === undefined ? '' : ` of version ${version} or newer`
    const or = variable === undefined ? '' : `, or set ${variable}`
    fail(`This needs ${paths.join(', ')}${newer}. Install what is missing (Debian: apt-get install ${packages.join(' ')})${or}.`)
  }
}

function isInstalled({ paths, version }) {
  if (!paths.every((path) => existsSync(path))) return false
  if (version === undefined) return true
  const { stdout } = spawnSync(paths[0], ['--version'], { encoding: 'utf8' })
  return Number.parseInt(/\d+/.exec(stdout)?.[0], 10) >= version
}

function environment(tools) {
  const path = [join(root, 'node_modules/.bin'), tools, process.env.PATH].filter(Boolean).join(delimiter)
  return { ...process.env, PATH: path }
}

function run(file, parameters, options) {
  const { status } = spawnSync(file, parameters, { cwd: root, stdio: 'inherit', ...options })
  if (status !== 0) fail(`${file} ${parameters.join(' ')} failed.`)
}

/** No shell: arguments arrive as they were given. */
function launch([file, ...parameters], env) {
  const { cwd = root } = command
  env.PATH = join(cwd, 'node_modules/.bin') + delimiter + env.PATH
  const child = spawn(file, [...parameters, ...args], { cwd, env, stdio: 'inherit' })

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child too; a second one would make Vitest quit without cleaning up.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  // npm's shell dies of a SIGTERM without passing it on.
  const parent = process.ppid
  const orphaned = () => process.ppid !== parent && child.kill()
  if (process.env.npm_lifecycle_event) setInterval(orphaned, 250).unref()

  child.on('error', (error) => fail(`${file}: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
