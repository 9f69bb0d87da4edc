/** A calendar month as `YYYY-MM`; as text it sorts in time order. */
export type Month = string

/** The English month names, January first. */
export const monthNames: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** The month `count` months after `month`, or before it when `count` is negative. */
export function addMonths(month: Month, count: number): Month {
  const months = yearOf(month) * 12 + monthIndex(month) + count
  return monthOf(Math.floor(months / 12), months % 12)
}

/** The month at `index` (0 for January) of a year. */
export function monthOf(year: number, index: number): Month {
  return `${String(year).padStart(4, '0')}-${String(index + 1).padStart(2, '0')}`
}

export function yearOf(month: Month): number {
  return Number(month.slice(0, 4))
}

/** The place of a month in its year, 0 for January. */
export function monthIndex(month: Month): number {
  return Number(month.slice(5, 7)) - 1
}

/** `2026-10` as `October 2026`; the year is left out where `near` has the same one. */
export function monthName(month: Month, near?: Month): string {
  const name = monthNames[monthIndex(month)] ?? month
  return near !== undefined && yearOf(near) === yearOf(month) ? name : `${name} ${yearOf(month)}`
}

export function daysIn(month: Month): number {
  return new Date(Date.UTC(yearOf(month), monthIndex(month) + 1, 0)).getUTCDate()
}
