import { delay } from '../async.ts'
import { type Cursor } from '../cursor.ts'
import { closedIn, isAsking, isOutcome, restoringState, type RunState } from '../run.ts'
import { type RunSummary } from '../store/runStore.ts'
import { contextOf, type EngineContext } from './context.ts'
import { type Engine } from './engine.ts'
import { msSince } from './msSince.ts'
import { briefOf, claimOf, isRead, type NewsItem, type RunBrief } from './news.ts'
import { markRead } from './seen.ts'
import { inTurn, untilNextTurn } from './turns.ts'
import { createWatch, sparing, type Watch } from './watch.ts'

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
   * Calls `handler` when a run ends, or asks something, and nobody has seen it a second later. At most once for each end and each
   * question in this browser, whichever tab gets there first. Only while somebody listens.
   * @param isReady asked before; a tab that is not leaves it to the others
   */
  onUnread(handler: (run: ListedRun) => void, isReady?: () => boolean): () => void
}

/** So many runs that have ended are listed at the most, the latest ones. */
const maxFinishedRuns = 20
/** A run that has ended is listed for this long, from its beginning. Milliseconds. */
const finishedRunsMs = 24 * 60 * 60 * 1000
/** So many runs whose sessions nobody shows are asked for at once by one browser; where there are more, they take turns. */
const turns = { places: 6, turnMs: sparing.capMs }
/** A tab that shows a run says so within this time of its end. Milliseconds. */
const seenWithinMs = 1_000

interface Entry {
  run: RunBrief
  state: RunState
  cursor: Cursor
  readonly reads: Set<string>
  /** Grows with all that is heard of it: what was read before that counts no more. */
  heard: number
  /** This agent knows nothing of it: it is another one's, or gone, or was never sent. Opening its session tells. */
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
  /** What the store or another tab has yet to hear of must not bring them back. */
  const removed = new Set<string>()
  let turn: ReturnType<typeof setTimeout> | undefined
  let snapshot = nothing
  let clock = 0
  let doubtedAt = 0
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

  function listed({ run, state, cursor, reads }: Entry, isLatest: boolean): ListedRun {
    // Whoever has sent something else since has seen what was there.
    if (!isLatest) return { ...run, state: isAsking(state) ? { type: 'completed' } : state, unread: false }
    const closed = closedIn(state)
    return { ...run, state, unread: closed !== null && closed.type !== 'cancelled' && !isRead(reads, closed, cursor) }
  }

