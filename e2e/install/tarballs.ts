import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const variable = 'REJOIN_TARBALLS'

/** Packs the packages once for all specs. Playwright calls what this returns when all is over. */
export default function packPackages(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-tarballs-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    process.env[variable] = execFileSync('node', [join(import.meta.dirname, '../../scripts/pack.mjs'), folder], { encoding: 'utf8' })
  } catch (error) {
    remove()
    throw error
  }
  return remove
}

/** Where the packed packages are, by their names. */
export function tarballs(): ReadonlyMap<string, string> {
  const paths = (process.env[variable] ?? '').trim().split('\n')
  return new Map(paths.map((path) => [basename(path).replace(/^rejoin-([a-z]+)-.*$/, '@rejoin/$1'), path]))
}
