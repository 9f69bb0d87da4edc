import { addMonths, type Month, monthIndex, monthOf, yearOf } from '../month.ts'
import type { Sale } from './sale.ts'

/** What the sales of one month come to. Amounts are whole cents. */
export interface Totals {
  /** Orders minus refunds. */
  revenue: number
  units: number
  orders: number
  /** What the orders came to before refunds. */
  ordered: number
  refunds: number
  /** What was paid back, as a positive amount. */
  refunded: number
}

/** One line of figures: everything, or a region, a product, a channel. */
export interface Line {
  name: string
  now: Totals
  /** The month before; null when the file does not hold that month. */
  before: Totals | null
  /** The same month a year earlier; null when the file does not hold that month. */
  yearAgo: Totals | null
  /** Part of all revenue of the month, as a ratio. */
  share: number
}

/** A product in a region. */
export interface Market extends Line {
  region: string
  product: string
}

interface MonthRevenue {
  month: Month
  revenue: number
}

export interface SalesFigures {
  month: Month
  previousMonth: Month
  yearAgoMonth: Month
  total: Line
  /** Lines stand in the order of their revenue, the largest first. */
  regions: readonly Line[]
  products: readonly Line[]
  channels: readonly Line[]
  markets: readonly Market[]
  /** Up to twelve months ending with this one, in time order. */
  recent: readonly MonthRevenue[]
  /** January to this month; `before` is the same months a year earlier, null unless the file holds them all. */
  yearToDate: { now: number; before: number | null; complete: boolean }
}

/** What can be broken down by. */
export type Dimension = 'region' | 'product' | 'channel'

/** The months that a file holds, in time order. */
export function monthsOf(sales: readonly Sale[]): Month[] {
  return [...new Set(sales.map(({ month }) => month))].toSorted()
}

/**
 * Computes a month's figures.
 *
 * @param months the months that the whole file holds: a region without sales in one of them sold nothing,
 * which is not the same as nothing being known.
 */
export function salesFigures(
  sales: readonly Sale[],
  month: Month,
  months: readonly Month[] = monthsOf(sales),
): SalesFigures {
  const previousMonth = addMonths(month, -1)
  const yearAgoMonth = addMonths(month, -12)
  const inMonth = (wanted: Month): readonly Sale[] => sales.filter((sale) => sale.month === wanted)
  const now = inMonth(month)
  const before = months.includes(previousMonth) ? inMonth(previousMonth) : null
  const yearAgo = months.includes(yearAgoMonth) ? inMonth(yearAgoMonth) : null
  const all = totals(now)

  const line = (name: string, part: (sale: Sale) => boolean): Line => {
    const own = totals(now.filter(part))
    return {
      name,
      now: own,
      before: before && totals(before.filter(part)),
      yearAgo: yearAgo && totals(yearAgo.filter(part)),
      share: all.revenue > 0 ? own.revenue / all.revenue : 0,
    }
  }
  const seen = [...now, ...(before ?? []), ...(yearAgo ?? [])]
  const lines = (dimension: Dimension): Line[] => {
    const names = [...new Set(seen.map((sale) => sale[dimension]))]
    return names.map((name) => line(name, (sale) => sale[dimension] === name)).toSorted(byRevenue)
  }
  const regions = lines('region')
  const products = lines('product')
  const markets = regions.flatMap(({ name: region }) =>
    products.map(({ name: product }) => ({
      ...line(`${product} in ${region}`, (sale) => sale.region === region && sale.product === product),
      region,
      product,
    })),
  )
  const revenueOf = (wanted: readonly Month[]): number => totals(wanted.flatMap(inMonth)).revenue
  const thisYear = Array.from({ length: monthIndex(month) + 1 }, (_, index) => monthOf(yearOf(month), index))
  const lastYear = thisYear.map((each) => addMonths(each, -12))
  const holds = (wanted: readonly Month[]): boolean => wanted.every((each) => months.includes(each))

  return {
    month,
    previousMonth,
    yearAgoMonth,
    total: line('All', () => true),
    regions,
    products,
    channels: lines('channel'),
    markets: markets.toSorted(byRevenue),
    recent: months
      .filter((each) => each <= month && each > yearAgoMonth)
      .map((each) => ({ month: each, revenue: revenueOf([each]) })),
    yearToDate: {
      now: revenueOf(thisYear),
      before: holds(lastYear) ? revenueOf(lastYear) : null,
      complete: holds(thisYear),
    },
  }
}

/** Adds sales up. */
function totals(sales: readonly Sale[]): Totals {
  const sum: Totals = { revenue: 0, units: 0, orders: 0, ordered: 0, refunds: 0, refunded: 0 }
  for (const { units, revenue } of sales) {
    sum.revenue += revenue
    sum.units += units
    if (units < 0) {
      sum.refunds += 1
      sum.refunded -= revenue
    } else {
      sum.orders += 1
      sum.ordered += revenue
    }
  }
  return sum
}

/** Part of what was ordered that was paid back, as a ratio. */
export function refundRate({ ordered, refunded }: Totals): number {
  return ordered > 0 ? refunded / ordered : 0
}

/** What an order came to, in cents. */
export function averageOrder({ ordered, orders }: Totals): number {
  return orders > 0 ? Math.round(ordered / orders) : 0
}

// By name where the revenue is the same, so that the order of rows in the file decides nothing.
function byRevenue(a: Line, b: Line): number {
  return b.now.revenue - a.now.revenue || (a.name < b.name ? -1 : 1)
}
