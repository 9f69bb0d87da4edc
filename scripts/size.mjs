// Builds the packages and prints what each entry costs, minified and gzipped, beside what is promised.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

run('node', [join(import.meta.dirname, 'build.mjs')])
const { status, stdout } = run('size-limit', ['--json'], [0, 1])
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(2)} kB`.padStart(9)

const sizes = JSON.parse(stdout)
if (!Array.isArray(sizes)) fail(sizes.error)
for (const { name, size, sizeLimit, passed } of sizes) {
  console.log(`${kilobytes(size)} of ${kilobytes(sizeLimit)}  ${name}${passed ? '' : '  is more than promised'}`)
}
if (status !== 0) process.exit(1)

function run(file, parameters, expected = [0]) {
  const result = spawnSync(file, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (expected.includes(result.status)) return result
  return fail(`${result.stdout ?? ''}${file} failed.`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
