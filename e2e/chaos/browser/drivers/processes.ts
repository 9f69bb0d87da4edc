import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'

/** A process of this machine, from Linux' /proc. */
export interface Process {
  readonly pid: number
  readonly parent: number
  /** Its short name: `Isolated Web Co`. */
  readonly name: string
  /** How it was started, with blanks between. */
  readonly command: string
}

function processes(): Process[] {
  return readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) ? (processOf(Number(entry)) ?? []) : []))
}

/** Those that `isRoot` holds for, and all that they have started. */
export function family(isRoot: (process: Process) => boolean): Process[] {
  const all = processes()
  const found = new Set(all.filter(isRoot))
  const parents = new Set([...found].map(({ pid }) => pid))
  // Sets grow while they are gone through.
  for (const parent of parents) {
    for (const child of all) {
      if (child.parent !== parent || found.has(child)) continue
      found.add(child)
      parents.add(child.pid)
    }
  }
  return [...found]
}

/** Kills them, and resolves when they are gone. */
export async function killAll(victims: readonly Process[]): Promise<void> {
  for (const { pid } of victims) kill(pid)
  while (victims.some(isThere)) await passed(5)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function isThere({ pid, command }: Process): boolean {
  return processOf(pid)?.command === command
}

/** `null` where it is gone, or is waited for by its parent only. */
function processOf(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z') return null
    return { pid, parent: Number(parent), name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), command }
  } catch {
    return null
  }
}
