import { type Agent } from '@rejoin/core'
import { loggedAgent, type HistoryOptions, type LoggedAgentOptions } from '../logged/loggedAgent.ts'
import { type AgentGenerator } from './generator.ts'
import { generatorSource, type AfterRestart } from './generatorSource.ts'

/** Where the runs of an agent are kept, and what becomes of them when its process dies. */
export interface BackgroundAgentOptions extends LoggedAgentOptions, HistoryOptions {
  /**
   * The generator can be called again for a run whose process has died, with what there is of it in `left`. It
   * `'continues'` right after `left.text`; or it `'repeats'` what came after its last checkpoint (or from the
   * beginning), the same again, which people then do not see twice. Text, reasoning and refusals have to be the same,
   * however they are cut: a run that repeats something else ends as `failed{interrupted}`. Parts and steps may differ;
   * then they take the place of those with the same ids.
   *
   * What it has asked since its checkpoint it asks again, in either case: what was answered resolves at once.
   *
   * Wants a `log` that outlives the process.
   * @default a run that loses its process ends as `failed{interrupted}`, with the text it has
   */
  afterRestart?: AfterRestart | undefined
}

/**
 * An agent written as an async generator. Each run writes to a log and goes on whoever is connected; readers read
 * the log.
 *
 * ```ts
 * backgroundAgent(async function* ({ messages, signal, ask }) {
 *   yield { type: 'progress', step: { id: 'think', label: 'Thinking', state: 'active' } }
 *   const name = await ask({ kind: 'input', prompt: 'What is your name?' })
 *   yield `Hello, ${name}`
 * })
 * ```
 */
export function backgroundAgent(generator: AgentGenerator, options: BackgroundAgentOptions = {}): Agent {
  return loggedAgent(generatorSource(generator, options.afterRestart), options)
}
