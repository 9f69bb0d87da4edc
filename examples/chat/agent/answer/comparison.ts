import { change, money, percent, signedMoney } from './amount.ts'
import type { Line, SalesFigures } from '../sales/figures.ts'
import { monthName } from '../month.ts'

/** The month before, as a sentence names it. */
export function previousName({ month, previousMonth }: SalesFigures): string {
  return monthName(previousMonth, month)
}

/** The same month a year earlier, as a sentence names it. */
export function yearAgoName({ yearAgoMonth }: SalesFigures): string {
  return monthName(yearAgoMonth)
}

/** `, up 3.2% on September (€399,532) and down 1.0% on October 2025 (€416,000)`, as far as the file knows. */
export function compared({ now, before, yearAgo }: Line, figures: SalesFigures): string {
  const parts = [
    before && moved(now.revenue, before.revenue, previousName(figures)),
    yearAgo && moved(now.revenue, yearAgo.revenue, yearAgoName(figures)),
  ]
  const known = parts.filter((part) => part !== null)
  return known.length === 0 ? '' : `, ${known.join(' and ')}`
}

/** `up 3.2% on September (€399,532)`. */
export function moved(now: number, before: number, name: string): string {
  const ratio = change(now, before)
  if (ratio === null) return before === 0 ? `after nothing in ${name}` : `after ${money(before)} in ${name}`
  if (percent(ratio) === '0.0%') return `level with ${name} (${money(before)})`
  return `${ratio > 0 ? 'up' : 'down'} ${percent(ratio)} on ${name} (${money(before)})`
}

/** The change on the month before as a ratio; null where there is nothing to compare with. */
export function monthChange({ now, before }: Line): number | null {
  return change(now.revenue, before && before.revenue)
}

/** The change on the same month a year earlier as a ratio; null where there is nothing to compare with. */
export function yearChange({ now, yearAgo }: Line): number | null {
  return change(now.revenue, yearAgo && yearAgo.revenue)
}

/** The change on the month before in cents; null where the file does not hold that month. */
export function monthDifference({ now, before }: Line): number | null {
  return before && now.revenue - before.revenue
}

/** The lines that gained and lost most on the month before; null where none did. */
export function movers<L extends Line>(lines: readonly L[]): { gain: L | null; loss: L | null } {
  const sorted = lines.toSorted((a, b) => (monthDifference(b) ?? 0) - (monthDifference(a) ?? 0))
  const [gain] = sorted
  const loss = sorted.at(-1)
  return {
    gain: gain && (monthDifference(gain) ?? 0) > 0 ? gain : null,
    loss: loss && (monthDifference(loss) ?? 0) < 0 ? loss : null,
  }
}

/** The change on the month before as an amount with its sign. */
export function difference(line: Line): string {
  return signedMoney(monthDifference(line) ?? 0)
}
