/**
 * What the tabs of one browser share. Found late and injectable: a test or a platform without locks or
 * channels brings its own, or {@link soloTabs}.
 */
export interface Tabs {
  /** Whether `lock` keeps other tabs out. Where it can not, each tab reads for itself. */
  readonly exclusive: boolean
  /**
   * Waits its turn for `name`, then holds it for as long as `hold` runs. Rejects with the signal's reason
   * when that aborts while waiting; a held lock is given back by `hold` alone.
   */
  lock(name: string, signal: AbortSignal, hold: () => Promise<void>): Promise<void>
  /** Talks to the other tabs; a tab does not hear itself. Messages are plain data. */
  channel(name: string, onMessage: (message: unknown) => void): TabChannel
}

/** What one tab says to the others. */
export interface TabChannel {
  /** Tells the other tabs; plain data. */
  post(message: unknown): void
  /** Neither hears nor says anything any more. */
  close(): void
}

/** Web Locks and BroadcastChannel. Where one of them is missing, each tab works alone. */
export function browserTabs(): Tabs {
  const solo = soloTabs()
  const locks = globalThis.navigator?.locks
  const tabs = {
    exclusive: locks !== undefined,
    async lock(name: string, signal: AbortSignal, hold: () => Promise<void>): Promise<void> {
      if (locks === undefined || !tabs.exclusive) return await solo.lock(name, signal, hold)
      let held = false
      try {
        await locks.request(name, { signal }, () => {
          held = true
          return hold()
        })
      } catch (error) {
        if (held || signal.aborted) throw error
        // Refused: a sandboxed frame, or site data is blocked. Then there is nobody to share with either.
        tabs.exclusive = false
        await solo.lock(name, signal, hold)
      }
    },
    channel(name: string, onMessage: (message: unknown) => void): TabChannel {
      const channel = openChannel(name)
      if (channel === null) return solo.channel(name, onMessage)
      channel.onmessage = ({ data }) => onMessage(data)
      return {
        post: (message) => channel.postMessage(message),
        close: () => channel.close(),
      }
    },
  }
  return tabs
}

function openChannel(name: string): BroadcastChannel | null {
  try {
    return typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name)
  } catch {
    return null
  }
}

/** One tab alone. */
export function soloTabs(): Tabs {
  return {
    exclusive: false,
    async lock(_name, signal, hold) {
      signal.throwIfAborted()
      await hold()
    },
    channel: () => ({ post() {}, close() {} }),
  }
}
