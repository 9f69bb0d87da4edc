import { type Dimension, monthsOf } from './figures.ts'
import type { Month } from '../month.ts'
import type { Sale } from './sale.ts'

/** What a file has sales of: the names and months that a question can be about. */
export interface Catalog {
  file: string
  regions: readonly string[]
  products: readonly string[]
  channels: readonly string[]
  /** In time order; at least one. */
  months: readonly Month[]
  lastMonth: Month
}

/** Collects a file's names in alphabetical order. */
export function catalogOf(sales: readonly Sale[], file: string): Catalog {
  const names = (dimension: Dimension): string[] => [...new Set(sales.map((sale) => sale[dimension]))].toSorted()
  const months = monthsOf(sales)
  return {
    file,
    regions: names('region'),
    products: names('product'),
    channels: names('channel'),
    months,
    lastMonth: months.at(-1) ?? '',
  }
}
