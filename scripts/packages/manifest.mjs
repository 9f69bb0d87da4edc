/**
 * @typedef {{ types: string, default: string }} Target
 * @typedef {{
 *   name: string
 *   exports: Record<string, Target>
 *   publishConfig: { exports: Record<string, Target> }
 *   dependencies?: Record<string, string>
 * }} Manifest
 */

/**
 * What is wrong with what a package says it exports and needs. Here its entries are sources, and where it is
 * published they are what is built of them: the same entries, each at the place its source is built to.
 *
 * @param {Manifest} manifest
 * @returns {string[]}
 */
export function manifestProblems({ exports, publishConfig, dependencies = {} }) {
  const published = publishConfig.exports
  const problems = []
  for (const entry of new Set([...Object.keys(exports), ...Object.keys(published)])) {
    const here = exports[entry]
    const target = published[entry]
    if (here === undefined) problems.push(`"${entry}" is published, but is no entry here.`)
    else if (target === undefined) problems.push(`"${entry}" is an entry here, but is not published.`)
    else if (JSON.stringify(target) !== JSON.stringify(builtOf(here))) {
      problems.push(`"${entry}" has to be published as ${JSON.stringify(builtOf(here))}.`)
    }
  }
  for (const [name, version] of Object.entries(dependencies)) {
    const pinned = name.startsWith('@rejoin/') ? version === 'workspace:*' : /^\d+\.\d+\.\d+$/.test(version)
    if (!pinned) problems.push(`${name} has to be pinned to one version, and is ${version}.`)
  }
  return problems
}

/**
 * Types first: the first condition that fits is taken.
 *
 * @param {Target} source
 * @returns {Target}
 */
function builtOf({ types, default: code }) {
  return { types: placeOf(types).replace(source, '.d.ts'), default: placeOf(code).replace(source, '.js') }
}

const source = /(?<!\.d)\.tsx?$/

/** @param {string} path */
function placeOf(path) {
  return path.replace('./src/', './dist/')
}
