/** What is wrong with a sales file. */
export type SalesFileErrorCode = 'not_found' | 'unreadable' | 'malformed'

/** Where in a file a field starts; line and column count from 1, a column is a field. */
export interface FieldPlace {
  file: string
  line: number
  column: number
  /** The header of the column, where there is one. */
  name?: string | undefined
}

/** A sales file that can't be used. The message is written for the person who asked. */
export class SalesFileError extends Error {
  override readonly name = 'SalesFileError'
  readonly code: SalesFileErrorCode

  constructor(code: SalesFileErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Whether something thrown is a `SalesFileError`. */
export function isSalesFileError(error: unknown): error is SalesFileError {
  return error instanceof Error && error.name === 'SalesFileError'
}

/** A `malformed` error that says where the problem is and how to fix it. */
export function malformed({ file, line, column, name }: FieldPlace, problem: string): SalesFileError {
  const field = name === undefined || name === '' ? `column ${column}` : `column ${column} (${short(name)})`
  return new SalesFileError('malformed', `${file}, line ${line}, ${field}: ${problem}`)
}

/** A value from the file as an error message quotes it. */
export function short(value: string): string {
  const line = value.replace(/\s+/g, ' ')
  const characters = [...line]
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : line
}
