import { type Line, refundRate, type SalesFigures } from '../sales/figures.ts'
import { countOf, money, percent, signedPercent } from './amount.ts'
import { difference, monthChange, movers, previousName, yearAgoName, yearChange } from './comparison.ts'
import { escaped, listed } from './markdown.ts'

/** The month's extremes, a line each. */
export function keyHighlights(figures: SalesFigures): string {
  const { gain, loss } = movers(figures.markets)
  const items = [
    ...(figures.regions.length > 1 ? regionItems(figures) : []),
    ...(figures.products.length > 1 ? productItems(figures) : []),
    gain && `**Biggest gain:** ${step(gain)}`,
    loss && `**Biggest loss:** ${step(loss)}`,
    figures.channels.length > 1 && `**Channels:** ${channels(figures)}`,
    `**Refunds:** ${refunds(figures)}`,
  ].filter((item) => typeof item === 'string')
  return `## Key highlights\n\n${items.map((item) => `- ${item}\n`).join('')}\n`
}

function regionItems(figures: SalesFigures): string[] {
  const [largest] = figures.regions
  const byGrowth = figures.regions
    .filter((line) => monthChange(line) !== null)
    .toSorted((a, b) => (monthChange(b) ?? 0) - (monthChange(a) ?? 0))
  const [fastest] = byGrowth
  const slowest = byGrowth.at(-1)
  const growth = (line: Line): string => {
    const ofYear = yearChange(line)
    const year = ofYear === null ? '' : ` and ${signedPercent(ofYear)} on ${yearAgoName(figures)}`
    return `${escaped(line.name)}, ${signedPercent(monthChange(line))} on ${previousName(figures)}${year}.`
  }
  return [
    largest && `**Largest region:** ${size(largest)}`,
    fastest && `**Fastest region:** ${growth(fastest)}`,
    slowest && slowest !== fastest && `**Slowest region:** ${growth(slowest)}`,
  ].filter((item) => typeof item === 'string')
}

function productItems({ products }: SalesFigures): string[] {
  const [best] = products
  const top = products.slice(0, 3)
  const share = top.reduce((sum, line) => sum + line.share, 0)
  const names = listed(top.map(({ name }) => escaped(name)))
  return [
    ...(best ? [`**Best seller:** ${size(best)}`] : []),
    ...(products.length > 3 ? [`**Concentration:** ${names} together make ${percent(share)} of revenue.`] : []),
  ]
}

function size({ name, now, share }: Line): string {
  return `${escaped(name)} with ${money(now.revenue)}, ${percent(share)} of revenue.`
}

function step(line: Line): string {
  const change = `from ${money(line.before?.revenue ?? 0)} to ${money(line.now.revenue)}`
  return `${escaped(line.name)}, ${change} (${difference(line)}).`
}

function channels(figures: SalesFigures): string {
  const { yearAgo } = figures.total
  const shares = figures.channels.map(({ name, share, yearAgo: own }) => {
    const earlier = own && yearAgo && yearAgo.revenue > 0 ? ` (${percent(own.revenue / yearAgo.revenue)})` : ''
    return `${escaped(name)} ${percent(share)}${earlier}`
  })
  return `${listed(shares)}${yearAgo ? `; in brackets the share in ${yearAgoName(figures)}` : ''}.`
}

function refunds(figures: SalesFigures): string {
  const { now, before } = figures.total
  const rateBefore = before && (before.refunds === 0 ? 'none' : percent(refundRate(before)))
  const earlier = rateBefore === null ? '' : `, after ${rateBefore} in ${previousName(figures)}`
  if (now.refunds === 0) return `none${earlier}.`
  const rate = `${percent(refundRate(now))} of what was ordered`
  return `${countOf(now.refunds, 'refund')} for ${money(now.refunded)}, ${rate}${earlier}.`
}
