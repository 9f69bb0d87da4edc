import { backgroundAgent, type EventLog } from '@rejoin/proxy'
import { salesAgent, type SalesAgentOptions } from '../agent/salesAgent.ts'
import type { Desk } from './desk.ts'
import { numberFrom } from './numberFrom.ts'

/** The agent that needs no key. Its runs are in `log`, and go on from there when this process dies. */
export function salesDesk(log: EventLog, { send, sizeOf }: Pick<SalesAgentOptions, 'send' | 'sizeOf'>): Desk {
  /** How fast the agent works: 1 writes the report in about a minute, 0 at once. */
  const pace = numberFrom('SALES_PACE', { otherwise: 1, min: 0, max: 100 })
  const file = process.env.SALES_FILE ?? new URL('../data/sales.csv', import.meta.url)
  return {
    agent: backgroundAgent(
      async function* (context) {
        console.log(`run ${context.runId} ${context.left ? 'goes on' : 'started'}`)
        yield* salesAgent(context, { file, pace, send, sizeOf })
      },
      { log, afterRestart: 'continues' },
    ),
    about: {
      title: 'Sales desk',
      agent: 'Sales agent (built in)',
      session: 'sales',
      placeholder: 'Ask for the report, or about a region or a product',
      suggestions: ['Create the monthly sales report', 'How did my region do?', 'Send the report to the managers'],
      takesFiles: true,
    },
  }
}
