/** The middle one; of an even number, the mean of the two in the middle. NaN of none. */
export function median(measures: readonly number[]): number {
  const sorted = measures.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2
}

/** The longest. NaN of none. */
export function worst(measures: readonly number[]): number {
  return measures.length === 0 ? Number.NaN : Math.max(...measures)
}
