import { type Agent } from '../agent.ts'
import { delay } from '../async.ts'
import { startCursor } from '../cursor.ts'
import { RejoinError } from '../error.ts'
import { newId } from '../id.ts'
import { throwLater } from '../fault.ts'
import { restoringState, type RunStart } from '../run.ts'
import { idbRunStore } from '../store/idbRunStore.ts'
import { type RunKey, type RunStore, type RunSummary } from '../store/runStore.ts'
import { tokenStore } from '../store/tokenStore.ts'
import { browserTabs, type Tabs } from '../tabs/tabs.ts'
import { type RunListing } from '../wire/protocol.ts'
import { type BackoffOptions } from './backoff.ts'
import { keepContext, type EngineContext, type EnginePart } from './context.ts'
import { createFrames } from './frames.ts'
import { briefOf, createNews } from './news.ts'
import { createListing } from './listing.ts'
import { createNetwork } from './network.ts'
import { listenToPage } from './pageEvents.ts'
import { type PollOptions } from './pollDelay.ts'
import { createPurges } from './purges.ts'
import { createSession, type EngineSession, type Session } from './session.ts'
import { guardedStorage } from './storage.ts'
import { createSweep } from './sweep.ts'
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
  /**
   * What is stored: `'all'`, or the `'token'` alone. Then no word of the conversation is at rest in this browser: a reload asks the
   * server for the answer from its beginning, earlier turns come from `initialMessages`, and a start that is lost before it had a token
   * is not repeated: it ends as `expired`.
   * @default 'all'
   */
  persist?: 'all' | 'token' | undefined
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
  /**
   * How long a stored run is kept since it last moved: since its beginning, or since something of it came in. Milliseconds.
   * @default 24 hours
   */
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
   * Asks the agent for the runs of this user that have not ended, and takes in those that are not known here: other devices' runs.
   * They are stored; a session that is on the page reads them at once. Nothing where the agent can not tell, or there is no network.
   * It is not asked before it wants to be.
   * After a purge, in whichever tab, this engine takes in none until the person sends something with it: whoever has logged out may
   * be signed in at the server for a moment yet.
   * @throws RejoinError what the agent answers with
   */
  findRuns(signal?: AbortSignal): Promise<readonly RunListing[]>
  /**
   * Forgets everything of this user, in all tabs and in the store: for logging out. Cancels no run. What goes on at the server is not
   * taken in again, see `findRuns`.
   * @throws RejoinError `storage_unavailable` where the store could not be emptied
   */
  purge(): Promise<void>
  /**
   * Calls `handler` each time everything of this user has been forgotten here, whichever tab has purged it: for who keeps copies.
   * Gives back how to stop that.
   */
  onPurge(handler: () => void): () => void
}

/**
 * A page that comes back asks for nothing of a user who has gone, where its store says so within this time. A store that takes longer
 * does not keep it: it forgets when it hears. Milliseconds.
 */
const glanceMs = 50
const day = 24 * 60 * 60 * 1000
/** A longer `writeGapMs` counts as this, in milliseconds. */
export const maxWriteGapMs = 100

