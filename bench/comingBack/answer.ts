import { delay } from '@rejoin/core'

/** An answer that goes on at one pace, whoever reads it, until it is told to end. Each of its words is there once. */
export interface Answer {
  /** Begins it. It can be read once. */
  words(): AsyncGenerator<string>
  /** What has been said so far. */
  readonly text: string
  /** It says what is due by now, and ends. */
  end(): void
}

/** What an answer says at once, as if it had been at it for half a minute: what comes back has something to come back to. */
export const openingWords = 600

/** Between two words, in milliseconds, after those. */
const paceMs = 25

export function createAnswer(): Answer {
  let said = 0
  let text = ''
  let over = false

  function next(): string {
    said += 1
    const word = `w${said} `
    text += word
    return word
  }

  return {
    async *words() {
      while (said < openingWords) yield next()
      const began = performance.now()
      while (!over) {
        // By the clock: on a machine that is late, what is due comes together, and the pace is the same.
        const due = openingWords + Math.floor((performance.now() - began) / paceMs)
        while (said < due) yield next()
        await delay(paceMs)
      }
    },
    get text() {
      return text
    },
    end() {
      over = true
    },
  }
}

/** The words of an answer, as they stand in a text, or in what has passed on a wire. */
export function wordsIn(text: string): string[] {
  return text.match(/\bw\d+ /g) ?? []
}
