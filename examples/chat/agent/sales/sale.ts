import { daysIn, type Month } from '../month.ts'
import { malformed, short } from './salesFileError.ts'
import { type Column, type Field, readTable, type SalesTable } from './salesTable.ts'

/** One line of the file: an order, or a refund when `units` is negative. Amounts are whole cents. */
export interface Sale {
  date: string
  month: Month
  region: string
  product: string
  channel: string
  units: number
  unitPrice: number
  revenue: number
}

/**
 * All sales of a CSV text.
 *
 * @throws SalesFileError naming file, line and column of the first thing that is wrong.
 */
export function readSales(text: string, file: string): Sale[] {
  const table = readTable(text, file)
  return table.rows.map((row) => readSale(row, table))
}

/**
 * One row of a table, checked.
 *
 * @throws SalesFileError naming file, line and column of what is wrong.
 */
export function readSale(row: readonly Field[], { file, header }: Pick<SalesTable, 'file' | 'header'>): Sale {
  if (row.length !== header.length) throw wrongLength(row, header, file)

  const fieldOf = (column: Column): Field => row[header.indexOf(column)] ?? { value: '', line: 1 }
  const wrong = (column: Column, problem: string): Error =>
    malformed({ file, line: fieldOf(column).line, column: header.indexOf(column) + 1, name: column }, problem)

  function read<Value>(column: Column, { parse, kind, hint }: Format<Value>): Value {
    const { value } = fieldOf(column)
    const parsed = parse(value)
    if (parsed !== undefined) return parsed
    throw wrong(column, `${value === '' ? 'the field is empty' : `"${short(value)}" is not ${kind}`}. ${hint}`)
  }

  const sale: Sale = {
    date: read('date', date),
    month: fieldOf('date').value.slice(0, 7),
    region: read('region', name),
    product: read('product', name),
    channel: read('channel', name),
    units: read('units', units),
    unitPrice: read('unit_price', price),
    revenue: read('revenue', amount),
  }
  if (sale.revenue !== sale.units * sale.unitPrice) {
    const expected = `${sale.units} × ${decimal(sale.unitPrice)} = ${decimal(sale.units * sale.unitPrice)}`
    const problem = `"${fieldOf('revenue').value}" is not units × unit_price (${expected})`
    throw wrong('revenue', `${problem}. Correct the one that is wrong.`)
  }
  return sale
}

/** How a column's text becomes a value, and what to say when it doesn't. */
interface Format<Value> {
  parse: (value: string) => Value | undefined
  kind: string
  hint: string
}

const date: Format<string> = {
  parse: (value) => {
    const [, month = '', day = ''] = /^(\d{4}-(?:0[1-9]|1[0-2]))-(\d\d)$/.exec(value) ?? []
    return month !== '' && Number(day) >= 1 && Number(day) <= daysIn(month) ? value : undefined
  },
  kind: 'a date',
  hint: 'Write dates like 2026-10-31.',
}

const name: Format<string> = {
  parse: (value) => {
    const line = value.replace(/\s+/g, ' ')
    return line !== '' && line.length <= 80 ? line : undefined
  },
  kind: 'a name: it is too long',
  hint: 'Write a name of at most 80 characters.',
}

const units: Format<number> = {
  parse: (value) => (/^-?\d{1,9}$/.test(value) ? Number(value) : undefined),
  kind: 'a whole number',
  hint: 'Write units like 12, or -2 for a refund.',
}

const price: Format<number> = {
  parse: (value) => (value.startsWith('-') ? undefined : cents(value)),
  kind: 'a price',
  hint: 'Write prices like 24.90, with a point and no currency sign.',
}

const amount: Format<number> = {
  parse: cents,
  kind: 'an amount',
  hint: 'Write amounts like 1250.00, or -24.90 for a refund, with a point and no currency sign.',
}

function cents(value: string): number | undefined {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(value) ?? []
  if (whole === '') return undefined
  const size = Number(whole) * 100 + Number(fraction.padEnd(2, '0'))
  return sign === '-' && size > 0 ? -size : size
}

function decimal(value: number): string {
  return (value / 100).toFixed(2)
}

function wrongLength(row: readonly Field[], header: readonly Column[], file: string): Error {
  const fields = `${row.length} ${row.length === 1 ? 'field' : 'fields'}`
  if (row.length < header.length) {
    const place = { file, line: row.at(-1)?.line ?? 1, column: row.length + 1, name: header[row.length] }
    return malformed(
      place,
      `this field is missing: the row has ${fields} instead of ${header.length}. Add what is missing.`,
    )
  }
  const place = { file, line: row[header.length]?.line ?? 1, column: header.length + 1 }
  const hint = 'Put text that has a comma in it in quotes, or remove what is too much.'
  return malformed(place, `this field is one too many: the row has ${fields} instead of ${header.length}. ${hint}`)
}
