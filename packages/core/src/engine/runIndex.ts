import { delay } from '../async.ts'
import { closedIn, isAsking, isOutcome, restoringState, type RunState } from '../run.ts'
import { type RunSummary } from '../store/runStore.ts'
import { contextOf, type EngineContext } from './context.ts'
import { type Engine } from './engine.ts'
import { briefOf, readClaim, type NewsItem, type RunBrief } from './news.ts'
import { markRead } from './seen.ts'
import { createWatch, type Watch } from './watch.ts'

/** A run of this user, whichever session it is in and wherever it was begun. */
export interface ListedRun extends RunBrief {
  readonly state: RunState
  /** It has ended, or asks something, and the person has not seen that. Never of one that was stopped. */
  readonly unread: boolean
}

/** All runs that this browser knows of: those that have not ended, and those that ended lately. */
export interface RunIndex {
  /** Calls `listener` after each change. While nobody listens, nothing is read and nobody is asked. */
  subscribe(listener: () => void): () => void
  /** Newest first. The same list for as long as it is the same. */
  getSnapshot(): readonly ListedRun[]
  /** The person has seen it: in all tabs, and over reloads. */
  markRead(runId: string): void
  /**
   * Calls `handler` when a run ends, or asks something, and nobody has seen it a second later. At most once for each run and
   * each of the two in this browser, whichever tab gets there first. Only while somebody listens.
   * @param isReady asked before; a tab that is not leaves it to the others
   */
  onUnread(handler: (run: ListedRun) => void, isReady?: () => boolean): () => void
}

/** So many runs that have ended are listed at the most, the latest ones. */
export const maxFinishedRuns = 20
/** A run that has ended is listed for this long, from its beginning. Milliseconds. */
export const finishedRunsMs: number = 24 * 60 * 60 * 1000
/** So many runs whose sessions nobody shows are asked for at once by one browser; the others wait for their turn. */
export const maxWatchedRuns = 6
/** A tab that shows a run says so within this time of its end. Milliseconds. */
const seenWithinMs = 1_000

interface Entry {
  run: RunBrief
  state: RunState
  readonly reads: Set<string>
  /** Grows with all that is heard of it: what was read before that counts no more. */
  heard: number
  /** Its agent knows nothing of it. */
  strange: boolean
}

interface UnreadHandler {
  tell(run: ListedRun): void
  isReady(): boolean
}

const indexes = new WeakMap<Engine, RunIndex>()
const nothing: readonly ListedRun[] = []

/** The runs of an engine's user. The same object for the same engine. */
export function runsOf(engine: Engine): RunIndex {
  const known = indexes.get(engine)
  if (known) return known
  const index = createRunIndex(contextOf(engine))
  indexes.set(engine, index)
  return index
}

