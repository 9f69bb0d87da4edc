import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const example = join(import.meta.dirname, '../examples/chat')

/** `examples/chat` in a process of its own, as a person would start it. */
export interface ExampleServer {
  readonly url: string
  /** The runs the agent has started, in order. */
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
  /** The sales agent's: 1 writes the report in about a minute. @default 1 */
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
  const { pace = 1, dev = false, env = {} } = options
  // A key in the environment of whoever runs the tests is not for them.
  const noModel = { OPENAI_API_KEY: undefined, OPENAI_MODEL: undefined, OPENAI_BASE_URL: undefined }
  const child = spawn('vite', [...(dev ? [] : ['preview']), '--host', '127.0.0.1'], {
    cwd: example,
    env: { ...process.env, ...noModel, ...env, DATA_FOLDER: folder, PORT: String(port), SALES_PACE: String(pace), FORCE_COLOR: undefined, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const started: string[] = []
  const goneOn: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The example ended with ${code}.`)))
    child.once('error', reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, run, how] = /^run (\S+) (started|goes on)$/.exec(line) ?? []
      if (run) (how === 'started' ? started : goneOn).push(run)
      if (line.includes(`:${port}`)) resolve()
    })
  })
  await ready
  return {
    url: `http://127.0.0.1:${port}`,
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
