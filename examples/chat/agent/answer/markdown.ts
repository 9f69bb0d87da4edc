/**
 * Text from the data, made safe to stand in Markdown.
 *
 * A product name may hold a pipe, which would end its table cell, or an image, which would be fetched.
 */
export function escaped(text: string): string {
  return text
    .replace(/[\\`*[\]<|~]|\b_|_\b|\B_/g, '\\$&')
    .replace(/^[#>+=-]/, '\\$&')
    .replace(/^(\d+)(?=[.)])/, '$1\\')
}

/** A GFM table; the first column is text, the others are numbers. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = header.map((_, index) => (index === 0 ? ':---' : '---:'))
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Sentences as one paragraph; nothing when there is none to say. */
export function paragraph(...sentences: readonly Sentence[]): string {
  const text = sentences.filter((sentence) => typeof sentence === 'string' && sentence !== '').join(' ')
  return text === '' ? '' : `${text}\n\n`
}

/** A heading and its paragraphs. */
export function section(heading: string, ...paragraphs: readonly (readonly Sentence[])[]): string {
  return `## ${heading}\n\n${paragraphs.map((sentences) => paragraph(...sentences)).join('')}`
}

/** Names in a sentence: `A`, `A and B`, `A, B and C`; with semicolons where a name has a comma in it. */
export function listed(names: readonly string[], word = 'and'): string {
  if (names.length < 2) return names.join('')
  const [comma, last] = names.some((name) => name.includes(',')) ? ['; ', '; '] : [', ', ' ']
  return `${names.slice(0, -1).join(comma)}${last}${word} ${names.slice(-1).join('')}`
}

/** A sentence, or nothing to say. */
type Sentence = string | false | null | undefined
