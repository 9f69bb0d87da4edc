import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentProblems } from '../packages/contents.mjs'
import { importsOf, strayImports, unpublishedImports } from '../packages/imports.mjs'
import { linkProblems } from '../packages/links.mjs'
import { manifestProblems, type Manifest } from '../packages/manifest.mjs'
import { otherThanReexports } from '../packages/reexports.mjs'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const sources = ['packages', 'examples', 'e2e', 'scripts', '.storybook']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`))
  .filter((path) => /\.(?:ts|tsx|mjs)$/.test(path) && !/(?:^|\/)(?:node_modules|dist)\//.test(path))

const names = readdirSync(join(root, 'packages'))
const manifests = names.map((name): Manifest => JSON.parse(read(`packages/${name}/package.json`)))
const published = manifests.flatMap(({ name, exports }) => Object.keys(exports).map((entry) => name + entry.slice(1)))

describe('the packages', () => {
  it('publish the entries they have here, each at the place it is built to', () => {
    expect(manifests.map(({ name }) => name)).toEqual(names.map((name) => `@rejoin/${name}`))
    expect(manifests.flatMap((manifest) => manifestProblems(manifest).map((problem) => `${manifest.name}: ${problem}`))).toEqual([])
  })

  it('do not need each other in circles', () => {
    const needs = new Map(manifests.map(({ name, dependencies = {} }) => [name, Object.keys(dependencies)]))
    const order: string[] = []
    const free = (name: string): boolean => (needs.get(name) ?? []).every((other) => !needs.has(other) || order.includes(other))
    for (const _ of names) order.push(...[...needs.keys()].filter((name) => !order.includes(name) && free(name)))
    expect(order.toSorted()).toEqual([...needs.keys()].toSorted())
  })

  it('are imported by the names they publish, by each other, by examples and by tests', () => {
    const strays = sources.flatMap((file) => {
      const specifiers = importsOf(read(file))
      return [...strayImports(file, specifiers), ...unpublishedImports(specifiers, published)].map((name) => `${file}: ${name}`)
    })
    expect(strays).toEqual([])
  })

  it('have named re-exports only in every index.ts', () => {
    const indexes = sources.filter((path) => path.endsWith('/index.ts'))
    expect(indexes).toContain('packages/core/src/index.ts')
    expect(indexes.filter((path) => otherThanReexports(read(path)) !== '')).toEqual([])
  })
})

describe('an import', () => {
  it('is found however it is written', () => {
    const source = `import a from './a.ts'\nimport "./b.css"\nexport { c } from './c.ts'\nconst d = await import('./d.ts')\nimport {\n  e,\n} from './e.ts'`
    expect(importsOf(source)).toEqual(['./a.ts', './b.css', './c.ts', './d.ts', './e.ts'])
  })

  it('may go through its own package, and not out of it or into another', () => {
    const stray = (file: string, specifier: string): boolean => strayImports(file, [specifier]).length > 0
    expect(stray('packages/core/test/a.test.ts', '../src/reduce.ts')).toBe(false)
    expect(stray('packages/core/test/a.test.ts', '../../react/src/index.ts')).toBe(true)
    expect(stray('e2e/a.spec.ts', './fixtures.ts')).toBe(false)
    expect(stray('e2e/a.spec.ts', '../examples/chat/server/main.ts')).toBe(true)
    expect(stray('examples/chat/vite.config.ts', '../../scripts/browsers.mjs')).toBe(true)
    expect(stray('packages/core/src/a.ts', 'react')).toBe(false)
    expect(stray('packages/react/src/A.stories.tsx', '../../../.storybook/chat.ts')).toBe(false)
    expect(stray('packages/react/src/A.tsx', '../../../.storybook/chat.ts')).toBe(true)
    expect(stray('packages/proxy/test/a.test.ts', '../../../scripts/docs/codeBlocks.mjs')).toBe(false)
    expect(stray('packages/proxy/src/test.ts', '../../../scripts/docs/codeBlocks.mjs')).toBe(true)
  })

  it('of a package is by a name that is published', () => {
    expect(unpublishedImports(['@rejoin/core', '@rejoin/core/src/reduce.ts', 'react'], ['@rejoin/core'])).toEqual(['@rejoin/core/src/reduce.ts'])
  })
})

describe('a manifest', () => {
  const entry = { types: './src/index.ts', default: './src/index.ts' }
  const built = { types: './dist/index.d.ts', default: './dist/index.js' }
  const problems = (manifest: Partial<Manifest>): string[] =>
    manifestProblems({ name: '@rejoin/core', exports: { '.': entry }, publishConfig: { exports: { '.': built } }, ...manifest })

  it('that is right has no problems', () => {
    expect(problems({ dependencies: { jose: '6.2.17', '@rejoin/core': 'workspace:*' } })).toEqual([])
  })

  it('publishes all its entries and no others', () => {
    expect(problems({ exports: { '.': entry, './a': entry } })).toEqual(['"./a" is an entry here, but is not published.'])
    expect(problems({ exports: {} })).toEqual(['"." is published, but is no entry here.'])
  })

  it('publishes what the source is built to, types first', () => {
    const turned = { '.': { default: built.default, types: built.types } }
    expect(problems({ publishConfig: { exports: turned } })).toEqual([`"." has to be published as ${JSON.stringify(built)}.`])
    const sheet = { types: './src/a.css.d.ts', default: './src/a.css' }
    expect(problems({ exports: { '.': sheet }, publishConfig: { exports: { '.': sheet } } })).toHaveLength(1)
    const builtSheet = { types: './dist/a.css.d.ts', default: './dist/a.css' }
    expect(problems({ exports: { '.': sheet }, publishConfig: { exports: { '.': builtSheet } } })).toEqual([])
  })

  it('pins what it depends on', () => {
    expect(problems({ dependencies: { jose: '^6.2.17' } })).toEqual(['jose has to be pinned to one version, and is ^6.2.17.'])
  })
})

describe('what is in a package', () => {
  const files = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'src/a.ts', 'src/b.css', 'dist/b.css']
  const built = ['dist/a.js', 'dist/a.js.map', 'dist/a.d.ts', 'dist/a.d.ts.map']

  it('is all that is built, with its sources', () => {
    expect(contentProblems([...files, ...built])).toEqual([])
    expect(contentProblems(files)).toEqual(built.map((file) => `${file} is missing.`))
    expect(contentProblems([...files, ...built, 'dist/old.js'])).toEqual(['dist/old.js has no source.'])
  })

  it('is a licence, and what it is and has become', () => {
    expect(contentProblems([])).toEqual(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'].map((file) => `${file} is missing.`))
  })

  it('is no story, no test and nothing that only a build needs', () => {
    const useless = ['test/a.test.ts', 'tsconfig.json', '.tsbuildinfo']
    expect(contentProblems([...files, ...built, ...useless])).toEqual(useless.map((file) => `${file} is of no use there.`))
    const within = ['src/a.stories.tsx', 'src/a.test.ts', 'dist/.tsbuildinfo']
    for (const file of within) expect(contentProblems([...files, ...built, file])).toContain(`${file} is of no use there.`)
  })
})

describe('a page in a package', () => {
  it('may link into the package, into itself and to other sites', () => {
    const page = '[a](CHANGELOG.md) [b](./src/a.ts#L1) [c](#part) [d](https://example.com/e) ![f](data:image/png;base64,AA==)'
    expect(linkProblems('README.md', page, ['README.md', 'CHANGELOG.md', 'src/a.ts'])).toEqual([])
  })

  it('may not link to what is not there', () => {
    const page = '[a](../../docs/agents.md)\n\n![b](chat.png)\n\n[c]: src/none.ts'
    expect(linkProblems('README.md', page, ['README.md'])).toEqual([
      expect.stringMatching(/^README\.md:1: \.\.\/\.\.\/docs\/agents\.md /),
      expect.stringMatching(/^README\.md:3: chat\.png /),
      expect.stringMatching(/^README\.md:5: src\/none\.ts /),
    ])
  })
})

describe('an index.ts', () => {
  it('may say what is re-exported under which name', () => {
    expect(otherThanReexports(`// Why.\nexport { a, type B } from './a.ts'\nexport * as Chat from './b.ts'\n`)).toBe('')
  })

  it('may hold nothing else', () => {
    expect(otherThanReexports(`export * from './a.ts'`)).toBe(`export * from './a.ts'`)
    expect(otherThanReexports(`export const a = 1`)).toBe('export const a = 1')
  })
})
