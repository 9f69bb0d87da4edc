/** Of nothing. */
export const emptyPrint = 0x811c9dc5

/**
 * The fingerprint of what had the fingerprint `print`, and more text behind it (FNV-1a, 32 bits). It tells by accident alone that
 * two texts are one: who writes them on purpose deceives nobody but their own reader.
 */
export function printedOn(print: number, text: string): number {
  let hash = print
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}
