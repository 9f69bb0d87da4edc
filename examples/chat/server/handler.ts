import { randomBytes } from 'node:crypto'
import { isRejoinError } from '@rejoin/core'
import { createAgentProxy } from '@rejoin/proxy'
import type { About } from './about.ts'
import { agentPath } from './agentPath.ts'
import { openAIFrom } from './openAI.ts'
import { openAIDesk } from './openAIDesk.ts'
import { remembering } from './remembering.ts'
import { salesDesk } from './salesDesk.ts'
import { visitorOf } from './visitor.ts'

const openAI = openAIFrom(process.env)
const desk = openAI === null ? salesDesk() : openAIDesk(openAI)
const { agent, history } = remembering(desk.agent)

export const about: About = desk.about

export const handler: (request: Request) => Promise<Response> = createAgentProxy({
  agent,
  basePath: agentPath,
  // Without one, tokens end with this process; so do the runs of the sales agent, which are kept in its memory.
  secret: process.env.REJOIN_SECRET ?? randomBytes(32).toString('base64url'),
  authorize: (request) => ({ user: visitorOf(request.headers.get('cookie')) }),
  history,
  // A code only: whatever else an error holds may be what a person or a provider wrote.
  onError: (error, where) => console.error(`The agent failed (${where}): ${isRejoinError(error) ? error.code : 'internal'}`),
})
