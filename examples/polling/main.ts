import { agentFrom, nameFrom } from './agent.ts'
import { sentenceFor, shortcomingOf } from './failure.ts'
import { poll } from './poll.ts'

try {
  const { agent, note } = agentFrom(process.env)
  if (note !== null) console.error(note)
  const state = await poll({ agent, print: (text) => process.stdout.write(text) })
  const shortcoming = shortcomingOf(state)
  if (shortcoming !== null) fail(shortcoming)
} catch (error) {
  fail(sentenceFor(error, nameFrom(process.env)))
}

function fail(sentence: string): void {
  console.error(`\n${sentence}`)
  process.exitCode = 1
}
