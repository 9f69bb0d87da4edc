import { decodeFrame, type Frame } from '@rejoin/core'

/** The frames in a piece of a stream; comments are passed over. */
export function framesIn(text: string): (Frame | null)[] {
  return text
    .split('\n\n')
    .filter((event) => event !== '' && event !== ':')
    .map((event) => decodeFrame(/^id:(.*)$/m.exec(event)?.[1], /^data:(.*)$/m.exec(event)?.[1] ?? ''))
}
