import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

/** A server of a fresh app, with all the processes it has started. */
export interface Program {
  /** The runs that its agent says it has started, in order. */
  readonly started: readonly string[]
  stop(): Promise<void>
}

export interface ProgramOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  /** Where it is going to listen. */
  port: number
}

/** Runs a command to its end. @returns what it said */
export async function runToEnd(command: string, { cwd, env }: Omit<ProgramOptions, 'port'>): Promise<string> {
  const { child, said, ended } = begin(command, cwd, env)
  try {
    const code = await ended
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${said()}`)
    return said()
  } finally {
    await stopGroup(child)
  }
}

/** Starts a command, and waits until it listens. */
export async function startProgram(command: string, { cwd, env, port }: ProgramOptions): Promise<Program> {
  const { child, said, ended } = begin(command, cwd, env)
  try {
    while (!(await listensOn(port))) {
      const code = await Promise.race([ended, wait(50, 'later' as const)])
      if (code !== 'later') throw new Error(`${command} ended with ${code}:\n${said()}`)
    }
  } catch (error) {
    await stopGroup(child)
    throw error
  }
  return {
    get started() {
      return [...said().matchAll(/^run (\S+) started$/gm)].map(([, run = '']) => run)
    },
    stop: () => stopGroup(child),
  }
}

function begin(command: string, cwd: string, env: NodeJS.ProcessEnv) {
  // A group of its own: npm and its shell do not pass on what they are told.
  const child = spawn('sh', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => code)
  const kill = (): void => killGroup(child, 'SIGKILL')
  process.once('exit', kill)
  void ended.then(() => process.off('exit', kill))
  return { child, said: () => lines.join('\n'), ended }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  killGroup(child, 'SIGTERM')
  if (child.exitCode !== null || child.signalCode !== null) return killGroup(child, 'SIGKILL')
  const exit = once(child, 'exit')
  await Promise.race([exit, wait(5_000, undefined, { ref: false })])
  killGroup(child, 'SIGKILL')
  await exit
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left in it.
  }
}

async function listensOn(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
