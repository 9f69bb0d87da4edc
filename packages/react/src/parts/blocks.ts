/** A text, cut into blocks that join to the very same text. */
export type BlocksOf = (text: string) => readonly string[]

/** A line that opens or closes a code fence, with what follows its mark. */
const fenceLine = /^ {0,3}(`{3,}|~{3,})(.*)$/

/**
 * Cuts a growing text at blank lines outside of code fences. A block keeps the blank lines that follow
 * it, and is finished as soon as another begins; a line that is indented goes on with its block (a list
 * item of several paragraphs). Finished blocks stay the same whatever comes after them, so each text is
 * only looked at from where the one before it ended.
 */
export function createBlocks(): BlocksOf {
  let seen = ''
  let finished: string[] = []
  /** Where the open block begins, and the first line that is not complete yet. */
  let blockAt = 0
  let lineAt = 0
  let fence: string | null = null
  let hasContent = false
  let afterBlank = false

  function reset(): void {
    finished = []
    blockAt = 0
    lineAt = 0
    fence = null
    hasContent = false
    afterBlank = false
  }

  /** A new block begins with this line, if it is one that begins blocks. */
  function cutBefore(text: string): void {
    if (!afterBlank || !hasContent || fence !== null || isSpace(text[lineAt])) return
    finished.push(text.slice(blockAt, lineAt))
    blockAt = lineAt
    hasContent = false
    afterBlank = false
  }

  function readLine(line: string): void {
    const [, mark, rest = ''] = fenceLine.exec(line) ?? []
    if (fence !== null) {
      if (mark?.startsWith(fence) && rest.trim() === '') fence = null
    } else if (mark && !(mark.startsWith('`') && rest.includes('`'))) {
      fence = mark
    }
    afterBlank = fence === null && line.trim() === ''
    hasContent ||= !afterBlank
  }

  return (text) => {
    if (!text.startsWith(seen)) reset()
    seen = text
    while (lineAt < text.length) {
      cutBefore(text)
      const end = text.indexOf('\n', lineAt)
      if (end === -1) break
      readLine(text.slice(lineAt, end))
      lineAt = end + 1
    }
    return text === '' ? [] : [...finished, text.slice(blockAt)]
  }
}

function isSpace(character: string | undefined): boolean {
  return character === undefined || character.trim() === ''
}
