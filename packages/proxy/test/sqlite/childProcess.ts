import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

export interface ChildProcess {
  /** The next line it says; `null` when it has ended. */
  line(): Promise<string | null>
  /** Where it stands still. */
  goOn(): void
  /** With SIGKILL; resolves when it is gone, with what it had still said. */
  kill(): Promise<string[]>
  /** Resolves with its exit code. */
  ended(): Promise<number | null>
}

/** Runs a task of `child.ts` on a file. */
export function startChild(task: string, file: string): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), task, file], { stdio: ['ignore', 'pipe', 'ignore'] })
  const exit = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const line = async (): Promise<string | null> => {
    const { done, value } = await lines.next()
    return done ? null : value
  }
  return {
    line,
    goOn: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL')
      await exit
      const rest: string[] = []
      for (let last = await line(); last !== null; last = await line()) rest.push(last)
      return rest
    },
    async ended() {
      const [code] = await exit
      return code
    },
  }
}
