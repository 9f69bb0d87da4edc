import type { Month } from '../month.ts'
import type { Catalog } from '../sales/catalog.ts'
import type { Sale } from '../sales/sale.ts'

/** What an answer is computed from. */
export interface AnswerSource {
  sales: readonly Sale[]
  catalog: Catalog
  month: Month
}
