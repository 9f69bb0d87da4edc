import { join } from 'node:path'
import { isRejoinError } from '@rejoin/core'
import { createAgentProxy } from '@rejoin/proxy'
import { sqliteStore } from '@rejoin/proxy/sqlite'
import type { About } from './about.ts'
import { agentPath } from './agentPath.ts'
import { createConversations } from './conversations.ts'
import { dataFolder } from './dataFolder.ts'
import { createFiles } from './files.ts'
import { openAIFrom } from './openAI.ts'
import { openAIDesk } from './openAIDesk.ts'
import { createOutbox } from './outbox.ts'
import { salesDesk } from './salesDesk.ts'
import { secretIn } from './secret.ts'
import { visitorOf } from './visitor.ts'

const openAI = openAIFrom(process.env)
const folder = dataFolder()
const { log, registry } = sqliteStore({ file: join(folder, 'runs.sqlite') })
const files = createFiles(join(folder, 'files'))
const send = createOutbox(join(folder, 'outbox.jsonl'))
const desk = openAI === null ? salesDesk(log, { send, sizeOf: files.sizeOf }) : openAIDesk(openAI)
const conversations = createConversations(join(folder, 'conversations.sqlite'))

export const about: About = desk.about

export const filesHandler: (request: Request) => Promise<Response> = files.handler

export const handler: (request: Request) => Promise<Response> = createAgentProxy({
  agent: desk.agent,
  basePath: agentPath,
  secret: secretIn(folder),
  registry,
  authorize: (request) => ({ user: visitorOf(request.headers.get('cookie')) }),
  history: (conversation) => conversations.messages(conversation),
  record: (recorded) => conversations.save(recorded),
  // A code only: whatever else an error holds may be what a person or a provider wrote.
  onError: (error, where) => console.error(`The agent failed (${where}): ${isRejoinError(error) ? error.code : 'internal'}`),
})