function createRunIndex(context: EngineContext): RunIndex {
  const listeners = new Set<() => void>()
  const handlers = new Set<UnreadHandler>()
  const entries = new Map<string, Entry>()
  const watches = new Map<string, Watch>()
  let snapshot = nothing
  let clock = 0
  let lives = 0
  let entered = false
  let part: (() => void) | null = null

  /** The newest run of each session. */
  function latest(): Map<string, Entry> {
    const newest = new Map<string, Entry>()
    for (const entry of entries.values()) {
      const other = newest.get(entry.run.session)
      if (!other || other.run.startedAt < entry.run.startedAt) newest.set(entry.run.session, entry)
    }
    return newest
  }

  function listed({ run, state, reads }: Entry, isLatest: boolean): ListedRun {
    // Whoever has sent something else since has seen what was there.
    if (!isLatest) return { ...run, state: isAsking(state) ? { type: 'completed' } : state, unread: false }
    const closed = closedIn(state)
    return { ...run, state, unread: closed !== null && closed.type !== 'cancelled' && !reads.has(readClaim(closed)) }
  }

  function publish(): void {
    const newest = latest()
    const oldest = Date.now() - finishedRunsMs
    let finished = 0
    const next: ListedRun[] = []
    for (const entry of [...entries.values()].sort((a, b) => b.run.startedAt - a.run.startedAt)) {
      const run = listed(entry, newest.get(entry.run.session) === entry)
      if (isOutcome(run.state)) {
        finished += 1
        if (finished > maxFinishedRuns || run.startedAt < oldest) continue
      }
      const before = snapshot.find(({ id }) => id === run.id)
      next.push(before && isSame(before, run) ? before : run)
    }
    if (next.length === snapshot.length && next.every((run, at) => run === snapshot[at])) return
    snapshot = next
    for (const listener of listeners) listener()
  }

  function changed(): void {
    arrange()
    context.frames.request(publish)
  }

  /** Watches the runs that nobody in this tab reads. Whether another tab does, their locks tell. */
  function arrange(): void {
    const newest = latest()
    const wanted = [...entries.values()]
      .filter(({ run, state, strange }) => entered && !strange && !isOutcome(state) && !context.isOpen(run.session))
      .filter((entry) => !isAsking(entry.state) || newest.get(entry.run.session) === entry)
      .sort((a, b) => Number(isAsking(a.state)) - Number(isAsking(b.state)) || b.run.startedAt - a.run.startedAt)
      .slice(0, maxWatchedRuns)
    const ids = new Set(wanted.map(({ run }) => run.id))
    for (const [id, watch] of watches) {
      if (ids.has(id)) continue
      watches.delete(id)
      watch.leave()
    }
    for (const entry of wanted) {
      const { run } = entry
      if (watches.has(run.id)) continue
      const watch = createWatch(context, run, () => {
        entry.strange = true
        arrange()
      })
      watches.set(run.id, watch)
      watch.enter()
    }
  }

  function move(run: RunBrief, state: RunState, told: boolean): Entry {
    const before = entries.get(run.id)
    const entry = before ?? { run, state, reads: new Set(), heard: 0, strange: false }
    entries.set(run.id, entry)
    const closes = closedIn(state) !== null && (before ? closedIn(before.state) === null : told)
    // A watch, and another device's run, know no question.
    entry.run = { ...run, question: run.question ?? entry.run.question, startedAt: entry.run.startedAt }
    // After the end nothing counts any more.
    if (!isOutcome(entry.state)) entry.state = state
    if (closes) void announce(run.id, state)
    return entry
  }

  async function announce(id: string, state: RunState): Promise<void> {
    await delay(seenWithinMs)
    const entry = entries.get(id)
    const closed = closedIn(state)
    const ready = [...handlers].filter(({ isReady }) => isReady())
    if (ready.length === 0 || !entry || !closed || entry.state.type !== state.type) return
    const run = listed(entry, latest().get(entry.run.session) === entry)
    if (!run.unread) return
    const claim = isAsking(closed) ? 'told:paused' : 'told:ended'
    if (!(await context.storage.attempt((store) => store.claimOnce(run, claim), true))) return
    for (const { tell } of ready) {
      try {
        tell(run)
      } catch (error) {
        context.fault(error)
      }
    }
  }

  function hear(item: NewsItem): void {
    switch (item.type) {
      case 'state': {
        clock += 1
        move(item.run, item.state, true).heard = clock
        return changed()
      }
      case 'read':
        entries.get(item.run)?.reads.add(item.claim)
        return changed()
      case 'removed':
        entries.delete(item.run)
        return changed()
      case 'open':
        arrange()
        for (const [id, watch] of watches) if (entries.get(id)?.run.session === item.session) watch.giveWay()
        return
      case 'listed':
        for (const [id, watch] of watches) {
          const entry = entries.get(id)
          if (entry && isAsking(entry.state) && !item.runs.has(id)) watch.wake('asked')
        }
        return
      case 'left':
        return arrange()
      default:
    }
  }

  async function refresh(): Promise<void> {
    const asked = { life: lives, clock }
    function take(stored: readonly RunSummary[]): void {
      if (asked.life !== lives) return
      for (const { start, head, claims } of stored) {
        const known = entries.get(start.id)
        const state = storedState(head, known?.state)
        const entry = known && known.heard > asked.clock ? known : move(briefOf(start), state, false)
        for (const claim of claims) entry.reads.add(claim)
      }
      changed()
    }
    take(await context.storage.attempt((store) => store.list(), [], take))
  }

  function enter(): void {
    if (entered) return
    entered = true
    context.news.tell({ type: 'states?' }, true)
    void refresh()
  }

  function leave(): void {
    entered = false
    arrange()
  }

  function rest(): void {
    if (listeners.size > 0) return
    part?.()
    part = null
    leave()
  }

  function begin(): void {
    if (part) return
    const stop = context.news.listen(hear)
    const quit = context.join({
      enter,
      leave,
      wake(reason) {
        for (const watch of watches.values()) watch.wake(reason)
      },
      forget() {
        for (const watch of watches.values()) watch.forget()
        watches.clear()
        entries.clear()
        lives += 1
        changed()
      },
    })
    part = () => {
      stop()
      quit()
    }
    if (context.active()) enter()
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      begin()
      return () => {
        listeners.delete(listener)
        // Strict Mode subscribes again at once.
        setTimeout(rest)
      }
    },
    getSnapshot: () => snapshot,
    markRead(id) {
      const entry = entries.get(id)
      const closed = entry && closedIn(entry.state)
      if (closed) markRead(context, { session: entry.run.session, id }, readClaim(closed))
    },
    onUnread(tell, isReady = () => true) {
      const handler = { tell, isReady }
      handlers.add(handler)
      return () => void handlers.delete(handler)
    },
  }
}

/** What the store says of a run; of one that goes on, what this tab has heard says more. */
function storedState({ outcome, paused, stop }: RunSummary['head'], known: RunState | undefined): RunState {
  if (outcome) return outcome
  if (stop) return { type: 'stopping' }
  if (paused) return { type: 'paused', reason: paused }
  return known && closedIn(known) === null ? known : restoringState
}

function isSame(a: ListedRun, b: ListedRun): boolean {
  return a.state === b.state && a.unread === b.unread && a.question === b.question
}
