import { type ReactNode } from 'react'

/** Setting a text node costs its length, so the open end of a long paragraph is a node of its own. */
const pieceLength = 2_048

/** A block as it is, in pieces that only show in the DOM. */
export function plainBlock(block: string): ReactNode {
  return <div>{piecesOf(block)}</div>
}

/** Cuts after white space where there is some, so that no word, emoji or accent is torn apart. */
export function piecesOf(text: string): readonly string[] {
  const pieces: string[] = []
  let from = 0
  while (text.length - from > pieceLength) {
    const space = text.slice(from, from + pieceLength).search(/\s\S*$/)
    const to = space === -1 ? afterCharacter(text, from + pieceLength) : from + space + 1
    pieces.push(text.slice(from, to))
    from = to
  }
  return [...pieces, text.slice(from)]
}

/** Never between the halves of a surrogate pair. */
export function afterCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at
}
