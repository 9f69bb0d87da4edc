/**
 * The text of a file with one mutation in it.
 * @param {string} source
 * @param {Pick<import('./mutations.mjs').Mutation, 'from' | 'to' | 'file' | 'what'>} mutation
 * @throws where it no longer says what to break
 */
export function apply(source, { from, to, file, what }) {
  const parts = from === '' ? [] : source.split(from)
  if (parts.length !== 2) throw new Error(`"${what}" no longer fits ${file}: ${JSON.stringify(from)} stands there ${Math.max(0, parts.length - 1)} times, not once.`)
  return parts.join(to)
}
