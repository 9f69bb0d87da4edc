import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface ChildProcess {
  /** The next line it says; `null` when it has ended. */
  line(): Promise<string | null>
  /** Where it stands still. */
  goOn(): void
  /** With SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Resolves with its exit code. */
  ended(): Promise<number | null>
}

/** Runs a task of `child.ts` on a file. */
export function startChild(task: string, file: string): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), task, file], { stdio: ['ignore', 'pipe', 'ignore'] })
  const exit = once(child, 'exit')
  const lines = linesOf(child.stdout.setEncoding('utf8'))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const line = async (): Promise<string | null> => (await lines.next()).value ?? null
  return {
    line,
    goOn: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL')
      await exit
    },
    async ended() {
      const [code] = await exit
      return code
    },
  }
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  let partial = ''
  for await (const chunk of chunks) {
    const lines = (partial + chunk).split('\n')
    partial = lines.pop() ?? ''
    yield* lines
  }
}
