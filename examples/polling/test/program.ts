import { spawn } from 'node:child_process'
import { text as textOf } from 'node:stream/consumers'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program as a person would, with nothing but these variables about OpenAI. */
export async function runProgram(env: Readonly<Record<string, string>>): Promise<Ended> {
  const unset = Object.fromEntries(Object.keys(process.env).map((name) => [name, name.startsWith('OPENAI_') ? undefined : process.env[name]]))
  const child = spawn(process.execPath, ['main.ts'], {
    cwd: new URL('..', import.meta.url),
    env: { ...unset, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
  return { code: await code, stdout, stderr }
}
