import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** An example with a page, and its variable for how fast the agent works. */
const examples = { chat: 'SALES_PACE', a2a: 'AGENT_PACE' } as const

export type ExampleName = keyof typeof examples

export function folderOf(name: ExampleName): string {
  return join(import.meta.dirname, '../examples', name)
}

/** An example in a process of its own, as a person would start it. */
export interface ExampleServer {
  readonly url: string
  /** Where it keeps what outlives it. */
  readonly folder: string
  /** What it has printed, line by line. */
  readonly printed: readonly string[]
  /** The runs, or the tasks, that the agent has started, in order. */
  readonly started: readonly string[]
  /** Those that it went on with, which another process had started. */
  readonly goneOn: readonly string[]
  stop(): Promise<void>
  /** Ends it without a word, as a crash does. */
  kill(): Promise<void>
  /** The same server once more, on the same port and data, when it is ready. */
  startAgain(): Promise<ExampleServer>
}

export interface ExampleOptions {
  /** @default 'chat' */
  name?: ExampleName
  /** The agent's: 1 is what a person sees, 0 takes no time. @default 1 */
  pace?: number
  /** The development server in place of the built page. */
  dev?: boolean
  env?: Record<string, string>
}

export async function startExample(options: ExampleOptions): Promise<ExampleServer> {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-example-'))
  return await startOn(await freePort(), folder, options)
}

async function startOn(port: number, folder: string, options: ExampleOptions): Promise<ExampleServer> {
  const { name = 'chat', pace = 1, dev = false, env = {} } = options
  // A key in the environment of whoever runs the tests is not for them, and neither is an agent.
  const nobodyElse = { OPENAI_API_KEY: undefined, OPENAI_MODEL: undefined, OPENAI_BASE_URL: undefined, AGENT_CARD: undefined }
  const child = spawn('vite', [...(dev ? [] : ['preview']), '--host', '127.0.0.1'], {
    cwd: folderOf(name),
    env: { ...process.env, ...nobodyElse, ...env, DATA_FOLDER: folder, PORT: String(port), [examples[name]]: String(pace), FORCE_COLOR: undefined, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const printed: string[] = []
  const started: string[] = []
  const goneOn: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The example ended with ${code}.`)))
    child.once('error', reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed.push(line)
      const [, run, how] = /^(?:run|task) (\S+) (started|goes on)$/.exec(line) ?? []
      if (run) (how === 'started' ? started : goneOn).push(run)
      if (line.includes(`:${port}`)) resolve()
    })
  })
  await ready
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    printed,
    started,
    goneOn,
    async stop() {
      await ended(child, 'SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
    kill: () => ended(child, 'SIGKILL'),
    startAgain: () => startOn(port, folder, options),
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
