import { addMonths, type Month, monthName, monthNames, monthOf, yearOf } from '../month.ts'

/** The months that a text names. */
export interface AskedMonths {
  /** Months that the file holds, the latest first. */
  held: Month[]
  /** Months that it does not hold, as a person says them. */
  missing: string[]
}

/**
 * Finds months: `March 2026`, `Mar '26`, `2026-03`, `03/2026`, `last month`. A month without a year is the latest
 * one in the file, and `last month` is the last month in the file, whatever today's date.
 */
export function askedMonths(text: string, months: readonly Month[]): AskedMonths {
  const lastMonth = months.at(-1) ?? ''
  const held = new Set<Month>()
  const missing = new Set<string>()
  const ask = (month: Month): void => {
    if (months.includes(month)) held.add(month)
    else missing.add(monthName(month))
  }
  for (const [, year, index] of text.matchAll(/\b((?:19|20)\d\d)-(0[1-9]|1[0-2])\b/g)) {
    ask(monthOf(Number(year), Number(index) - 1))
  }
  for (const [, index, year] of text.matchAll(/\b(0?[1-9]|1[0-2])\/((?:19|20)\d\d)\b/g)) {
    ask(monthOf(Number(year), Number(index) - 1))
  }
  if (/\b(last|latest|this|current|past|most recent|recent) (full |complete )?month\b/i.test(text)) ask(lastMonth)
  if (/\b(next|coming) month\b/i.test(text)) ask(addMonths(lastMonth, 1))

  for (const { groups = {} } of text.matchAll(namedMonth)) {
    const { lead, name = '', year, short, relative } = groups
    const index = monthNames.findIndex((each) => each.toLowerCase().startsWith(name.slice(0, 3).toLowerCase()))
    const asked = year ?? (short && `20${short}`) ?? (relative && relativeYear(relative, lastMonth))
    // "May I have the report?" names no month.
    if (name.toLowerCase() === 'may' && asked === undefined && lead === undefined) continue
    const ofYear = asked === undefined ? latest(months, index) : monthOf(Number(asked), index)
    if (ofYear === undefined) missing.add(monthNames[index] ?? name)
    else ask(ofYear)
  }
  return { held: [...held].toSorted().toReversed(), missing: [...missing] }
}

const names = monthNames.flatMap((name) => [name, name.slice(0, 3)])

const namedMonth = new RegExp(
  [
    String.raw`(?<lead>\b(?:in|for|of|during|since|from|about|on|until|vs|and)\s+)?`,
    String.raw`\b(?<name>${names.join('|')}|sept)\b\.?`,
    // A day says nothing more: "October 5" is October.
    String.raw`(?:\s+\d{1,2}(?:st|nd|rd|th)?\b)?,?`,
    String.raw`(?:\s*(?:of\s+|in\s+)?(?<year>(?:19|20)\d\d)\b|\s*['’](?<short>\d\d)\b`,
    String.raw`|\s+(?:of\s+)?(?<relative>last|this)\s+year\b)?`,
  ].join(''),
  'gi',
)

function relativeYear(relative: string, lastMonth: Month): string {
  return String(yearOf(lastMonth) - (relative.toLowerCase() === 'last' ? 1 : 0))
}

function latest(months: readonly Month[], index: number): Month | undefined {
  return months.findLast((month) => Number(month.slice(5)) === index + 1)
}
