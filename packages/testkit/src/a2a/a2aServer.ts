import { type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { type Message } from '@a2a-js/sdk'
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'
import { textIn } from './events.ts'
import { listen } from './listener.ts'
import { type KnownTask } from './player.ts'
import { startProcess, type AgentProcess } from './process.ts'
import { type A2aScript } from './script.ts'
import { createTasks, type A2aStoreDelays } from './taskStore.ts'

/** What the agent behind a server does, and how its server behaves. */
export interface A2aServerOptions {
  /** What becomes of each message that begins a task. A function is asked once for each, with its text. */
  script: A2aScript | ((text: string) => A2aScript)
  /** How slow its task store is. @default at once */
  store?: A2aStoreDelays | undefined
  /** Whether it streams, as its card says. @default true */
  streaming?: boolean | undefined
}

/** A request as it came in. */
export interface A2aRequest {
  /** The protocol's name for it: `GetTask`, … */
  readonly method: string
  readonly params: unknown
  readonly headers: IncomingHttpHeaders
}

/** A server of the official SDK on the loopback interface, with an agent that plays scripts. */
export interface A2aServer {
  /** Where its JSON-RPC binding is. */
  readonly url: string
  /** Where its agent card is. */
  readonly cardUrl: string
  /** All that came in, in order. The card is not among them. */
  readonly requests: readonly A2aRequest[]
  /** How many messages its agent has been given, answers to what its tasks ask included. */
  started(): number
  /** Cuts every connection, as a process does that dies: nothing is written any more, and nobody answered. */
  kill(): Promise<void>
  /**
   * Starts again at the same address. The agent goes on with the tasks that were kept, behind what had been saved of
   * each; forgotten ones are unknown to it.
   */
  restart(tasks: 'kept' | 'forgotten'): Promise<void>
  /** Stops for good. */
  close(): Promise<void>
}

const path = '/a2a/jsonrpc'
const cardPath = '/.well-known/agent-card.json'

/**
 * Serves an agent with `@a2a-js/sdk`: protocol 1.0, JSON-RPC over HTTP, by the SDK's own handlers for Express.
 * Needs both packages beside this one.
 */
export async function a2aServer({ script, store = {}, streaming = true }: A2aServerOptions): Promise<A2aServer> {
  const requests: A2aRequest[] = []
  const known = new Map<string, KnownTask>()
  let started = 0
  let tasks = createTasks()
  let process: AgentProcess | null = null
  let handle: RequestListener = (_, response) => response.destroy()

  function onMessage(): void {
    started += 1
  }

  function scriptFor(message: Message): A2aScript {
    return typeof script === 'function' ? script(textIn(message)) : script
  }

  function begin(url: string): void {
    process = startProcess({ url, streaming, onMessage, scriptFor, tasks, known, delays: store })
    const { handler } = process
    const app = express()
    app.use(cardPath, agentCardHandler({ agentCardProvider: handler }))
    app.use(path, express.json(), (request, _, next) => {
      requests.push({ method: String(request.body?.method), params: request.body?.params, headers: request.headers })
      next()
    })
    app.use(path, jsonRpcHandler({ requestHandler: handler, userBuilder: UserBuilder.noAuthentication }))
    handle = app
  }

  const entry: RequestListener = (request, response) => handle(request, response)
  let listener = await listen(entry)
  const { port } = listener
  const origin = `http://127.0.0.1:${port}`
  begin(origin + path)

  async function kill(): Promise<void> {
    process?.kill()
    await listener.close()
  }

  return {
    url: origin + path,
    cardUrl: origin + cardPath,
    requests,
    started: () => started,
    kill,
    async restart(which) {
      await kill()
      if (which === 'forgotten') {
        tasks = createTasks()
        known.clear()
      }
      begin(origin + path)
      listener = await listen(entry, port)
    },
    close: kill,
  }
}
