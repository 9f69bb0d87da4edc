import { afterCharacter } from './plainBlock.tsx'

/** So much of a question has room in a label or a line of status, in characters. */
const maxLength = 200

/** Words as one line, and their beginning only where it is long. */
export function oneLine(words: string): string {
  const line = words.trim().replaceAll(/\s+/g, ' ')
  return line.length <= maxLength ? line : `${line.slice(0, afterCharacter(line, maxLength))}…`
}
