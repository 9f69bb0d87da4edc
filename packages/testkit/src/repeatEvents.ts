/** Gives each server-sent event of a byte stream twice. */
export interface EventRepeater {
  /** The events these bytes complete, doubled; what they do not complete is held back. */
  feed(bytes: Uint8Array): Uint8Array<ArrayBuffer>
  /** What is held back, which is then held no longer. */
  rest(): Uint8Array<ArrayBuffer>
}

const lf = 10
const cr = 13

export function repeatEvents(): EventRepeater {
  let held: number[] = []

  /** An event ends with an empty line. */
  function ends(): boolean {
    const [a, b, c, d] = held.slice(-4)
    const [last, before] = [held.at(-1), held.at(-2)]
    return last === before ? last === lf || last === cr : a === cr && b === lf && c === cr && d === lf
  }

  return {
    feed(bytes) {
      const out: number[] = []
      for (const byte of bytes) {
        held.push(byte)
        if ((byte !== lf && byte !== cr) || !ends()) continue
        for (const each of held) out.push(each)
        for (const each of held) out.push(each)
        held = []
      }
      return Uint8Array.from(out)
    },
    rest() {
      const rest = Uint8Array.from(held)
      held = []
      return rest
    },
  }
}
