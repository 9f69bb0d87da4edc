import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'

/** The agent, in a process of its own. */
export interface AgentProcess {
  /** Where its agent card is. */
  readonly card: string
  stop(): void
}

/** Starts it on a port that is free, and passes on what it prints. */
export function startAgent(): Promise<AgentProcess> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('../agent/main.ts', import.meta.url), {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const stop = (): void => void child.kill()
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (child.killed) return
      const ended = `The A2A agent has ended with ${code ?? signal}, so nobody answers. Its reason stands above; start again.`
      console.error(ended)
      reject(new Error(ended))
    })
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.log(line)
      const [card] = /http:\S+\/agent-card\.json/.exec(line) ?? []
      if (card !== undefined) resolve({ card, stop })
    })
  })
}
