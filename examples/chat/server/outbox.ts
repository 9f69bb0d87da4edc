import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Letter } from '../agent/letter.ts'

/** Stands in for a mail server: what is sent is a line in a file. */
export function createOutbox(file: string): (letter: Letter) => void {
  return (letter) => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
    // A process that has died since has sent it.
    if (lines.some((line) => line !== '' && JSON.parse(line).key === letter.key)) return
    appendFileSync(file, `${JSON.stringify(letter)}\n`, { flush: true })
  }
}
