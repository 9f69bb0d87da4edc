const comment = /\/\*[\s\S]*?\*\/|\/\/.*/g
const named = /export (?:type )?(?:\{[^{}]*\}|\* as \w+) from '[^']+';?/g

/**
 * What an `index.ts` holds besides named re-exports and comments; '' where that is all.
 *
 * @param {string} source
 */
export function otherThanReexports(source) {
  return source.replace(comment, '').replace(named, '').trim()
}
