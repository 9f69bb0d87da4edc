// Writes the API reference, made of the docstrings: `node docs/reference.mjs DIR`. Fails where an export has none.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Application, ReflectionKind } from 'typedoc'

const [out] = process.argv.slice(2)
if (!out) throw new Error('Usage: node docs/reference.mjs DIR')

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
  pageTitleTemplates: { module: ({ name }) => `@rejoin/${name}` },
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
  module.name = name
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
