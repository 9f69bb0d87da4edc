// Writes docs/api, the API reference; with --check, says instead whether it is up to date, and checks the links of
// the docs and their code.
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkCode } from './docs/checkCode.mjs'
import { differences } from './docs/differences.mjs'
import { namedPages } from './docs/namedPages.mjs'

const root = join(import.meta.dirname, '..')
const reference = join(root, 'docs/api')
const [flag, ...rest] = process.argv.slice(2)
if (rest.length > 0 || (flag !== undefined && flag !== '--check')) {
  console.error('Usage: npm run docs, or npm run docs -- --check')
  process.exit(1)
}

// What is under way ends by itself then, and takes its folders along.
const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopped.abort(signal))

if (flag) {
  const checks = await Promise.allSettled([checkReference(), checkLinks(), checkNamedPages(), checkBlocks()])
  if (stopped.signal.aborted) process.exit(128 + constants.signals[stopped.signal.reason])
  for (const { reason } of checks) if (reason) console.error(reason.message)
  process.exitCode = checks.every(({ value }) => value) ? 0 : 1
} else {
  rmSync(reference, { recursive: true, force: true })
  process.exitCode = (await writeReference(reference)) ? 0 : 1
}

async function checkReference() {
  const fresh = mkdtempSync(join(tmpdir(), 'rejoin-docs-'))
  try {
    if (!(await writeReference(fresh))) return false
    const different = differences(reference, fresh)
    if (different.length === 0) return true
    console.error(`The API reference is not what the docstrings say. Make it anew: npm run docs\n${different.map((name) => `  docs/api/${name}`).join('\n')}`)
    return false
  } finally {
    rmSync(fresh, { recursive: true })
  }
}

async function checkLinks() {
  const pages = ['*.md', 'packages/*/README.md', 'examples/*/README.md'].flatMap((pattern) => globSync(pattern, { cwd: root }))
  return await run('remark', ...pages, 'docs', '--frail', '--quiet', '--no-stdout', '--use', 'remark-validate-links=repository:false')
}

/** In place of links, where a page is read without the others. */
async function checkNamedPages() {
  const missing = globSync('packages/*/README.md', { cwd: root }).flatMap((page) => {
    const named = namedPages(readFileSync(join(root, page), 'utf8'))
    return named.filter(({ path }) => !existsSync(join(root, path))).map(({ path, line }) => `${page}:${line} names ${path}, which is not there.`)
  })
  for (const line of missing) console.error(line)
  return missing.length === 0
}

async function checkBlocks() {
  const pages = globSync(['*.md', 'docs/*.md', 'packages/*/README.md', 'examples/*/README.md'], { cwd: root }).toSorted()
  const { errors, files } = await checkCode(root, pages, { signal: stopped.signal })
  for (const error of errors) console.error(error)
  console.log(`${files} blocks of code of ${pages.length} pages compiled, ${errors.length} errors`)
  return errors.length === 0
}

async function writeReference(directory) {
  return await run('node', 'docs/reference.mjs', directory)
}

function run(file, ...args) {
  return new Promise((resolve, reject) => {
    spawn(file, args, { cwd: root, stdio: 'inherit', signal: stopped.signal })
      .on('error', (error) => error.name !== 'AbortError' && reject(error))
      .on('exit', (code) => resolve(code === 0))
  })
}
