import { monthIndex, monthName, yearOf } from '../month.ts'
import { averageOrder, type SalesFigures } from '../sales/figures.ts'
import { change, count, countOf, money, percent } from './amount.ts'
import { compared, difference, moved, movers, previousName } from './comparison.ts'
import { escaped, section } from './markdown.ts'

/** The month in three paragraphs: what it came to, what it is made of, and what moved it. */
export function executiveSummary(figures: SalesFigures): string {
  const { total, month } = figures
  const earlier = compared(total, figures) || '; the file holds no earlier month to compare with'
  const revenue = `Revenue in ${monthName(month)} came to **${money(total.now.revenue)}**${earlier}.`
  return section(
    'Executive summary',
    [revenue, standing(figures)],
    [orders(figures), volume(figures)],
    [drivers(figures), yearToDate(figures)],
  )
}

// A month has a rank of at least one, among at least three: the first names are never asked for.
const numbers = ['', '', '', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']
const ordinals = [
  '',
  '',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
  'eleventh',
]

function standing({ total, recent }: SalesFigures): string {
  if (recent.length < 3) return ''
  const average = recent.reduce((sum, { revenue }) => sum + revenue, 0) / recent.length
  const better = recent.filter(({ revenue }) => revenue > total.now.revenue).length
  const place = better === 0 ? 'best' : better === recent.length - 1 ? 'weakest' : `${ordinals[better + 1]} best`
  const sentence = `It is the ${place} of the last ${numbers[recent.length]} months`
  const distance = change(total.now.revenue, average)
  if (distance === null) return `${sentence}.`
  return `${sentence}, ${percent(distance)} ${distance < 0 ? 'below' : 'above'} their average of ${money(average)}.`
}

function orders(figures: SalesFigures): string {
  const { now, before } = figures.total
  const earlier = before && before.orders > 0 ? ` (${previousName(figures)}: ${money(averageOrder(before))})` : ''
  const average = `${money(averageOrder(now))} an order on average`
  return `Customers placed ${countOf(now.orders, 'order')} for ${average}${earlier}.`
}

/** Whether the change came from how much was sold or from what a unit brought in. */
function volume(figures: SalesFigures): string {
  const { now, before } = figures.total
  if (before === null || before.units <= 0 || now.units <= 0) return ''
  const amount = change(now.units, before.units)
  const value = change(now.revenue / now.units, before.revenue / before.units)
  if (amount === null || value === null) return ''
  const units = `${percent(amount)} ${amount < 0 ? 'fewer' : 'more'} units than in ${previousName(figures)}`
  const price = `revenue per unit was ${percent(value)} ${value < 0 ? 'lower' : 'higher'}`
  const joint = amount < 0 === value < 0 ? 'and' : 'but'
  const main = Math.abs(amount) > Math.abs(value) ? 'volume' : 'what a unit brought in'
  return `They bought ${units} (${count(now.units)}), ${joint} ${price}: the change is mostly one of ${main}.`
}

function drivers(figures: SalesFigures): string {
  if (figures.regions.length < 2) return ''
  const { gain, loss } = movers(figures.regions)
  const since = previousName(figures)
  const gained = gain && `${escaped(gain.name)} added most on ${since} (${difference(gain)})`
  const lost = loss && `${escaped(loss.name)} lost most${gain ? '' : ` on ${since}`} (${difference(loss)})`
  if (gained && lost) return `${gained}; ${lost}.`
  if (gained) return `No region fell: ${gained}.`
  return lost ? `No region grew: ${lost}.` : ''
}

function yearToDate({ month, yearToDate: { now, before, complete } }: SalesFigures): string {
  if (!complete || monthIndex(month) === 0) return ''
  const earlier = before === null ? '' : `, ${moved(now, before, `the same months of ${yearOf(month) - 1}`)}`
  return `From January to ${monthName(month)} revenue adds up to ${money(now)}${earlier}.`
}
