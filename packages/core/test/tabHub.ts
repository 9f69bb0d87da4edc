import { abortable, soloTabs, type Tabs } from '@rejoin/core'

/** The locks and channels of one browser, in memory. A message arrives in the next turn. */
export interface TabHub {
  /** The share of one tab. @param exclusive false: a browser without locks */
  tab(exclusive?: boolean): Tabs
  /** Says something on every channel, as another tab would. */
  inject(message: unknown): void
  /** Messages for which it says true never arrive. */
  loses(message: TabHubMessage): boolean
  /** All that was posted. */
  readonly posted: readonly TabHubMessage[]
}

interface TabHubMessage {
  readonly type: string
  readonly [field: string]: unknown
}

export function createTabHub(): TabHub {
  const queues = new Map<string, PromiseWithResolvers<void>[]>()
  const channels = new Map<string, Set<(message: unknown) => void>>()
  const posted: TabHubMessage[] = []

  async function lock(name: string, signal: AbortSignal, hold: () => Promise<void>): Promise<void> {
    const queue = queues.get(name) ?? []
    queues.set(name, queue)
    const turn = Promise.withResolvers<void>()
    if (queue.push(turn) === 1) turn.resolve()
    try {
      await abortable(turn.promise, signal)
      await hold()
    } finally {
      queue.splice(queue.indexOf(turn), 1)
      queue[0]?.resolve()
    }
  }

  function take(name: string): (() => void) | null {
    if (queues.get(name)?.length) return null
    const held = Promise.withResolvers<void>()
    void lock(name, new AbortController().signal, () => held.promise)
    return held.resolve
  }

  const hub: TabHub = {
    posted,
    loses: () => false,
    tab: (exclusive = true, alone = soloTabs()) => ({
      exclusive,
      async lock(name, signal, hold) {
        signal.throwIfAborted()
        await (exclusive ? lock(name, signal, hold) : hold())
      },
      take: async (name) => (exclusive ? take(name) : await alone.take(name)),
      channel(name, hear) {
        const audience = channels.get(name) ?? new Set()
        channels.set(name, audience)
        audience.add(hear)
        return {
          post(message) {
            const copy: TabHubMessage = structuredClone(message) as TabHubMessage
            posted.push(copy)
            if (hub.loses(copy)) return
            for (const other of audience) if (other !== hear) setTimeout(() => audience.has(other) && other(copy))
          },
          close: () => void audience.delete(hear),
        }
      },
    }),
    inject(message) {
      for (const audience of channels.values()) for (const hear of audience) hear(message)
    },
  }
  return hub
}
