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
  /** Takes `name` where nobody holds it, and gives back how to let it go; `null` where somebody does. Names are those of `lock`. Never rejects. */
  take(name: string): Promise<(() => void) | null>
  /** Talks to the other tabs; a tab does not hear itself. Messages are plain data. */
  channel(name: string, onMessage: (message: unknown) => void): TabChannel
}

/** What one tab says to the others. */
export interface TabChannel {
  /** Tells the other tabs; plain data. Never throws: where nobody can hear, nobody does. */
  post(message: unknown): void
  /** Neither hears nor says anything any more. */
  close(): void
}

/** Web Locks and BroadcastChannel. Where one of them is missing, each tab works alone. */
export function browserTabs(): Tabs {
  const locks = globalThis.navigator?.locks
  const tabs = {
    exclusive: locks !== undefined,
    async lock(name: string, signal: AbortSignal, hold: () => Promise<void>): Promise<void> {
      if (locks === undefined || !tabs.exclusive) return await thisTab.lock(name, signal, hold)
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
        await thisTab.lock(name, signal, hold)
      }
    },
    async take(name: string): Promise<(() => void) | null> {
      if (locks === undefined || !tabs.exclusive) return await thisTab.take(name)
      return await new Promise((resolve) => {
        const refused = (): void => resolve(thisTab.take(name))
        locks
          .request(name, { ifAvailable: true }, (lock) => lock && new Promise<void>((letGo) => resolve(letGo)))
          .then(() => resolve(null), refused)
      })
    },
    channel(name: string, onMessage: (message: unknown) => void): TabChannel {
      const channel = openChannel(name)
      if (channel === null) return thisTab.channel(name, onMessage)
      channel.onmessage = ({ data }) => onMessage(data)
      return {
        post(message) {
          try {
            channel.postMessage(message)
          } catch {
            // Closed, or refused in the meantime: nobody hears it, and what is told goes on here.
          }
        },
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

/** One tab alone. What is taken is taken for whoever uses this object. */
export function soloTabs(): Tabs {
  const taken = new Set<string>()
  return {
    exclusive: false,
    async lock(_name, signal, hold) {
      signal.throwIfAborted()
      await hold()
    },
    async take(name) {
      if (taken.has(name)) return null
      taken.add(name)
      return () => void taken.delete(name)
    },
    channel: () => ({ post() {}, close() {} }),
  }
}

/** All engines of a page are in the same tab. */
const thisTab = soloTabs()
