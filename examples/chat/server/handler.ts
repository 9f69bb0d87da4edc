import { randomBytes } from 'node:crypto'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { salesAgent } from '../agent/salesAgent.ts'
import { createConversations } from './conversations.ts'
import { agentPath } from './agentPath.ts'
import { numberFrom } from './numberFrom.ts'
import { visitorOf } from './visitor.ts'

/** How fast the agent works: 1 writes the report in about a minute, 0 at once. */
const pace = numberFrom('SALES_PACE', { otherwise: 1, min: 0, max: 100 })
const file = process.env.SALES_FILE ?? new URL('../data/sales.csv', import.meta.url)

const conversations = createConversations()

const agent = backgroundAgent(async function* (context) {
  const { user, session, messages, runId } = context
  const question = messages.at(-1)
  if (question) conversations.add({ user, session }, question)
  console.log(`run ${runId} started`)
  yield* salesAgent(context, { file, pace })
})

export const handler: (request: Request) => Promise<Response> = createAgentProxy({
  agent,
  basePath: agentPath,
  // Without one, tokens end with this process; so do the runs, which are kept in its memory.
  secret: process.env.REJOIN_SECRET ?? randomBytes(32).toString('base64url'),
  authorize: (request) => ({ user: visitorOf(request.headers.get('cookie')) }),
  history: (conversation) => conversations.earlier(conversation),
})
