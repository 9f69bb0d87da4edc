import { countOf } from './amount.ts'
import { escaped, listed } from './markdown.ts'

/** A file that came with a message. */
export interface ReceivedFile {
  name: string
  /** `null` for one that is not where the message says. */
  bytes: number | null
}

/** What to say of files, before the answer; nothing where there are none. */
export function receivedText(files: readonly ReceivedFile[], source: string): string {
  const there = files.flatMap(({ name, bytes }) => (bytes === null ? [] : [`**${escaped(name)}** (${size(bytes)})`]))
  const missing = files.filter(({ bytes }) => bytes === null).map(({ name }) => `**${escaped(name)}**`)
  const sentences = [
    ...(there.length > 0 ? [`I have got ${listed(there)}. I don’t look inside: what I know is in ${escaped(source)}.`] : []),
    ...(missing.length > 0 ? [`I can’t find ${listed(missing)} any more.`] : []),
  ]
  return sentences.length > 0 ? `${sentences.join(' ')}\n\n` : ''
}

function size(bytes: number): string {
  if (bytes < 1_000) return countOf(bytes, 'byte')
  const [amount, unit] = bytes < 1_000_000 ? [bytes / 1_000, 'kB'] : [bytes / 1_000_000, 'MB']
  return `${Number(amount.toFixed(1))}\u00a0${unit}`
}
