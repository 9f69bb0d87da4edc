import { type AgentRunOptions } from '@rejoin/core'
import { type AgentGenerator, type GeneratorItem } from '@rejoin/proxy'

export const run: AgentRunOptions = { session: 'support', runId: 'run-1', user: 'ada' }
export const words = ['one ', 'two ', 'three ', 'four ', 'five.']

/** Counts, and notes after each word how many there are. Stands still before word `until`, as long as its process lives. */
export function counting({ until = Infinity } = {}): AgentGenerator {
  return async function* ({ left }): AsyncGenerator<GeneratorItem> {
    const from = typeof left?.checkpoint === 'number' ? left.checkpoint : 0
    for (const [at, word] of words.entries()) {
      if (at < from) continue
      if (at === until) await new Promise((resolve) => setTimeout(resolve, 600_000))
      yield word
      yield { type: 'checkpoint', state: at + 1 }
    }
  }
}

/** Asks for a city, and says who it was that went on with it. */
export function travelling(name: string): AgentGenerator {
  return async function* ({ ask, signal }): AsyncGenerator<GeneratorItem> {
    yield 'Where? '
    const city = await ask({ kind: 'input', prompt: 'Which city?' })
    yield `To ${city}, says ${name}.`
    signal.throwIfAborted()
  }
}
