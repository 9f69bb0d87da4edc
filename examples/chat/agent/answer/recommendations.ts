import { change, countOf, money, percent, signedPercent } from './amount.ts'
import { monthChange, monthDifference, moved, movers, previousName, yearAgoName, yearChange } from './comparison.ts'
import { type Line, type Market, refundRate, type SalesFigures } from '../sales/figures.ts'
import { escaped, listed } from './markdown.ts'
import { addMonths, monthName } from '../month.ts'

/** What the figures call for, the most urgent first; at most five, each one Markdown text. */
export function recommendations(figures: SalesFigures): string[] {
  return [recover, supply, turnAround, rethink, refunds, shift, plan]
    .map((rule) => rule(figures))
    .filter((text) => text !== null)
    .slice(0, 5)
}

type Rule = (figures: SalesFigures) => string | null

/** A market counts as moved from here: a fifth of itself and a hundredth of all revenue. */
const notable = ({ total }: SalesFigures, market: Market): boolean =>
  Math.abs(monthChange(market) ?? 0) >= 0.2 && Math.abs(monthDifference(market) ?? 0) >= total.now.revenue / 100

const recover: Rule = (figures) => {
  const { loss } = movers(figures.markets.filter((market) => notable(figures, market)))
  if (!loss?.before) return null
  const elsewhere = changeElsewhere(figures, loss)
  const change = moved(loss.now.revenue, loss.before.revenue, previousName(figures))
  const worth = money(loss.before.revenue - loss.now.revenue)
  return advice(
    `Find out what held back ${escaped(loss.product)} in ${escaped(loss.region)}.`,
    `Revenue there was ${money(loss.now.revenue)}, ${change}.`,
    elsewhere !== null && localOrNot(elsewhere, monthChange(loss) ?? 0),
    `Ask the region about stock, delivery times and lost orders first:`,
    `getting back to where it was is worth ${worth} a month.`,
  )
}

const supply: Rule = (figures) => {
  const { gain } = movers(figures.markets.filter((market) => notable(figures, market)))
  if (!gain?.before) return null
  const { loss } = movers(figures.markets.filter((market) => market.product === gain.product))
  const change = moved(gain.now.revenue, gain.before.revenue, previousName(figures))
  return advice(
    `Keep ${escaped(gain.product)} in stock in ${escaped(gain.region)}.`,
    `Revenue rose to ${money(gain.now.revenue)}, ${change};`,
    `check that the supply for the coming weeks is ordered at the new level.`,
    loss && `See what worked there and try it in ${escaped(loss.region)}, where the same product lost most.`,
  )
}

const turnAround: Rule = (figures) => {
  const weak = figures.regions.filter((line) => isDown(monthChange(line)) && isDown(yearChange(line)))
  const [worst] = weak.toSorted((a, b) => (yearChange(a) ?? 0) - (yearChange(b) ?? 0))
  if (worst === undefined || figures.regions.length < 2) return null
  const reasons = figures.markets
    .filter((market) => market.region === worst.name && lostInYear(market) > 0)
    .toSorted((a, b) => lostInYear(b) - lostInYear(a))
    .slice(0, 2)
    .map((market) => `${escaped(market.product)} (${signedPercent(yearChange(market))})`)
  const month = `${previousName(figures)} (${signedPercent(monthChange(worst))})`
  const year = `${yearAgoName(figures)} (${signedPercent(yearChange(worst))})`
  return advice(
    `Agree on a plan with ${escaped(worst.name)}.`,
    `It is ${weak.length === 1 ? 'the only region' : `one of ${weak.length} regions`} below both ${month} and ${year}.`,
    reasons.length > 0 && `Against last year it lost most with ${listed(reasons)}: start there.`,
  )
}

