import { monthName } from '../month.ts'
import { type Scope, scopeName, within } from '../question/scope.ts'
import { salesFigures } from '../sales/figures.ts'
import { money, signedPercent } from './amount.ts'
import type { AnswerSource } from './answerSource.ts'
import { monthChange, previousName, yearAgoName, yearChange } from './comparison.ts'
import { lineTable } from './lineTable.ts'
import { escaped, listed, paragraph } from './markdown.ts'

/** The answer about several regions, products or channels side by side, in the order it is written. */
export function versusSections(
  parts: readonly Scope[],
  whole: Scope,
  { sales, catalog, month }: AnswerSource,
): string[] {
  const figures = salesFigures(within(sales, whole), month, catalog.months)
  const revenue = figures.total.now.revenue
  const lines = parts
    .map((part) => {
      const { total } = salesFigures(within(sales, part), month, catalog.months)
      return { ...total, name: scopeName(part), share: revenue > 0 ? total.now.revenue / revenue : 0 }
    })
    .toSorted((a, b) => b.now.revenue - a.now.revenue)
  const [first, second] = lines
  const [best] = lines
    .filter((line) => monthChange(line) !== null)
    .toSorted((a, b) => (monthChange(b) ?? 0) - (monthChange(a) ?? 0))
  const ahead = first && second ? first.now.revenue - second.now.revenue : 0
  const bestOfYear = best && yearChange(best)
  return [
    `## ${escaped(listed(lines.map(({ name }) => name)))}, ${monthName(month)}\n\n`,
    paragraph(lineTable('Compared', lines, figures)),
    paragraph(
      first && second && `${escaped(first.name)} brought in ${money(ahead)} more than ${escaped(second.name)}.`,
      best && `${escaped(best.name)} did best against ${previousName(figures)} (${signedPercent(monthChange(best))}).`,
      typeof bestOfYear === 'number' && `Against ${yearAgoName(figures)} it is at ${signedPercent(bestOfYear)}.`,
    ),
  ]
}
