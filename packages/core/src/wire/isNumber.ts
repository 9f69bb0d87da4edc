/** JSON has no infinity, but `1e999` is read as one: it would be a wait without an end. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
