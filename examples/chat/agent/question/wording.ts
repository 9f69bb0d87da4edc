/**
 * Matches any of the words in a text, whatever their case. Words stand apart by spaces and may be patterns; an
 * underscore is a space within one.
 */
export function anyOf(words: string): RegExp {
  return new RegExp(String.raw`\b(?:${words.trim().split(/\s+/).join('|').replaceAll('_', ' ')})\b`, 'i')
}
