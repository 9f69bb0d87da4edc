import { monthName } from '../month.ts'
import type { SalesFigures } from '../sales/figures.ts'
import { countOf } from './amount.ts'
import { productPerformance, regionalBreakdown } from './breakdowns.ts'
import { executiveSummary } from './executiveSummary.ts'
import { keyHighlights } from './keyHighlights.ts'
import { escaped } from './markdown.ts'
import { recommendations } from './recommendations.ts'

/** What a report says about its source. */
export interface ReportSource {
  file: string
  /** Rows that the figures come from, of all months. */
  rows: number
  /** What the figures are limited to, such as `North`; nothing when they are about everything. */
  scope?: string | undefined
}

/** A month's report as Markdown, in the sections it is written in; joined they are the whole text. */
export function reportSections(figures: SalesFigures, source: ReportSource): string[] {
  return [
    title(figures, source),
    executiveSummary(figures),
    keyHighlights(figures),
    figures.regions.length > 1 ? regionalBreakdown(figures) : '',
    figures.products.length > 1 ? productPerformance(figures) : '',
    recommended(figures),
    closing(source),
  ].filter((section) => section !== '')
}

function title({ month }: SalesFigures, { scope }: ReportSource): string {
  return `# Sales report${scope === undefined ? '' : ` for ${escaped(scope)}`}: ${monthName(month)}\n\n`
}

function recommended(figures: SalesFigures): string {
  const items = recommendations(figures)
  const text = items.map((item, index) => `${index + 1}. ${item}\n`).join('')
  return `## Recommendations\n\n${text || 'Nothing in these figures stands out enough to act on.\n'}\n`
}

function closing({ file, rows, scope }: ReportSource): string {
  const how = 'Revenue is orders minus refunds, added up to the cent and shown in whole euros.'
  const whole = scope === undefined ? '' : ' Ask for “the sales report” to have it for everything.'
  return `*From ${countOf(rows, 'row')} of ${escaped(file)}. ${how}${whole}*\n\n`
}
