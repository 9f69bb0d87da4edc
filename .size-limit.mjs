// What may be loaded for each entry, by whoever imports all of it: minified and gzipped, with what it depends on and
// without what the app brings itself. Measures what is built: `npm run size` builds it, and prints the sizes as a table.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const promises = {
  '@rejoin/core': '29 kB',
  '@rejoin/proxy': '32.5 kB',
  '@rejoin/proxy/a2a': '15 kB',
  '@rejoin/proxy/azure': '24 kB',
  '@rejoin/proxy/openai': '24 kB',
  '@rejoin/proxy/sqlite': '10.5 kB',
  '@rejoin/proxy/telemetry': '6 kB',
  '@rejoin/react': '32 kB',
  '@rejoin/react/markdown': '0.3 kB',
  '@rejoin/react/runs': '13.5 kB',
  '@rejoin/react/theme.css': '4 kB',
  '@rejoin/testkit': '16.5 kB',
  '@rejoin/testkit/a2a': '5 kB',
  '@rejoin/testkit/contract': '15.5 kB',
  '@rejoin/testkit/playwright': '9 kB',
  '@rejoin/testkit/react': '6.5 kB',
  '@rejoin/testkit/server': '8.5 kB',
}

const root = import.meta.dirname
const entries = globSync('packages/*/package.json', { cwd: root }).toSorted().flatMap((path) => {
  const { name, peerDependencies = {}, publishConfig } = JSON.parse(readFileSync(join(root, path), 'utf8'))
  return Object.entries(publishConfig.exports).map(([entry, target]) => ({
    name: name + entry.slice(1),
    path: join(path, '..', target.default),
    ignore: Object.keys(peerDependencies),
  }))
})
const names = entries.map(({ name }) => name)
const unpromised = names.filter((name) => !(name in promises))
const gone = Object.keys(promises).filter((name) => !names.includes(name))
if (unpromised.length > 0) throw new Error(`.size-limit.mjs promises no size of ${unpromised.join(', ')}. Give each a limit.`)
if (gone.length > 0) throw new Error(`.size-limit.mjs promises a size of ${gone.join(', ')}, which is no entry. Remove it.`)

const built = (name) => entries.find((entry) => entry.name === name).path

function modifyRolldownConfig(config) {
  const external = (id) => id.startsWith('node:') || (config.external?.test(id) ?? false)
  // In this repository the packages' names stand for their sources.
  const alias = Object.fromEntries(entries.map(({ name, path }) => [`${name}$`, join(root, path)]))
  return { ...config, external, resolve: { alias } }
}

const hook = {
  [built('@rejoin/react')]: '{ useBackgroundAgent, BackgroundAgentProvider }',
  [built('@rejoin/core')]: '{ proxyAgent }',
}

const checks = [
  { name: 'hook, engine, store, HTTP agent', path: Object.keys(hook), import: hook, ignore: ['react', '@tanstack/react-query'], limit: '27 kB' },
  { name: 'the same with TanStack Query', path: Object.keys(hook), import: hook, ignore: ['react'], limit: '36.5 kB' },
  ...entries.map((entry) => ({ ...entry, limit: promises[entry.name] })),
]

// A style sheet is measured as it is.
const bundled = ({ path }) => (path.includes('.css') ? { disablePlugins: ['@size-limit/rolldown'] } : { modifyRolldownConfig })

export default checks.map((check) => ({ ...check, gzip: true, ...bundled(check) }))
