import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/**
 * Makes an app of an empty folder: the packed packages are unpacked in its `node_modules`, what they need is linked
 * from where it is installed here, and its sources are those in `consumer`.
 *
 * @param {string} folder
 * @param {readonly string[]} tarballs
 * @returns {{ folder: string, manifest: any }[]} the packages as they are there
 */
export function makeApp(folder, tarballs) {
  cpSync(join(import.meta.dirname, 'consumer'), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n')
  const modules = join(folder, 'node_modules')
  const packages = tarballs.map((tarball) => {
    const name = /rejoin-(\w+)-[^/]*$/.exec(tarball)?.[1] ?? ''
    const place = join(modules, '@rejoin', name)
    mkdirSync(place, { recursive: true })
    spawnSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', place], { stdio: 'inherit' })
    const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'))
    for (const needed of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      if (!needed.startsWith('@rejoin/')) link(needed, join(root, 'packages', name, 'node_modules'), modules)
    }
    return { folder: place, manifest }
  })
  return packages
}

/**
 * @param {string} name
 * @param {string} from
 * @param {string} to
 */
function link(name, from, to) {
  const place = join(to, name)
  if (existsSync(place)) return
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(realpathSync(join(from, name)), place)
}
