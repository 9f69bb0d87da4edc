import type { Line, SalesFigures } from '../sales/figures.ts'
import { count, money, percent, signedPercent } from './amount.ts'
import { monthChange, previousName, yearAgoName, yearChange } from './comparison.ts'
import { escaped, table } from './markdown.ts'

/** The table of a report or an answer: a row for each line, and their total. */
export function lineTable(name: string, lines: readonly Line[], figures: SalesFigures): string {
  const row = (line: Line, label: string): string[] => [
    label,
    money(line.now.revenue),
    percent(line.share),
    signedPercent(monthChange(line)),
    signedPercent(yearChange(line)),
    count(line.now.units),
  ]
  const header = [name, 'Revenue', 'Share', `vs ${previousName(figures)}`, `vs ${yearAgoName(figures)}`, 'Units']
  return table(header, [...lines.map((line) => row(line, escaped(line.name))), row(figures.total, '**Total**')])
}
