import type { Catalog } from '../sales/catalog.ts'
import { escaped, listed } from './markdown.ts'
import { monthName } from '../month.ts'

/** What the agent can answer, from this file. */
export function helpText({ file, regions, products, channels, months, lastMonth }: Catalog): string {
  const [first = lastMonth] = months
  const span = first === lastMonth ? monthName(lastMonth) : `${monthName(first)} to ${monthName(lastMonth)}`
  const names = (all: readonly string[]): string => listed(all.map(escaped))
  const [region = '', otherRegion] = regions
  const [product = ''] = products
  const pair = otherRegion === undefined ? '' : `, or two of them: “${escaped(region)} or ${escaped(otherRegion)}?”`
  return (
    `I read ${escaped(file)}, which holds the sales of ${span}. You can ask me for\n\n` +
    `- **the sales report** of ${monthName(lastMonth)}, or of another month: “report for ${monthName(first)}”\n` +
    `- **a region**: ${names(regions)}${pair}\n` +
    `- **a product**: ${names(products)}; also in one region: “${escaped(product)} in ${escaped(region)}”\n` +
    `- **a channel**: ${names(channels)}\n` +
    `- **a ranking**: “Which region did best?”\n` +
    `- **to send the report** to the managers; you approve it before I do\n`
  )
}

/** What to say to a question that the file has no answer to. */
export function unknownText(notes: readonly string[], catalog: Catalog): string {
  const reason = notes.length > 0 ? notes.map(escaped).join(' ') : 'I can’t answer that: I only know the sales file.'
  return `${reason}\n\n${helpText(catalog)}`
}

/** What to say when a month is asked for that the file does not hold. */
export function missingMonthText(asked: readonly string[], { file, months, lastMonth }: Catalog): string {
  const [first = lastMonth] = months
  const held =
    months.length === 1
      ? `only ${monthName(first)}`
      : `${months.length} months, from ${monthName(first)} to ${monthName(lastMonth)}`
  return `There are no sales for ${listed(asked, 'or')} in ${escaped(file)}. It holds ${held}. Ask for one of these.\n`
}
