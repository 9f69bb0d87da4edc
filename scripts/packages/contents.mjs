/**
 * What is wrong with the files of a packed package: all that is built, each with the source that its map names, and
 * what every package has; nothing else.
 *
 * @param {readonly string[]} files from the root of the package, with slashes
 * @returns {string[]}
 */
export function contentProblems(files) {
  const missing = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'].filter((name) => !files.includes(name))
  const sources = files.filter((file) => file.startsWith('src/'))
  const built = new Set(sources.flatMap(builtOf))
  return [
    ...missing.map((file) => `${file} is missing.`),
    ...[...built].filter((file) => !files.includes(file)).map((file) => `${file} is missing.`),
    ...files.filter((file) => file.startsWith('dist/') && !built.has(file)).map((file) => `${file} has no source.`),
    ...files.filter((file) => !known.test(file)).map((file) => `${file} is of no use there.`),
  ]
}

const known = /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|(?:dist|src)\/(?!.*\.(?:stories|test|test-d)\.)[^.].*)$/

/** @param {string} source */
function builtOf(source) {
  const built = source.replace(/^src\//, 'dist/')
  const module = built.replace(/(?<!\.d)\.tsx?$/, '')
  return module === built ? [built] : [`${module}.js`, `${module}.js.map`, `${module}.d.ts`, `${module}.d.ts.map`]
}
