import { abortable, type Tabs } from '@rejoin/core'
import { type SeededRandom } from './random.ts'

/** One browser's locks and channels, in memory: a lock keeps the others out, a message takes its time. */
export interface TabHub {
  /** The share of one tab until `life` ends; its locks then pass on, and it hears nothing any more. */
  tab(life: AbortSignal): Tabs
}

interface Turn {
  grant(): void
}

interface Listener {
  readonly hear: (message: unknown) => void
  /** When the last message to it arrives: none overtakes another. */
  at: number
}

const longestGrantMs = 5
const longestMessageMs = 30

/**
 * The locks and channels of a browser whose tabs are engines of one process: give each engine `hub.tab(life)` as its `tabs`. Locks are granted within 5 ms, messages arrive within 30,
 * none overtakes another; with fake timers a plan is the same each time.
 * @param random how long each takes
 */
export function createTabHub(random: SeededRandom): TabHub {
  /** The first holds the lock. */
  const queues = new Map<string, Turn[]>()
  const channels = new Map<string, Set<Listener>>()

  function join(name: string, turn: Turn): void {
    const queue = queues.get(name) ?? []
    queues.set(name, queue)
    queue.push(turn)
    if (queue.length === 1) turn.grant()
  }

  function leave(name: string, turn: Turn): void {
    const queue = queues.get(name) ?? []
    const at = queue.indexOf(turn)
    if (at === -1) return
    queue.splice(at, 1)
    if (at === 0) queue[0]?.grant()
  }

  function take(name: string, life: AbortSignal): (() => void) | null {
    if (life.aborted || queues.get(name)?.length) return null
    const turn: Turn = { grant() {} }
    const letGo = (): void => {
      life.removeEventListener('abort', letGo)
      leave(name, turn)
    }
    life.addEventListener('abort', letGo, { once: true })
    join(name, turn)
    return letGo
  }

  function deliver(to: Listener, message: unknown, audience: Set<Listener>): void {
    to.at = Math.max(to.at, Date.now() + random.int(0, longestMessageMs))
    setTimeout(() => {
      if (audience.has(to)) to.hear(message)
    }, to.at - Date.now())
  }

  return {
    tab: (life) => ({
      exclusive: true,
      async lock(name, signal, hold) {
        signal.throwIfAborted()
        // A tab that is gone asks for nothing, though its timers still run here.
        if (life.aborted) return await new Promise(() => {})
        let grant = (): void => {}
        const granted = new Promise<void>((resolve) => (grant = resolve))
        const turn: Turn = { grant: () => setTimeout(grant, random.int(0, longestGrantMs)) }
        const die = (): void => leave(name, turn)
        life.addEventListener('abort', die, { once: true })
        join(name, turn)
        try {
          await abortable(granted, signal)
          await (life.aborted ? new Promise(() => {}) : hold())
        } finally {
          life.removeEventListener('abort', die)
          leave(name, turn)
        }
      },
      take: async (name) => take(name, life),
      channel(name, hear) {
        const audience = channels.get(name) ?? new Set()
        channels.set(name, audience)
        const me: Listener = { hear, at: 0 }
        audience.add(me)
        life.addEventListener('abort', () => audience.delete(me), { once: true })
        return {
          post(message) {
            if (life.aborted) return
            for (const other of audience) if (other !== me) deliver(other, structuredClone(message), audience)
          },
          close: () => void audience.delete(me),
        }
      },
    }),
  }
}
