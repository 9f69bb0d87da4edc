import type { Catalog } from '../sales/catalog.ts'
import { listed } from '../answer/markdown.ts'
import { mentioned } from './mention.ts'
import type { Sale } from '../sales/sale.ts'

/** What a question is limited to; an empty list is no limit. */
export interface Scope {
  regions: readonly string[]
  products: readonly string[]
  channels: readonly string[]
}

/** Everything. */
export const wholeScope: Scope = { regions: [], products: [], channels: [] }

/** The names that a follow-up is about; a part of a name, such as `chairs`, is enough. */
export function scopeOf(text: string, { regions, products, channels }: Catalog): Scope {
  return {
    regions: mentioned(text, regions, 'part'),
    products: mentioned(text, products, 'part'),
    channels: mentioned(text, channels, 'part'),
  }
}

/** The names that a report is limited to: in full, because `a report for the office` is not about office chairs. */
export function reportScopeOf(text: string, { regions, products, channels }: Catalog): Scope {
  return {
    regions: mentioned(text, regions, 'full'),
    products: mentioned(text, products, 'full'),
    channels: /\bchannels?\b/i.test(text) ? mentioned(text, channels, 'full') : [],
  }
}

export function isWhole({ regions, products, channels }: Scope): boolean {
  return regions.length + products.length + channels.length === 0
}

/** A scope of several names as one for each, by the first list that has several; nothing where none has. */
export function partsOf(scope: Scope): Scope[] {
  const { regions, products, channels } = scope
  if (regions.length > 1) return regions.map((region) => ({ ...scope, regions: [region] }))
  if (products.length > 1) return products.map((product) => ({ ...scope, products: [product] }))
  return channels.length > 1 ? channels.map((channel) => ({ ...scope, channels: [channel] })) : []
}

/** The sales that lie in a scope. */
export function within(sales: readonly Sale[], { regions, products, channels }: Scope): Sale[] {
  const fits = (names: readonly string[], name: string): boolean => names.length === 0 || names.includes(name)
  return sales.filter(
    (sale) => fits(regions, sale.region) && fits(products, sale.product) && fits(channels, sale.channel),
  )
}

/** `Office chair in East`, `North and South`, `Headset, Online`. */
export function scopeName({ regions, products, channels }: Scope): string {
  const names = [listed(products), listed(regions)].filter((name) => name !== '').join(' in ')
  return [names, listed(channels)].filter((name) => name !== '').join(', ')
}
