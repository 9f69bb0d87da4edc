/** The events and comments of a stream, each as soon as it is whole and with the very bytes it came in; then what is left. */
export async function* eventsIn(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  /** Two ends of line in a row, of whichever kind. It keeps its place between two events, so each stream has its own. */
  const blankLine = /(?:\r\n|\r(?!\n)|\n){2}/g
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    // The longest that may stand at the end of the rest and be a part of what is looked for.
    blankLine.lastIndex = Math.max(0, rest.length - 3)
    rest = Buffer.concat([rest, chunk])
    // One character a byte: ends of line are never a part of another character.
    const bytes = rest.toString('latin1')
    let from = 0
    while (blankLine.exec(bytes) !== null) {
      yield rest.subarray(from, blankLine.lastIndex)
      from = blankLine.lastIndex
    }
    rest = rest.subarray(from)
  }
  if (rest.length > 0) yield rest
}
