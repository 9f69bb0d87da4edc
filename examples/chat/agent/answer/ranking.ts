import { monthName } from '../month.ts'
import { type Dimension, type Line, salesFigures } from '../sales/figures.ts'
import { money, percent } from './amount.ts'
import type { AnswerSource } from './answerSource.ts'
import { difference, movers, previousName } from './comparison.ts'
import { lineTable } from './lineTable.ts'
import { escaped, paragraph } from './markdown.ts'

/** The answer to which region, product or channel did best, in the order it is written. */
export function rankingSections(by: Dimension, { sales, catalog, month }: AnswerSource): string[] {
  const figures = salesFigures(sales, month, catalog.months)
  const { regions, products, channels } = figures
  const lines = { region: regions, product: products, channel: channels }[by]
  const [most] = lines
  const least = lines.at(-1)
  const { gain, loss } = movers(lines)
  const size = ({ now, share }: Line): string => `${money(now.revenue)} (${percent(share)})`
  return [
    `## Sales by ${by}, ${monthName(month)}\n\n`,
    paragraph(lineTable(by.charAt(0).toUpperCase() + by.slice(1), lines, figures)),
    paragraph(
      most && `${escaped(most.name)} brought in most, ${size(most)}.`,
      least && least !== most && `${escaped(least.name)} brought in least, ${size(least)}.`,
      gain && `${escaped(gain.name)} gained most on ${previousName(figures)} (${difference(gain)}).`,
      loss && `${escaped(loss.name)} lost most on ${previousName(figures)} (${difference(loss)}).`,
    ),
  ]
}
