import { addMonths, daysIn, type Month, monthIndex, yearOf } from './month.ts'

/** The seed that `data/sales.csv` is made from. */
export const sampleSeed = 7

/** What `generateSales` makes. */
export interface GenerateSalesOptions {
  /** Decides every random choice: the same seed gives the same text. */
  seed: number
  /** How many months to write. @default 24 */
  months?: number
  /** The last month written. @default '2026-10' */
  lastMonth?: Month
}

interface Product {
  name: string
  cents: number
  /** Units that all regions together sell in an ordinary month. */
  units: number
  /** What demand is multiplied by from one month to the next. */
  trend: number
}

interface Region {
  name: string
  weight: number
  trend: number
}

const products: readonly Product[] = [
  { name: 'Standing desk', cents: 48900, units: 190, trend: 1.004 },
  { name: 'Office chair', cents: 21900, units: 420, trend: 1.002 },
  { name: 'Headset', cents: 8990, units: 520, trend: 1.006 },
  { name: 'Monitor arm 27"', cents: 11900, units: 300, trend: 1.002 },
  { name: 'Desk lamp, brass', cents: 7990, units: 380, trend: 1 },
  { name: 'Filing cabinet', cents: 18900, units: 170, trend: 0.982 },
  { name: 'Whiteboard, magnetic', cents: 14900, units: 140, trend: 1.001 },
  { name: 'Footrest', cents: 4450, units: 320, trend: 0.998 },
]

const regions: readonly Region[] = [
  { name: 'North', weight: 0.26, trend: 1.002 },
  { name: 'South', weight: 0.22, trend: 1.006 },
  { name: 'East', weight: 0.17, trend: 0.994 },
  { name: 'West', weight: 0.21, trend: 1.003 },
  { name: 'Central', weight: 0.14, trend: 1.001 },
]

/** Demand by month of the year: offices buy in January and after the summer. */
const season: readonly number[] = [1.12, 0.98, 1.03, 0.97, 0.95, 0.9, 0.82, 0.84, 1.07, 1.1, 1.08, 1.01]

/** What happened in single months, so that a report has something to find. */
const events: readonly { before: number; region: string; product: string; factor: number }[] = [
  { before: 0, region: 'East', product: 'Office chair', factor: 0.45 },
  { before: 0, region: 'South', product: 'Headset', factor: 1.65 },
  { before: 0, region: 'North', product: 'Whiteboard, magnetic', factor: 1.5 },
  { before: 7, region: 'West', product: 'Standing desk', factor: 0.5 },
  { before: 13, region: 'Central', product: 'Monitor arm 27"', factor: 1.8 },
]

const header = 'date,region,product,channel,units,unit_price,revenue'

const priceRiseYear = 2026

/**
 * A made-up office supplier's sales as CSV text: seasons, growth, a price rise, refunds, and names that need quotes.
 *
 * Only +, -, * and / touch the random numbers: `Math.pow` and `Math.sin` may differ between engines in the last
 * bit, and the file in `data/` has to come out the same everywhere.
 */
export function generateSales({ seed, months = 24, lastMonth = '2026-10' }: GenerateSalesOptions): string {
  const next = random(seed)
  const between = (low: number, high: number): number => low + (high - low) * next()
  const firstMonth = addMonths(lastMonth, 1 - months)
  const end = `${lastMonth}-${daysIn(lastMonth)}`
  const rows: { date: string; text: string }[] = []
  const growth = new Map<string, number>()

  const write = (
    date: string,
    where: Region,
    { name }: Product,
    channel: string,
    units: number,
    cents: number,
  ): void => {
    const cells = [date, where.name, quoted(name), channel, units, decimal(cents), decimal(units * cents)]
    rows.push({ date, text: cells.join(',') })
  }

  for (let index = 0; index < months; index += 1) {
    const month = addMonths(firstMonth, index)
    const onlineShare = 0.36 + 0.006 * index
    for (const region of regions) {
      for (const product of products) {
        const key = `${region.name}/${product.name}`
        const grown = (growth.get(key) ?? 1) * region.trend * product.trend
        growth.set(key, grown)
        const ordinary = product.units * region.weight * grown * (season[monthIndex(month)] ?? 1)
        const demand = ordinary * eventFactor(months - 1 - index, region, product) * between(0.93, 1.07)
        const orders = 3 + Math.floor(next() * 4)
        for (let order = 0; order < orders; order += 1) {
          const units = Math.max(1, Math.round((demand / orders) * between(0.7, 1.3)))
          const pick = next()
          const storeShare = (1 - onlineShare) * 0.55
          const channel = pick < onlineShare ? 'Online' : pick < onlineShare + storeShare ? 'Store' : 'Partner'
          const listed = yearOf(month) < priceRiseYear ? product.cents : Math.round((product.cents * 1.03) / 10) * 10
          const cents = channel === 'Partner' ? Math.round(listed * 0.88) : listed
          const day = 1 + Math.floor(next() * daysIn(month))
          const date = `${month}-${String(day).padStart(2, '0')}`
          write(date, region, product, channel, units, cents)
          if (next() < 0.02) {
            const later = addDays(date, 3 + Math.floor(next() * 18))
            const returned = Math.ceil(units * between(0.2, 0.9))
            if (later <= end) write(later, region, product, channel, -returned, cents)
          }
        }
      }
    }
  }

  rows.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))
  return `${header}\n${rows.map(({ text }) => text).join('\n')}\n`
}

function eventFactor(before: number, region: Region, product: Product): number {
  const event = events.find(
    (each) => each.before === before && each.region === region.name && each.product === product.name,
  )
  return event?.factor ?? 1
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10)
}

/** mulberry32: numbers from 0 to 1 that the seed decides. */
function random(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function decimal(cents: number): string {
  return (cents / 100).toFixed(2)
}