/** An engine for one user. Reads and connects nothing before it is mounted. */
export function createEngine(options: EngineOptions): Engine {
  const { user, tabs = browserTabs(), writeGapMs = 0, keepMs = day, storageWaitMs = 2_000 } = options
  const onWarning = options.onWarning ?? ((warning) => console.warn(warning.message))
  const store = options.store ?? idbRunStore(user)
  const storage = guardedStorage(options.persist === 'token' ? tokenStore(store) : store, storageWaitMs, onWarning)
  const sessions = new Map<string, EngineSession>()
  const guests = new Set<EnginePart>()
  const purgeHandlers = new Set<() => void>()
  let agent = options.agent
  let mounts = 0
  let stopListening: (() => void) | null = null
  /** Made up late: an engine is made while a page is rendered on a server, where nothing may be random. */
  let self: string | null = null
  /** Grows when all is forgotten: what was asked for before that is not taken in. */
  let lives = 0
  /** All was forgotten, and the person has sent nothing since: what the server has of them must not come back. */
  let forgotten = false
  /** Grows as the page goes and comes back. */
  let visit = 0

  const parts = (): EnginePart[] => [...sessions.values(), ...guests]
  const isReading = ({ id }: RunKey): boolean => parts().some((part) => part.isReading(id))
  const sweep = createSweep({ storage, keepMs, isReading, isRead })

  const purges = createPurges(storage, forgetAll)

  const nameOf = (...names: string[]): string => `rejoin:${JSON.stringify([user, ...names])}`
  const context: EngineContext = {
    agent: () => agent,
    active: () => stopListening !== null,
    storage,
    tabs,
    frames: createFrames(),
    news: createNews(tabs, nameOf('news:1')),
    network: createNetwork(),
    options: { writeGapMs: Math.min(Math.max(0, writeGapMs), maxWriteGapMs), backoff: options.backoff, poll: options.poll },
    nameOf,
    fault: throwLater,
    join(part) {
      guests.add(part)
      return () => void guests.delete(part)
    },
    sent() {
      forgotten = false
    },
    isOpen: (session) => sessions.get(session)?.isOpen() ?? false,
    hasExpired: sweep.hasExpired,
  }
  const listRuns = createListing(() => agent, context.network)
  context.news.listen((item) => {
    if (item.type === 'purged' && item.by !== self) {
      forgetAll()
      purges.known()
      void purges.look()
    }
    for (const session of sessions.values()) session.hear(item)
  })

  /** First of all: while it was away, its user may have gone. Listens before it looks, or it would miss what is told in between. */
  async function comeBack(): Promise<void> {
    const mine = (visit += 1)
    context.news.enter()
    await Promise.race([purges.look(), delay(glanceMs)])
    if (mine === visit && stopListening) enterAll()
  }

  function enterAll(): void {
    context.news.enter()
    for (const part of parts()) part.enter()
  }

  function leaveAll(): void {
    visit += 1
    for (const part of parts()) part.leave()
    context.news.leave()
  }

  function wakeAll(reason: WakeReason): void {
    sweep.due()
    for (const part of parts()) part.wake(reason)
  }

  function activate(): void {
    if (stopListening) return
    stopListening = listenToPage({ onWake: wakeAll, onLeave: leaveAll, onReturn: () => void comeBack() })
    void purges.look()
    enterAll()
    sweep.due()
  }

  function forgetAll(): void {
    lives += 1
    forgotten = true
    for (const part of parts()) part.forget()
    for (const handler of purgeHandlers) {
      try {
        handler()
      } catch (error) {
        context.fault(error)
      }
    }
  }

  /** Also where nobody needs the engine any more. */
  function tellPurged(): void {
    context.news.enter()
    self ??= newId()
    context.news.tell({ type: 'purged', by: self }, true)
    if (stopListening === null) context.news.leave()
  }

  function deactivate(): void {
    if (mounts > 0) return
    stopListening?.()
    stopListening = null
    sweep.stop()
    leaveAll()
    context.frames.flush()
  }

  /** Whether any tab reads the run, which holds its lock, then. Without locks nothing is known of other tabs. */
  async function isRead(key: RunKey): Promise<boolean> {
    if (isReading(key)) return true
    const letGo = await tabs.take(nameOf(key.session, key.id))
    letGo?.()
    return letGo === null
  }

  async function adopt({ id, session, startedAt }: RunListing, stored: readonly RunSummary[]): Promise<void> {
    const turns = stored.filter(({ start }) => start.session === session)
    // It is the session's latest turn, whatever the two clocks say.
    // Too old to be shown, and yet it goes on.
    const old = turns.find((run) => run.start.id === id && sweep.hasExpired(run))
    const life = lives
    if (old && (await isRead(old.start))) {
      // Whoever reads it goes on, and has more of it than what is found.
      if (life === lives) sessions.get(session)?.adopt(old.start, false)
      return
    }
    if (old) await storage.attempt((store) => store.remove(old.start), undefined)
    const createdAt = Math.max(Math.min(startedAt, Date.now()), ...turns.map(({ start }) => start.createdAt + 1))
    const start: RunStart = { id, session, message: null, createdAt }
    const isNew = await storage.attempt((store) => store.adopt(start), true)
    // All was forgotten meanwhile, and this with it.
    if (life !== lives) return await storage.attempt((store) => store.remove(start), undefined)
    if (isNew) context.news.tell({ type: 'state', run: briefOf(start), state: restoringState, cursor: startCursor }, true)
    sessions.get(session)?.adopt(start, !isNew)
  }

  const engine: Engine = {
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
    async findRuns(signal) {
      const life = lives
      const listings = await listRuns(signal)
      if (listings === undefined) return []
      const unknown = listings.filter(({ id, session }) => !sessions.get(session)?.knows(id))
      const stored = unknown.length === 0 ? [] : await storage.attempt((store) => store.list(), [])
      for (const listing of unknown) if (life === lives && !forgotten) await adopt(listing, stored)
      context.news.tell({ type: 'listed', runs: new Set(listings.map(({ id }) => id)) }, false)
      return listings
    },
    async purge() {
      purges.known()
      forgetAll()
      const done = await storage.attempt((store) => store.purge().then(() => true), false)
      // Only now: what another tab writes until then goes with the rest.
      tellPurged()
      void purges.look()
      if (!done) throw new RejoinError('storage_unavailable')
    },
    onPurge(handler) {
      purgeHandlers.add(handler)
      return () => void purgeHandlers.delete(handler)
    },
  }
  return keepContext(engine, context)
}
