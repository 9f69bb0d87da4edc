import { CsvError, parse } from 'csv-parse/sync'
import { malformed, short } from './salesFileError.ts'

/** The columns of a sales file. They may stand in any order. */
const columns = ['date', 'region', 'product', 'channel', 'units', 'unit_price', 'revenue'] as const

export type Column = (typeof columns)[number]

/** One field as it stands in the file. */
export interface Field {
  value: string
  line: number
}

export interface SalesTable {
  file: string
  header: readonly Column[]
  rows: readonly (readonly Field[])[]
}

/**
 * Splits CSV text into fields that know their line, and checks the header.
 *
 * @throws SalesFileError when the text isn't CSV or its columns aren't those of a sales file.
 */
export function readTable(text: string, file: string): SalesTable {
  const [header, ...rows] = readRecords(text, file)
  if (header === undefined) {
    throw malformed({ file, line: 1, column: 1 }, `the file is empty. ${headerHint}`)
  }
  const names = readHeader(header, file)
  if (rows.length === 0) {
    const line = (header.at(-1)?.line ?? 1) + 1
    throw malformed(
      { file, line, column: 1, name: names[0] },
      'there are no sales below the header. Add a line for each sale.',
    )
  }
  return { file, header: names, rows }
}

const headerHint = `The first line has to be ${columns.join(',')}.`

function readRecords(text: string, file: string): Field[][] {
  // csv-parse counts a CRLF inside quotes as two lines.
  const source = text.replace(/\r\n?/g, '\n')
  const lines: number[] = []
  let endLine = 1
  try {
    const records = parse(source, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      cast: (value, context) => {
        endLine = context.lines
        lines.push(context.lines - newlines(value))
        return value
      },
    })
    const nextLine = lines.values()
    return records.map((record) =>
      record.map((value, index) => {
        const field = { value, line: nextLine.next().value ?? 1 }
        if (!value.includes('\uFFFD')) return field
        const place = { file, line: field.line, column: index + 1 }
        throw malformed(place, `"${short(value)}" is not UTF-8 text. Save the file as UTF-8.`)
      }),
    )
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const column = typeof error['index'] === 'number' ? error['index'] : 0
    const stopped = typeof error['lines'] === 'number' ? error['lines'] : endLine
    // The parser names the line where it gave up; the person needs the one where the field began.
    const line = column > 0 ? endLine : firstTextLine(source, lines.length === 0 ? 1 : endLine + 1)
    throw malformed({ file, line, column: column + 1 }, quoteProblem(error, stopped === line))
  }
}

function quoteProblem(error: CsvError, onOneLine: boolean): string {
  if (error.code === 'INVALID_OPENING_QUOTE') {
    return 'there is a quote in the middle of text. Put the whole text in quotes and write each quote in it twice ("").'
  }
  return error.code !== 'CSV_QUOTE_NOT_CLOSED' && onOneLine
    ? 'there is text after the closing quote. A quote inside quoted text has to be written twice ("").'
    : 'the quote that opens here is never closed. Close it, or write a quote inside quoted text twice ("").'
}

function firstTextLine(source: string, from: number): number {
  const lines = source.split('\n')
  let line = from
  while (line < lines.length && lines[line - 1]?.trim() === '') line += 1
  return line
}

function newlines(value: string): number {
  return value.split('\n').length - 1
}

function readHeader(header: readonly Field[], file: string): Column[] {
  const names: Column[] = []
  for (const [index, { value, line }] of header.entries()) {
    const wrong = (problem: string, name?: string): Error =>
      malformed({ file, line, column: index + 1, name }, `${problem}. ${headerHint}`)
    const name = columns.find((column) => column === value.toLowerCase())
    if (name !== undefined && names.includes(name)) throw wrong(`the column "${name}" is there twice`, name)
    if (name === undefined) {
      if (value === '') throw wrong('this column has no name')
      if (header.length === 1 && /[;\t]/.test(value)) throw wrong('the columns are not separated by commas')
      throw wrong(`"${short(value)}" is not a column of a sales file`, value)
    }
    names.push(name)
  }
  const missing = columns.find((column) => !names.includes(column))
  if (missing !== undefined) {
    const place = { file, line: header[0]?.line ?? 1, column: columns.indexOf(missing) + 1, name: missing }
    throw malformed(place, `the column "${missing}" is missing. ${headerHint}`)
  }
  return names
}
