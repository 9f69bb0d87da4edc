import { type SQLOutputValue } from 'node:sqlite'

export type Row = Record<string, SQLOutputValue>

export function integer(row: Row | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value === 'number') return value
  throw new TypeError(`The column ${column} holds no number.`)
}

export function text(row: Row | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value === 'string') return value
  throw new TypeError(`The column ${column} holds no text.`)
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}
