// Builds the packages and prints what each entry costs, minified and gzipped, beside what is promised, and what pages say of it.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
run('node', [join(root, 'scripts/build.mjs')])
const { status, stdout } = run('size-limit', ['--json'], [0, 1])
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(2)} kB`.padStart(9)

const sizes = JSON.parse(stdout)
if (!Array.isArray(sizes)) fail(sizes.error)
for (const { name, size, sizeLimit, passed } of sizes) {
  console.log(`${kilobytes(size)} of ${kilobytes(sizeLimit)}  ${name}${passed ? '' : '  is more than promised'}`)
}
const stale = ['packages/react/README.md', 'docs/when-not.md'].filter((page) => {
  const said = /about ([\d.]+) kB, minified and gzipped[;,] (?:and about|with TanStack Query, about) ([\d.]+) kB/.exec(readFileSync(join(root, page), 'utf8'))
  return said?.[1] !== roughly('hook, engine, store, HTTP agent') || said[2] !== roughly('the same with TanStack Query')
})
for (const page of stale) {
  console.log(`${page} has to say that the hook costs ${roughly('hook, engine, store, HTTP agent')} kB, and ${roughly('the same with TanStack Query')} kB with TanStack Query.`)
}
if (status !== 0 || stale.length > 0) process.exit(1)

/** As pages say it: in half kilobytes. */
function roughly(check) {
  const { size } = sizes.find(({ name }) => name === check)
  return String(Math.round(size / 500) / 2)
}

function run(file, parameters, expected = [0]) {
  const result = spawnSync(file, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (expected.includes(result.status)) return result
  return fail(`${result.stdout ?? ''}${file} failed.`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
