import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const example = join(import.meta.dirname, '../examples/chat')

/** `examples/chat` in a process of its own, as a person would start it. */
export interface ExampleServer {
  readonly url: string
  /** The runs the agent has started, in order. */
  readonly started: readonly string[]
  stop(): Promise<void>
}

export interface ExampleOptions {
  /** The sales agent's: 1 writes the report in about a minute. @default 1 */
  pace?: number
  /** The development server in place of the built page. */
  dev?: boolean
  env?: Record<string, string>
}

export async function startExample({ pace = 1, dev = false, env = {} }: ExampleOptions): Promise<ExampleServer> {
  const port = await freePort()
  // A key in the environment of whoever runs the tests is not for them.
  const noModel = { OPENAI_API_KEY: undefined, OPENAI_MODEL: undefined, OPENAI_BASE_URL: undefined }
  const child = spawn('vite', [...(dev ? [] : ['preview']), '--host', '127.0.0.1'], {
    cwd: example,
    env: { ...process.env, ...noModel, ...env, PORT: String(port), SALES_PACE: String(pace), FORCE_COLOR: undefined, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const started: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The example ended with ${code}.`)))
    child.once('error', reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const run = /^run (\S+) started$/.exec(line)?.[1]
      if (run) started.push(run)
      if (line.includes(`:${port}`)) resolve()
    })
  })
  await ready
  return { url: `http://127.0.0.1:${port}`, started, stop: () => stopped(child) }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
