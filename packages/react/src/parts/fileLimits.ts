/** Which files can go with a message. */
export interface FileLimits {
  /** Kinds, as the `accept` of a file input has them: `image/*,.pdf`. @default all */
  accept?: string | undefined
  /** How many go with one message. @default 10 */
  maxFiles?: number | undefined
  /** How large each of them may be, in bytes. @default 25,000,000 */
  maxBytes?: number | undefined
}

/** What of the chosen files is taken, and for the others why not. */
export interface ChosenFiles {
  readonly taken: readonly File[]
  readonly refusals: readonly string[]
}

/** @param there how many the message has already */
export function chooseFiles(files: readonly File[], there: number, limits: FileLimits): ChosenFiles {
  const { accept = '', maxFiles = 10, maxBytes = 25_000_000 } = limits
  const kinds = accept.toLowerCase().split(',').map((kind) => kind.trim()).filter((kind) => kind !== '')
  const ofKind = files.filter((file) => kinds.length === 0 || kinds.some((kind) => isOfKind(file, kind)))
  const fitting = ofKind.filter(({ size }) => size <= maxBytes)
  const taken = fitting.slice(0, Math.max(0, maxFiles - there))
  return {
    taken,
    refusals: [
      ...refusal(files, ofKind, 'Files of this kind can not be sent here.'),
      ...refusal(ofKind, fitting, `A file can have up to ${describeBytes(maxBytes)}.`),
      ...refusal(fitting, taken, `A message can have up to ${maxFiles === 1 ? '1 file' : `${maxFiles} files`}.`),
    ],
  }
}

function refusal(files: readonly File[], kept: readonly File[], because: string): readonly string[] {
  const names = files.filter((file) => !kept.includes(file)).map(({ name }) => name)
  return names.length === 0 ? [] : [`Not attached: ${names.join(', ')}. ${because}`]
}

function isOfKind({ name, type }: File, kind: string): boolean {
  if (kind.startsWith('.')) return name.toLowerCase().endsWith(kind)
  return kind.endsWith('/*') ? type.startsWith(kind.slice(0, -1)) : type === kind
}

function describeBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${Math.floor(bytes / 1_000)} kB` : `${Math.floor(bytes / 100_000) / 10} MB`
}
