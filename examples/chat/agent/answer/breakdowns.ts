import { type Line, type Market, refundRate, type SalesFigures } from '../sales/figures.ts'
import { money, percent } from './amount.ts'
import { compared, difference, monthChange, movers, previousName, yearAgoName, yearChange } from './comparison.ts'
import { lineTable } from './lineTable.ts'
import { escaped, listed, section } from './markdown.ts'

/** All regions in a table, and a paragraph for each. */
export function regionalBreakdown(figures: SalesFigures): string {
  const { regions } = figures
  const role = (index: number): string => {
    if (index === 0) return 'is the largest region with'
    return index === regions.length - 1 ? 'is the smallest region with' : 'brought in'
  }
  return section(
    'Regional breakdown',
    [lineTable('Region', regions, figures)],
    ...regions.map((region, index) => [
      `**${escaped(region.name)}** ${role(index)} ${money(region.now.revenue)}${compared(region, figures)}.`,
      ...regionSentences(region, figures),
    ]),
  )
}

/** All products in a table, and which of them rise or fall whatever they are compared with. */
export function productPerformance(figures: SalesFigures): string {
  const { products } = figures
  const moving = (direction: 1 | -1): string =>
    listed(
      products
        .filter((line) => (monthChange(line) ?? 0) * direction > 0 && (yearChange(line) ?? 0) * direction > 0)
        .map(({ name }) => escaped(name)),
    )
  const both = `both ${previousName(figures)} and ${yearAgoName(figures)}`
  const rising = moving(1)
  const falling = moving(-1)
  return section(
    'Product performance',
    [lineTable('Product', products, figures)],
    [rising && `Above ${both}: ${rising}.`, falling && `Below ${both}: ${falling}.`],
  )
}

function regionSentences(region: Line, figures: SalesFigures): string[] {
  const own = figures.markets.filter((market) => market.region === region.name)
  const [best] = own
  const { gain, loss } = movers(own)
  const since = ` on ${previousName(figures)}`
  const changes = [
    gain && `${escaped(gain.product)} gained most${since} (${difference(gain)})`,
    loss && `${escaped(loss.product)} lost most${gain ? '' : since} (${difference(loss)})`,
  ].filter((change) => change !== null)
  const rate = refundRate(region.now)
  const usual = refundRate(figures.total.now)
  const isUnusual = region.now.refunds > 1 && rate > 1.5 * usual
  return [
    best ? bestSeller(best, figures) : '',
    changes.length > 0 ? `${changes.join('; ')}.` : '',
    isUnusual ? `Refunds took back ${percent(rate)} of what was ordered, against ${percent(usual)} overall.` : '',
  ]
}

function bestSeller({ product, now }: Market, { products }: SalesFigures): string {
  const [overall] = products
  if (overall === undefined || products.length < 2) return ''
  return overall.name === product
    ? `${escaped(product)} leads there too, with ${money(now.revenue)}.`
    : `Its best seller is ${escaped(product)} with ${money(now.revenue)}, not ${escaped(overall.name)}.`
}
