// Writes the API reference, made of the docstrings: `node docs/reference.mjs DIR`. Fails where an export has none.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Application, Comment, ReflectionKind } from 'typedoc'

const [out] = process.argv.slice(2)
if (!out) throw new Error('Usage: node docs/reference.mjs DIR')

/** What an entry is for. */
const about = {
  core: 'The run engine, `proxyAgent`, the store in IndexedDB, tabs, and the wire. No framework.',
  proxy: 'The handler between browsers and an agent, agents written as generators, a log and a registry in memory.',
  'proxy/a2a': 'An agent behind the A2A protocol.',
  'proxy/azure': 'A model on Azure.',
  'proxy/openai': 'A model behind the OpenAI Responses API, with tools of your own.',
  'proxy/sqlite': 'A log and a registry in a file, for runs that outlive the process.',
  'proxy/telemetry': 'OpenTelemetry spans of an agent.',
  react: 'The provider, the hook, the whole chat, and its parts.',
  'react/markdown': 'Answers rendered as Markdown.',
  'react/runs': 'All runs of a user: a list, what has not been seen, the page title, notifications.',
  testkit: 'Agents that play scripts, networks that fail, an emulator of the Responses API.',
  'testkit/a2a': 'A server of the official A2A SDK whose agent plays scripts.',
  'testkit/contract': 'What every agent must do, for any test runner.',
  'testkit/playwright': 'A network for Playwright that cuts, stalls and reloads at the n-th update.',
  'testkit/react': "A component that is reloaded, for React's Testing Library.",
  'testkit/server': 'A handler on a port.',
}

const root = join(import.meta.dirname, '..')
const files = []
const entries = entryPoints()

const app = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: files,
  tsconfig: join(import.meta.dirname, 'tsconfig.json'),
  // Nothing of this machine, and nothing that changes with each commit.
  basePath: root,
  disableGit: true,
  disableSources: true,
  // Types are checked elsewhere.
  skipErrorChecking: true,
  name: 'API reference',
  readme: 'none',
  sort: ['source-order'],
  logLevel: 'Warn',
  excludeExternals: true,
  excludeInternal: true,
  validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true, unusedMergeModuleWith: true },
  packagesRequiringDocumentation: ['core', 'proxy', 'react', 'testkit'].map((name) => `@rejoin/${name}`),
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias', 'Variable', 'Enum'],
  outputFileStrategy: 'modules',
  flattenOutputFiles: true,
  entryFileName: 'README',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  expandObjects: false,
  pageTitleTemplates: { module: ({ name }) => (name === 'Chat' ? '`Chat` of @rejoin/react' : `@rejoin/${name}`) },
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  indexFormat: 'table',
  tableColumnSettings: { hideInherited: true, hideOverrides: true, hideModifiers: true },
})

const project = await app.convert()
if (!project) process.exit(1)
for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
  const name = entries.get(module.name)
  if (!name) throw new Error(`No package exports ${module.name}.`)
  if (!about[name]) throw new Error(`docs/reference.mjs does not say what @rejoin/${name} is for.`)
  module.name = name
  module.comment = new Comment([{ kind: 'text', text: about[name] }])
}
for (const group of project.groups ?? []) group.children.sort((a, b) => (a.name < b.name ? -1 : 1))
app.validate(project)
await app.outputs.writeOutput({ name: 'markdown', path: out }, project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)

/** What the packages export, by file as typedoc names it: `react`, `proxy/openai`. */
function entryPoints() {
  const found = new Map()
  for (const manifest of globSync('packages/*/package.json', { cwd: root }).toSorted()) {
    const { name, exports } = JSON.parse(readFileSync(join(root, manifest), 'utf8'))
    for (const [path, target] of Object.entries(exports)) {
      if (path.endsWith('.css')) continue
      const file = join(dirname(manifest), target.types)
      found.set(file.replace(/(\/index)?\.tsx?$/, ''), join(name, path).replace('@rejoin/', ''))
      files.push(join(root, file))
    }
  }
  return found
}
