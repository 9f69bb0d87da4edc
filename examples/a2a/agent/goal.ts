/** What somebody trains for. */
export interface Goal {
  /** How far, in kilometres: from 2 to 42. */
  readonly km: number
  /** From 4 to 16. */
  readonly weeks: number
}

/**
 * `10 km in 8 weeks`; where no weeks are said, in eight. `null` where nobody can tell how far.
 * @param said by the person, one after the other
 */
export function goalIn(said: readonly string[]): Goal | null {
  const text = said.join('\n')
  // Who is asked how far may answer with a number alone.
  const km = numberBefore('km|kilomet', text) ?? numberAlone(said.at(-1) ?? '')
  return km === null ? null : { km: within(2, 42, km), weeks: within(4, 16, numberBefore('week', text) ?? 8) }
}

function numberAlone(text: string): number | null {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : null
}

function numberBefore(unit: string, text: string): number | null {
  const [, number] = new RegExp(`(\\d+)[\\s-]*(?:${unit})`, 'i').exec(text) ?? []
  return number === undefined ? null : Number(number)
}

function within(least: number, most: number, value: number): number {
  return Math.min(most, Math.max(least, value))
}
