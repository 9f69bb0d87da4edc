import { backgroundAgent } from '@rejoin/proxy'
import { salesAgent } from '../agent/salesAgent.ts'
import type { Desk } from './desk.ts'
import { numberFrom } from './numberFrom.ts'

/** The agent that needs no key. */
export function salesDesk(): Desk {
  /** How fast the agent works: 1 writes the report in about a minute, 0 at once. */
  const pace = numberFrom('SALES_PACE', { otherwise: 1, min: 0, max: 100 })
  const file = process.env.SALES_FILE ?? new URL('../data/sales.csv', import.meta.url)
  return {
    agent: backgroundAgent(async function* (context) {
      console.log(`run ${context.runId} started`)
      yield* salesAgent(context, { file, pace })
    }),
    about: {
      title: 'Sales desk',
      agent: 'Sales agent (built in)',
      session: 'sales',
      placeholder: 'Ask for the report, or about a region or a product',
      suggestions: ['Create the monthly sales report', 'How did the North do?', 'Compare the North and the South'],
    },
  }
}
