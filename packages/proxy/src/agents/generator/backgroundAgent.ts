import { type Agent } from '@rejoin/core'
import { loggedAgent, type LoggedAgentOptions } from '../logged/loggedAgent.ts'
import { type AgentGenerator } from './generator.ts'
import { mortal } from './mortal.ts'
import { restartable, type AfterRestart } from './restartable.ts'

/** Where the runs of an agent are kept, and what becomes of them when its process dies. */
export interface BackgroundAgentOptions extends LoggedAgentOptions {
  /**
   * The generator can be called again for a run whose process has died, with what there is of it in `left`. It
   * `'continues'` right after `left.text`; or it `'repeats'` what came after its last checkpoint (or from the
   * beginning), the same text again, which people then do not see twice. A run that repeats something else ends as
   * `failed{interrupted}`.
   *
   * Wants a `log` that outlives the process; that keeps a run's messages too, until it has ended.
   * @default a run that loses its process ends as `failed{interrupted}`, with the text it has
   */
  afterRestart?: AfterRestart | undefined
}

/**
 * An agent written as an async generator. Each run writes to a log and goes on whoever is connected; readers read
 * the log.
 *
 * ```ts
 * backgroundAgent(async function* ({ messages, signal }) {
 *   yield { type: 'progress', step: { id: 'think', label: 'Thinking', state: 'active' } }
 *   yield 'Hello'
 * })
 * ```
 */
export function backgroundAgent(generator: AgentGenerator, options: BackgroundAgentOptions = {}): Agent {
  const { afterRestart } = options
  return afterRestart === undefined ? loggedAgent(mortal(generator), options) : loggedAgent(restartable(generator, afterRestart), options)
}
