/** A name that a browser or an agent gives something has no more characters than this. */
export const maxIdLength = 200

export function hasOnly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((name) => names.includes(name))
}

/** Lengths in UTF-16 code units. */
export function isTextOf(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max
}

export function isId(value: unknown): value is string {
  return isTextOf(value, 1, maxIdLength)
}
