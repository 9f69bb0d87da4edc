import { anyOf } from './wording.ts'

/**
 * The names that a text mentions, whatever their case, in singular or plural.
 *
 * In `part` a name is meant by any of its words, unless another name fits better: `desk lamps` is the desk lamp
 * and not the standing desk, `desks` is both. In `full` all words before a name's first comma have to be there.
 */
export function mentioned(text: string, names: readonly string[], match: 'part' | 'full'): string[] {
  const said = new Set(words(text))
  const hits = names
    .map((name) => ({ name, found: words(name).filter((word) => isTelling(word) && said.has(word)) }))
    .filter(({ name, found }) => found.length > 0 && (match === 'part' || isFull(name, found)))
  return hits
    .filter(({ found }) => !hits.some((other) => other.found.length > found.length && contains(other.found, found)))
    .map(({ name }) => name)
}

function words(text: string): string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return (plain.match(/[\p{L}\p{N}]+/gu) ?? []).map(singular)
}

function singular(word: string): string {
  const side = /^(north|south|east|west)ern$/.exec(word)?.[1]
  return side ?? (word.length > 3 ? word.replace(/(?<=[^s])s$/, '') : word)
}

// A size such as 27 or a word such as "and" says nothing about which name is meant.
function isTelling(word: string): boolean {
  return word.length > 1 && /\p{L}/u.test(word) && !commonWord.test(word)
}

const commonWord = anyOf(`
  and channel for from how last month our per product region report revenue sale sell the this unit what with`)

function isFull(name: string, found: readonly string[]): boolean {
  return contains(found, words(name.split(',', 1).join('')).filter(isTelling))
}

function contains(all: readonly string[], part: readonly string[]): boolean {
  return part.every((word) => all.includes(word))
}
