import type { GeneratorContext } from '@rejoin/proxy'
import type { SalesAgentOptions } from '../agent/salesAgent.ts'

type Context = Omit<GeneratorContext, 'left' | 'session'> & Partial<Pick<GeneratorContext, 'left'>>

/** What the agent is called with, where nobody is there to be asked. */
export function contextOf(given: Partial<Context>): Context {
  return {
    messages: [],
    runId: 'run-1',
    user: 'ada',
    signal: new AbortController().signal,
    ask: () => Promise.reject(new Error('Nobody was to be asked.')),
    ...given,
  }
}

/** Nobody to send to, and no files. */
export const nobody: Pick<SalesAgentOptions, 'send' | 'sizeOf'> = {
  send() {
    throw new Error('Nothing was to be sent.')
  },
  sizeOf: async () => null,
}
