import { agentFrom } from './agent.ts'
import { sentenceFor, shortcomingOf } from './failure.ts'
import { resume } from './resume.ts'

const { agent, name, note } = agentFrom(process.env)
if (note !== null) console.log(note)

try {
  const state = await resume({ agent, print: (text) => process.stdout.write(text) })
  const shortcoming = shortcomingOf(state)
  if (shortcoming !== null) fail(shortcoming)
} catch (error) {
  fail(sentenceFor(error, name))
}

function fail(sentence: string): void {
  console.error(`\n${sentence}`)
  process.exitCode = 1
}
