import { type LoggedSource } from '../logged/loggedAgent.ts'
import { entryOf, isCheckpoint, type AgentGenerator, type GeneratorItem } from './generator.ts'

/** Runs that end with their process. */
export function mortal(generator: AgentGenerator): LoggedSource<GeneratorItem> {
  return {
    read: ({ messages, session, runId, user, signal }) => generator({ messages, session, runId, user, signal, left: null }),
    produced(item) {
      if (isCheckpoint(item)) {
        throw new TypeError(
          'A generator agent yielded a checkpoint that nobody would go on from: its runs end with their process. Give backgroundAgent `afterRestart`.',
        )
      }
      const entry = entryOf(item)
      return { type: 'entries', entries: entry === null ? [] : [entry] }
    },
    goesOn: false,
    keepsMessages: false,
  }
}