  function publish(): void {
    const newest = latest()
    const oldest = Date.now() - finishedRunsMs
    let finished = 0
    const next: ListedRun[] = []
    for (const entry of [...entries.values()].sort((a, b) => b.run.startedAt - a.run.startedAt)) {
      const run = listed(entry, newest.get(entry.run.session) === entry)
      if (isOutcome(run.state)) finished += 1
      if (isOutcome(run.state) && finished > maxFinishedRuns) continue
      if ((isOutcome(run.state) || entry.strange) && run.startedAt < oldest) continue
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
    const now = Date.now()
    const newest = latest()
    const queue = [...entries.values()]
      .filter(({ run, state, strange }) => entered && !strange && !isOutcome(state) && !context.isOpen(run.session))
      .filter((entry) => !isAsking(entry.state) || newest.get(entry.run.session) === entry)
      .sort((a, b) => Number(isAsking(a.state)) - Number(isAsking(b.state)) || b.run.startedAt - a.run.startedAt)
    const waiting = queue.length > turns.places
    const wanted = inTurn(queue, turns, now)
    clearTimeout(turn)
    if (waiting) turn = setTimeout(arrange, untilNextTurn(turns, now))
    const ids = new Set(wanted.map(({ run }) => run.id))
    for (const [id, watch] of watches) {
      if (ids.has(id)) continue
      watches.delete(id)
      watch.leave()
    }
    for (const entry of wanted) {
      const { run } = entry
      if (watches.has(run.id)) continue
      const intervalMs = waiting ? turns.turnMs : sparing.intervalMs
      const watch = createWatch(context, run, intervalMs, () => {
        entry.strange = true
        // As if it had just been found: nothing that was heard of it counts.
        if (!isOutcome(entry.state)) entry.state = restoringState
        changed()
      })
      watches.set(run.id, watch)
      watch.enter()
    }
  }

  /** Whoever has signed in may be told of what was nobody's before. Not each time: an app may give a new agent with every render. */
  function doubt(): void {
    if (msSince(doubtedAt) < sparing.capMs) return
    doubtedAt = Date.now()
    for (const entry of entries.values()) entry.strange = false
    arrange()
  }

  function move(run: RunBrief, state: RunState, cursor: Cursor, told: boolean): Entry {
    const before = entries.get(run.id)
    const entry = before ?? { run, state, cursor, reads: new Set(), heard: 0, strange: false }
    entries.set(run.id, entry)
    const closes = closedIn(state) !== null && (before ? !isSameClosed(before.state, state) : told)
    // A watch, and another device's run, know no question.
    entry.run = { ...run, question: run.question ?? entry.run.question, startedAt: entry.run.startedAt }
    // After the end nothing counts any more.
    if (!isOutcome(entry.state)) {
      entry.state = state
      entry.cursor = cursor
    }
    if (closes) void announce(run.id, state)
    return entry
  }

  async function announce(id: string, state: RunState): Promise<void> {
    await delay(seenWithinMs)
    const entry = entries.get(id)
    const closed = closedIn(state)
    const ready = [...handlers].filter(({ isReady }) => isReady())
    if (ready.length === 0 || !entry || !closed || !isSameClosed(entry.state, state)) return
    const run = listed(entry, latest().get(entry.run.session) === entry)
    if (!run.unread) return
    const claim = claimOf('told', closed, entry.cursor)
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
        if (removed.has(item.run.id)) return
        clock += 1
        const entry = move(item.run, item.state, item.cursor, true)
        entry.heard = clock
        entry.strange = false
        return changed()
      }
      case 'read':
        entries.get(item.run)?.reads.add(item.claim)
        return changed()
      case 'removed':
        removed.add(item.run)
        entries.delete(item.run)
        return changed()
      case 'open':
        arrange()
        for (const [id, watch] of watches) if (entries.get(id)?.run.session === item.session) watch.giveWay()
        return
      case 'listed':
        for (const id of item.runs) {
          const entry = entries.get(id)
          if (entry) entry.strange = false
        }
        arrange()
        for (const [id, watch] of watches) {
          const entry = entries.get(id)
          if (entry && isAsking(entry.state) && !item.runs.has(id)) watch.wake('asked')
        }
        return
      case 'left':
      // A timer of a hidden page is late, so its watch may have got its lock when its turn was over.
      case 'watching':
        return arrange()
      default:
    }
  }

  async function refresh(): Promise<void> {
    const asked = { life: lives, clock }
    function take(stored: readonly RunSummary[]): void {
      if (asked.life !== lives) return
      for (const { start, head, claims } of stored) {
        if (removed.has(start.id) || context.hasExpired({ start, head })) continue
        const known = entries.get(start.id)
        const state = storedState(head, known?.state)
        const entry = known && known.heard > asked.clock ? known : move(briefOf(start), state, head.cursor, false)
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
      isReading: (runId) => watches.has(runId),
      wake(reason) {
        if (reason === 'signed_in') doubt()
        // Something may have grown too old meanwhile.
        else changed()
        for (const watch of watches.values()) watch.wake(reason)
      },
      forget() {
        for (const watch of watches.values()) watch.forget()
        watches.clear()
        entries.clear()
        removed.clear()
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
      if (closed) markRead(context, { session: entry.run.session, id }, claimOf('read', closed, entry.cursor))
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

/** Whether both have ended, or ask for the same kind of thing. */
function isSameClosed(a: RunState, b: RunState): boolean {
  const [one, other] = [closedIn(a), closedIn(b)]
  if (one === null || other === null) return one === other
  return isAsking(one) ? isAsking(other) && one.reason === other.reason : !isAsking(other)
}

function isSame(a: ListedRun, b: ListedRun): boolean {
  return a.state === b.state && a.unread === b.unread && a.question === b.question
}
