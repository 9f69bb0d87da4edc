import { type Agent } from '../agent.ts'
import { RejoinError } from '../error.ts'
import { throwLater } from '../fault.ts'
import { idbRunStore } from '../store/idbRunStore.ts'
import { type RunStore } from '../store/runStore.ts'
import { browserTabs, type Tabs } from '../tabs/tabs.ts'
import { type BackoffOptions } from './backoff.ts'
import { type EngineContext } from './context.ts'
import { createFrames } from './frames.ts'
import { listenToPage } from './pageEvents.ts'
import { type PollOptions } from './pollDelay.ts'
import { createSession, type EngineSession, type Session } from './session.ts'
import { guardedStorage } from './storage.ts'
import { type WakeReason } from './waker.ts'

/** What an engine works with. */
export interface EngineOptions {
  agent: Agent
  /**
   * Whose runs these are; `null` on a public page. Names the database, the locks and the channels: where one user
   * has several agents, their sessions need different names.
   */
  user: string | null
  /** @default IndexedDB, in a database of this user's own */
  store?: RunStore | undefined
  /** @default Web Locks and BroadcastChannel */
  tabs?: Tabs | undefined
  backoff?: BackoffOptions | undefined
  /** How often runs are asked for in poll mode. */
  poll?: PollOptions | undefined
  /**
   * At least this long from the end of one write to the beginning of the next, 0 to 100 ms. A write costs
   * about 0.2 ms of the main thread; a gap costs what a crash within it loses.
   * @default 0
   */
  writeGapMs?: number | undefined
  /** How long a stored run is kept, from its beginning. Milliseconds. @default 24 hours */
  keepMs?: number | undefined
  /** Storage that has not answered by then counts as refused. Milliseconds. @default 2000 */
  storageWaitMs?: number | undefined
  /** Something the person should know that stops no run. @default console.warn */
  onWarning?: ((warning: RejoinError) => void) | undefined
}

/** Runs the sessions of one user in this tab. */
export interface Engine {
  readonly user: string | null
  /** The same object for the same id. */
  session(id: string): Session
  /** From now on this one answers; what is running goes on with it at its next connection. */
  setAgent(agent: Agent): void
  /**
   * Counts who needs the engine. While nobody does it reads nothing and holds no lock; the runs go on.
   * Gives back how to leave.
   */
  mount(): () => void
  /**
   * Forgets everything of this user, here and in the store: for logging out. Cancels no run.
   * @throws RejoinError `storage_unavailable` where the store could not be emptied
   */
  purge(): Promise<void>
}

const day = 24 * 60 * 60 * 1000
/** A longer `writeGapMs` counts as this, in milliseconds. */
export const maxWriteGapMs = 100

/** An engine for one user. Reads and connects nothing before it is mounted. */
export function createEngine(options: EngineOptions): Engine {
  const { user, tabs = browserTabs(), writeGapMs = 0, keepMs = day, storageWaitMs = 2_000 } = options
  const onWarning = options.onWarning ?? ((warning) => console.warn(warning.message))
  const storage = guardedStorage(options.store ?? idbRunStore(user), storageWaitMs, onWarning)
  const sessions = new Map<string, EngineSession>()
  let agent = options.agent
  let mounts = 0
  let stopListening: (() => void) | null = null
  let swept = false

  const context: EngineContext = {
    agent: () => agent,
    active: () => stopListening !== null,
    storage,
    tabs,
    frames: createFrames(),
    options: { writeGapMs: Math.min(Math.max(0, writeGapMs), maxWriteGapMs), backoff: options.backoff, poll: options.poll },
    nameOf: (...parts) => `rejoin:${JSON.stringify([user, ...parts])}`,
    fault: throwLater,
  }

  function enterAll(): void {
    for (const session of sessions.values()) session.enter()
  }

  function leaveAll(): void {
    for (const session of sessions.values()) session.leave()
  }

  function wakeAll(reason: WakeReason): void {
    for (const session of sessions.values()) session.wake(reason)
  }

  function activate(): void {
    if (stopListening) return
    stopListening = listenToPage({ onWake: wakeAll, onLeave: leaveAll, onReturn: enterAll })
    enterAll()
    if (swept) return
    swept = true
    void storage.attempt((store) => store.expire(Date.now() - keepMs), undefined)
  }

  function deactivate(): void {
    if (mounts > 0) return
    stopListening?.()
    stopListening = null
    leaveAll()
    context.frames.flush()
  }

  return {
    user,
    session(id) {
      const known = sessions.get(id)
      if (known) return known
      const session = createSession(context, id)
      sessions.set(id, session)
      return session
    },
    setAgent(next) {
      if (next === agent) return
      agent = next
      // Perhaps one that is signed in. No more than that: an app may give a new object with every render.
      wakeAll('signed_in')
    },
    mount() {
      mounts += 1
      activate()
      let left = false
      return () => {
        if (left) return
        left = true
        mounts -= 1
        // Strict Mode and a moved provider unmount and mount again at once: the connection stays.
        setTimeout(deactivate)
      }
    },
    async purge() {
      for (const session of sessions.values()) session.forget()
      const done = await storage.attempt((store) => store.purge().then(() => true), false)
      if (!done) throw new RejoinError('storage_unavailable')
    },
  }
}
