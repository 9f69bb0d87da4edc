// Builds the packages and packs each as it would be published: `node scripts/pack.mjs DIR` prints the tarballs' paths.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const [directory] = process.argv.slice(2)
if (!directory) fail('Usage: node scripts/pack.mjs DIR')
const destination = resolve(directory)
mkdirSync(destination, { recursive: true })

// A tarball never holds what an older build has left.
pnpm('exec', 'node', 'scripts/build.mjs')
const packed = JSON.parse(pnpm('--filter', './packages/*', 'pack', '--pack-destination', destination, '--json'))
for (const { filename } of packed) console.log(filename)

function pnpm(...parameters) {
  const cwd = join(import.meta.dirname, '..')
  const { status, stdout } = spawnSync('pnpm', parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) fail(`${stdout ?? ''}pnpm ${parameters.join(' ')} failed.`)
  return stdout
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
