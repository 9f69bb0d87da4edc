import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textOf, type ChatMessage } from '@rejoin/core'
import { backgroundAgent, createAgentProxy, type RecordedMessage } from '@rejoin/proxy'
import { sqliteStore } from '@rejoin/proxy/sqlite'
import { servePage } from '../servePage.ts'

/** A page of several chats, whose agent says what it was told before. What it knows is in the log of its runs alone. */
export interface TurnsSite {
  readonly url: string
  /** What was recorded, in order. */
  readonly recorded: readonly RecordedMessage[]
  /** How often the agent was called. */
  readonly called: number
  /** Lets answers go on that wait in the middle: those to what begins with "wait". */
  goOn(): void
  /** The server forgets all but its file. */
  startAgain(): Promise<void>
  close(): Promise<void>
}

export async function startTurns(agentPath: string): Promise<TurnsSite> {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-turns-'))
  const recorded: RecordedMessage[] = []
  let called = 0
  let waiting = Promise.withResolvers<void>()

  const agent = (log: ReturnType<typeof sqliteStore>['log']) =>
    backgroundAgent(
      async function* ({ messages, ask }) {
        called += 1
        const asked = textOf(messages.at(-1) ?? { parts: [] })
        yield `Answer ${called} `
        if (asked.startsWith('wait')) await waiting.promise
        if (asked.startsWith('ask')) yield (await ask({ kind: 'approval', prompt: 'Go on?' })).approved ? 'Yes. ' : 'No. '
        yield `to ${asked}. Before: ${messages.slice(0, -1).map(inShort).join(', ') || 'nothing'}.`
      },
      { log },
    )

  function open() {
    const { log, registry, close } = sqliteStore({ file: join(folder, 'runs.sqlite') })
    const handler = createAgentProxy({
      agent: agent(log),
      registry,
      basePath: agentPath,
      secret: 'only for tests, and long enough for that',
      authorize: (request) => ({ user: /(?:^|; )user=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? null }),
      record: (message) => void recorded.push(message),
    })
    return { handler, close }
  }

  let opened = open()
  const server = await servePage(import.meta.dirname, { agentPath, handler: (request) => opened.handler(request) })
  return {
    url: server.url,
    recorded,
    get called() {
      return called
    },
    goOn() {
      waiting.resolve()
      waiting = Promise.withResolvers()
    },
    async startAgain() {
      await opened.close()
      opened = open()
    },
    async close() {
      await server.close()
      await opened.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function inShort(message: ChatMessage): string {
  const text = textOf(message)
  return message.role === 'user' ? text : (/^Answer \d+/.exec(text)?.[0] ?? text)
}
