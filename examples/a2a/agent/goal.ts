/** What somebody trains for. */
export interface Goal {
  /** How far, in kilometres: from 2 to 42. */
  readonly km: number
  /** From 4 to 16. */
  readonly weeks: number
}

/** `10 km in 8 weeks`, and where one is not said, as in this example. */
export function goalIn(text: string): Goal {
  return { km: within(2, 42, numberBefore('km|kilomet', text) ?? 10), weeks: within(4, 16, numberBefore('week', text) ?? 8) }
}

function numberBefore(unit: string, text: string): number | null {
  const [, number] = new RegExp(`(\\d+)[\\s-]*(?:${unit})`, 'i').exec(text) ?? []
  return number === undefined ? null : Number(number)
}

function within(least: number, most: number, value: number): number {
  return Math.min(most, Math.max(least, value))
}
