import { join } from 'node:path'
import { type Server } from '@rejoin/testkit/server'
import { servePage } from '../../e2e/servePage.ts'
import { type Answers } from './answers.ts'
import { rejoinServer } from './rejoinServer.ts'
import { useChatServer } from './useChatServer.ts'

/** Where both servers are: a wire treats what is below it as streams of answers. */
export const apiPath = '/api'

/** One page, and behind it the servers of all lines. */
export async function startSite(answers: Answers): Promise<Server> {
  const rejoin = rejoinServer(answers)
  const useChat = useChatServer(answers)
  return await servePage(join(import.meta.dirname, 'page'), {
    agentPath: apiPath,
    handler: (request) => (new URL(request.url).pathname.startsWith(`${apiPath}/agent/`) ? rejoin(request) : useChat(request)),
  })
}