const rethink: Rule = (figures) => {
  const [worst] = figures.products.toSorted((a, b) => (yearChange(a) ?? 0) - (yearChange(b) ?? 0))
  const partner = figures.products.find(({ name }) => name !== worst?.name)
  const fall = worst ? yearChange(worst) : null
  if (worst === undefined || partner === undefined || fall === null || fall > -0.08) return null
  const own = figures.markets.filter(({ product }) => product === worst.name)
  const falling = own.filter((market) => lostInYear(market) > 0).length
  const spread = own.length > 1 ? `, in ${falling} of ${own.length} regions` : ''
  return advice(
    `Decide what to do with ${escaped(worst.name)}.`,
    `Its revenue is ${percent(fall)} below ${yearAgoName(figures)}${spread}.`,
    `Try a bundle with ${escaped(partner.name)}, the best seller beside it, for a quarter;`,
    `if that does not turn it, run the stock down rather than reorder.`,
  )
}

const refunds: Rule = (figures) => {
  const usual = refundRate(figures.total.now)
  const [worst] = figures.products
    .filter(({ now }) => now.refunds >= 2 && refundRate(now) >= 2 * usual)
    .toSorted((a, b) => b.now.refunded - a.now.refunded)
  if (worst === undefined || figures.products.length < 2) return null
  const { now } = worst
  const rate = `${percent(refundRate(now))} of what was ordered, against ${percent(usual)} for all products`
  return advice(
    `Look into the refunds of ${escaped(worst.name)}.`,
    `${countOf(now.refunds, 'refund')} took back ${money(now.refunded)}, ${rate}.`,
    `Read the reasons given before the next delivery goes out.`,
  )
}

const shift: Rule = (figures) => {
  const { yearAgo } = figures.total
  if (yearAgo === null || yearAgo.revenue <= 0) return null
  const shareBefore = (line: Line): number => (line.yearAgo?.revenue ?? 0) / yearAgo.revenue
  const [most] = figures.channels.toSorted((a, b) => b.share - shareBefore(b) - (a.share - shareBefore(a)))
  if (most === undefined || most.share - shareBefore(most) < 0.02) return null
  const earlier = `${percent(shareBefore(most))} in ${yearAgoName(figures)}`
  return advice(
    `Plan for ${escaped(most.name)} as the growing channel.`,
    `It brought in ${percent(most.share)} of revenue, after ${earlier}.`,
    `Move budget with the customers, and watch whether the other channels lose orders or only share.`,
  )
}

/** What the next month would be if it followed last year's step. */
const plan: Rule = (figures) => {
  const { month, yearAgoMonth, total } = figures
  const next = figures.recent.find((each) => each.month === addMonths(yearAgoMonth, 1))
  const step = next === undefined || total.yearAgo === null ? null : change(next.revenue, total.yearAgo.revenue)
  if (step === null) return null
  const same = money(Math.round(total.now.revenue * (1 + step)))
  return advice(
    `Set the ${monthName(addMonths(month, 1), month)} target from last year’s pattern.`,
    `After ${yearAgoName(figures)} revenue ${step < 0 ? 'fell' : 'rose'} by ${percent(step)};`,
    `the same step from here would be about ${same}. That is the pattern of one year, not a forecast.`,
  )
}

function advice(title: string, ...sentences: readonly (string | false | null)[]): string {
  return [`**${title}**`, ...sentences].filter((sentence) => typeof sentence === 'string').join(' ')
}

function changeElsewhere({ markets }: SalesFigures, { product, region }: Market): number | null {
  const others = markets.filter((market) => market.product === product && market.region !== region)
  const sum = (pick: (market: Market) => number): number => others.reduce((all, market) => all + pick(market), 0)
  return change(
    sum(({ now }) => now.revenue),
    sum(({ before }) => before?.revenue ?? 0),
  )
}

function localOrNot(elsewhere: number, here: number): string {
  if (elsewhere >= 0) return `Elsewhere the product grew by ${percent(elsewhere)}, so the cause is local.`
  return elsewhere > here / 3
    ? `Elsewhere the product fell by only ${percent(elsewhere)}, so most of the cause is local.`
    : `Elsewhere it fell too, by ${percent(elsewhere)}, so look at the product as much as at the region.`
}

function lostInYear({ now, yearAgo }: Line): number {
  return yearAgo === null ? 0 : yearAgo.revenue - now.revenue
}

function isDown(ratio: number | null): boolean {
  return ratio !== null && ratio < 0
}
