import { type Agent } from '@rejoin/core'
import { loggedAgent, type LoggedAgentOptions } from '../logged/loggedAgent.ts'
import { entryOf, type AgentGenerator } from './generator.ts'

export interface BackgroundAgentOptions extends LoggedAgentOptions {}

/**
 * An agent written as an async generator. Each run writes to a log and goes on whoever is connected;
 * readers read the log. A run lives as long as this process.
 *
 * ```ts
 * backgroundAgent(async function* ({ messages, signal }) {
 *   yield { type: 'progress', step: { id: 'think', label: 'Thinking', state: 'active' } }
 *   yield 'Hello'
 * })
 * ```
 */
export function backgroundAgent(generator: AgentGenerator, options: BackgroundAgentOptions = {}): Agent {
  return loggedAgent(
    {
      read: ({ messages, session, runId, user, signal }) => generator({ messages, session, runId, user, signal }),
      produced(item) {
        const entry = entryOf(item)
        return { type: 'entries', entries: entry === null ? [] : [entry] }
      },
      goesOn: false,
    },
    options,
  )
}
