import { monthIndex, monthName, yearOf } from '../month.ts'
import { type Scope, scopeName, within } from '../question/scope.ts'
import { averageOrder, refundRate, type SalesFigures, salesFigures } from '../sales/figures.ts'
import { countOf, money, percent, signedPercent } from './amount.ts'
import type { AnswerSource } from './answerSource.ts'
import { compared, difference, monthChange, moved, movers, previousName } from './comparison.ts'
import { lineTable } from './lineTable.ts'
import { escaped, paragraph } from './markdown.ts'

/** The answer about a region, a product, a channel or a product in a region, in the order it is written. */
export function detailSections(scope: Scope, { sales, catalog, month }: AnswerSource): string[] {
  const all = salesFigures(sales, month, catalog.months)
  const figures = salesFigures(within(sales, scope), month, catalog.months)
  const { now, before } = figures.total
  const name = escaped(scopeName(scope))
  const heading = `## ${name}, ${monthName(month)}\n\n`
  if (now.orders + now.refunds === 0) {
    const earlier = before && `In ${previousName(figures)} it was ${money(before.revenue)}.`
    return [heading, paragraph(`${name} had no sales in ${monthName(month)}.`, earlier)]
  }
  return [
    heading,
    paragraph(
      `${name} brought in **${money(now.revenue)}** in ${monthName(month)}${compared(figures.total, figures)}.`,
      all.total.now.revenue > 0 && `That is ${percent(now.revenue / all.total.now.revenue)} of all revenue.`,
      against(figures, all),
    ),
    paragraph(orders(figures), refunds(figures), yearToDate(figures)),
    ...breakdown(figures),
    paragraph(recently(figures)),
  ].filter((section) => section !== '')
}

/** Whether it did better or worse than everything together. */
function against(figures: SalesFigures, all: SalesFigures): string {
  const own = monthChange(figures.total)
  const usual = monthChange(all.total)
  if (own === null || usual === null || signedPercent(own) === signedPercent(usual)) return ''
  const how = own > usual ? 'better' : 'worse'
  return `Against ${previousName(figures)} it did ${how} than all sales together (${signedPercent(usual)}).`
}

function orders({ total: { now } }: SalesFigures): string {
  const average = `${money(averageOrder(now))} an order on average`
  return `It came from ${countOf(now.orders, 'order')} for ${countOf(now.units, 'unit')}, ${average}.`
}

function refunds({ total: { now } }: SalesFigures): string {
  if (now.refunds === 0) return 'There were no refunds.'
  const rate = `${percent(refundRate(now))} of what was ordered`
  return `${countOf(now.refunds, 'refund')} took back ${money(now.refunded)}, ${rate}.`
}

function yearToDate({ month, yearToDate: { now, before, complete } }: SalesFigures): string {
  if (!complete || monthIndex(month) === 0) return ''
  const earlier = before === null ? '' : `, ${moved(now, before, `the same months of ${yearOf(month) - 1}`)}`
  return `The year so far adds up to ${money(now)}${earlier}.`
}

/** The first of products, regions and channels that it consists of several of. */
function breakdown(figures: SalesFigures): string[] {
  const found = [
    { name: 'Product', lines: figures.products },
    { name: 'Region', lines: figures.regions },
    { name: 'Channel', lines: figures.channels },
  ].find(({ lines }) => lines.length > 1)
  if (found === undefined) return []
  const { gain, loss } = movers(found.lines)
  const since = previousName(figures)
  return [
    paragraph(lineTable(found.name, found.lines, figures)),
    paragraph(
      gain && `${escaped(gain.name)} gained most on ${since} (${difference(gain)}).`,
      loss && `${escaped(loss.name)} lost most on ${since} (${difference(loss)}).`,
    ),
  ]
}

function recently({ recent, month }: SalesFigures): string {
  const months = recent.slice(-6).map((each) => `${monthName(each.month, month)} ${money(each.revenue)}`)
  return months.length > 2 ? `Month by month: ${months.join(' · ')}.` : ''
}
