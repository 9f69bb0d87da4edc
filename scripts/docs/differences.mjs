import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The files that are not the same in two folders, or not in both.
 * @param {string} one
 * @param {string} other
 * @returns {string[]}
 */
export function differences(one, other) {
  const names = new Set([one, other].flatMap((directory) => globSync('**/*.md', { cwd: directory })))
  return [...names].toSorted().filter((name) => contentOf(join(one, name)) !== contentOf(join(other, name)))
}

function contentOf(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
