import { posix } from 'node:path'

/**
 * The modules that a source names: what it imports, re-exports and imports later. Found by their form, so one in a
 * comment counts too.
 *
 * @param {string} source
 * @returns {string[]}
 */
export function importsOf(source) {
  const named = source.matchAll(/\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g)
  return Array.from(named, ([, , specifier]) => specifier ?? '')
}

/**
 * The imports of a file that leave the package or the example it belongs to, or go into one from outside. Stories and
 * tests of packages are not published: they may take what is in no package.
 *
 * @param {string} file from the root of the repository, with slashes
 * @param {readonly string[]} specifiers
 * @returns {string[]}
 */
export function strayImports(file, specifiers) {
  const home = homeOf(file)
  return specifiers.filter((specifier) => {
    if (!specifier.startsWith('.')) return false
    const target = posix.join(posix.dirname(file), specifier)
    const shared = unpublished.test(file) && homeOf(target) === ''
    return homeOf(target) !== home && !shared
  })
}

/**
 * The imports of our own packages by a name that they do not publish.
 *
 * @param {readonly string[]} specifiers
 * @param {readonly string[]} published such as `@rejoin/proxy/openai`
 * @returns {string[]}
 */
export function unpublishedImports(specifiers, published) {
  return specifiers.filter((specifier) => specifier.startsWith('@rejoin/') && !published.includes(specifier))
}

const unpublished = /^packages\/[^/]+\/(?:test\/|src\/.*\.stories\.tsx$)/

/** @param {string} path */
function homeOf(path) {
  return /^(?:packages|examples)\/[^/]+/.exec(path)?.[0] ?? ''
}
