/**
 * A position in a run: `epoch.n` in fixed width (`0000.0000000042`), so that cursors compare as
 * strings and a continuation token keeps its length. `n` grows with every update of an epoch, gaps
 * allowed; a snapshot opens the next epoch.
 */
export type Cursor = string

const epochDigits = 4
const numberDigits = 10

/** Every cursor has this many characters: 15. */
export const cursorLength: number = epochDigits + 1 + numberDigits

/** Before the first update of a run. */
export const startCursor: Cursor = cursorOf(0, 0)

/** The cursor with these numbers: an epoch below 10,000, `n` below 10,000,000,000. */
export function cursorOf(epoch: number, n: number): Cursor {
  return `${String(epoch).padStart(epochDigits, '0')}.${String(n).padStart(numberDigits, '0')}`
}

const form = new RegExp(`^\\d{${epochDigits}}\\.\\d{${numberDigits}}$`)

/** Whether a value has the form of a cursor. */
export function isCursor(value: unknown): value is Cursor {
  return typeof value === 'string' && form.test(value)
}

/** The numbers in a cursor; `NaN` for what is none. */
export function parseCursor(cursor: Cursor): { epoch: number; n: number } {
  return { epoch: Number(cursor.slice(0, epochDigits)), n: Number(cursor.slice(epochDigits + 1)) }
}
