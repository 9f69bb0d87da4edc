// U+2212: a hyphen reads as a dash and may wrap away from its number.
const minus = '−'

/** A whole number with thousands separators. */
export function count(value: number): string {
  return `${value < 0 ? minus : ''}${grouped(Math.abs(value))}`
}

/** `count` with its noun, in the plural where it needs one. */
export function countOf(value: number, noun: string): string {
  return `${count(value)} ${noun}${Math.abs(value) === 1 ? '' : 's'}`
}

/** An amount in cents as whole euros. */
export function money(cents: number): string {
  return `${cents < 0 && euros(cents) > 0 ? minus : ''}€${grouped(euros(cents))}`
}

/** The difference between two amounts in cents, as whole euros with its sign. */
export function signedMoney(cents: number): string {
  return `${cents > 0 && euros(cents) > 0 ? '+' : ''}${money(cents)}`
}

/** The size of a ratio in percent with one decimal, without its sign. */
export function percent(ratio: number): string {
  const tenths = tenthsOfPercent(ratio)
  return `${grouped(Math.floor(tenths / 10))}.${tenths % 10}%`
}

/** A ratio in percent with its sign, or a dash where there is nothing to compare with. */
export function signedPercent(ratio: number | null): string {
  if (ratio === null) return '–'
  const sign = tenthsOfPercent(ratio) === 0 ? '' : ratio > 0 ? '+' : minus
  return `${sign}${percent(ratio)}`
}

/** How far `now` is from `before`, as a ratio; null where a ratio would mean nothing. */
export function change(now: number, before: number | null): number | null {
  return before === null || before <= 0 ? null : (now - before) / before
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

function euros(cents: number): number {
  return Math.round(Math.abs(cents) / 100)
}

function tenthsOfPercent(ratio: number): number {
  return Math.round(Math.abs(ratio) * 1000)
}
