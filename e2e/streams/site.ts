import { setTimeout as passed } from 'node:timers/promises'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { servePage } from '../servePage.ts'

/** A page of several chats, whose agent writes on and on until it is told to finish. */
export interface Site {
  readonly url: string
  /** What has been written in a chat. */
  written(chat: string): string
  /** How many answers have begun in a chat. */
  begun(chat: string): number
  finish(chat: string): void
  close(): Promise<void>
}

export async function startSite(agentPath: string): Promise<Site> {
  const texts = new Map<string, string>()
  const starts = new Map<string, number>()
  const finished = new Set<string>()

  const agent = backgroundAgent(async function* ({ session, signal }) {
    starts.set(session, (starts.get(session) ?? 0) + 1)
    for (let word = 1; !signal.aborted && !finished.has(session); word += 1) {
      const text = `${session}${word} `
      texts.set(session, (texts.get(session) ?? '') + text)
      yield text
      await passed(50)
    }
  })
  const handler = createAgentProxy({ agent, basePath: agentPath, secret: 'only for tests, and long enough for that', authorize: () => null })
  const server = await servePage(import.meta.dirname, { agentPath, handler })

  return {
    url: server.url,
    written: (chat) => texts.get(chat) ?? '',
    begun: (chat) => starts.get(chat) ?? 0,
    finish: (chat) => void finished.add(chat),
    async close() {
      for (const chat of starts.keys()) finished.add(chat)
      await server.close()
    },
  }
}
