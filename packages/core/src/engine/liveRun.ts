import { type AgentResponse } from '../agent.ts'
import { abortable } from '../async.ts'
import { compact } from '../compact.ts'
import { joinToken } from '../continuationToken.ts'
import { lengthOf } from '../message.ts'
import { reduce, type ConnectionEvent } from '../reduce.ts'
import { closedIn, elapsedMs, hasEnded, isAsking, isOutcome, shownParts, type Run, type RunStart } from '../run.ts'
import { type RunRecord } from '../store/runStore.ts'
import { type UpdateBatch } from '../stream.ts'
import { isClosing, type EndUpdate, type PauseUpdate, type RunOutcome, type RunPause, type Update } from '../update.ts'
import { baseOf, begunRun, restoredRun } from './base.ts'
import { createCatchingUp } from './catchingUp.ts'
import { type EngineContext } from './context.ts'
import { endOf, furtherRun, knowsMore } from './furtherRun.ts'
import { briefOf, claimOf } from './news.ts'
import { createPersister, type Persister } from './persister.ts'
import { readRun, type RunMode } from './readRun.ts'
import { markRead } from './seen.ts'
import { createStopping } from './stopping.ts'
import { createStreams } from './streams.ts'
import { type TabMessage } from './tabMessage.ts'
import { createWaker, type WakeReason } from './waker.ts'

/** A run as this tab has it: read by this tab, or followed while another reads. */
export interface LiveRun {
  readonly id: string
  run(): Run
  /** Begins to read, or waits to be the next to read. */
  enter(): void
  /** Gives up reading at once and keeps what is known: the page is going, or nobody needs this tab's engine. */
  leave(): void
  wake(reason: WakeReason): void
  /** The mode has changed: where this tab reads, the leg or the wait there is gives way to one of the other kind. */
  changeMode(): void
  /** As `leave`, and whatever it still tries is given up: its user has gone. */
  forget(): void
  /** Resolves when the server has acknowledged it and the run has ended. */
  stop(): Promise<void>
  /** Asks the agent whether it still waits for the person. Where it does not, whoever reads it goes on at once. */
  stillAsks(): Promise<boolean>
  /** What it asked has been answered, or passed over: another run goes on in its place. */
  close(): void
  /** What another tab says of this run. */
  hear(message: TabMessage): void
  /** What the store knows, after time away. */
  catchUp(record: RunRecord): void
  /** Tells all tabs how it is, also those that do not show its session. */
  report(): void
}

export interface LiveRunOptions {
  context: EngineContext
  start: RunStart
  record?: RunRecord
  /** The person has just asked for it here, so one try is made whatever the browser says of the network. */
  wanted?: boolean
  mode(): RunMode
  post(message: TabMessage): void
  /** The run changed; `ended` is true once, with its last change. */
  onChange(ended: boolean): void
}

export function createLiveRun({ context, start, record, wanted = false, mode, post, onChange }: LiveRunOptions): LiveRun {
  const { id, session } = start
  const key = { session, id }
  let run = record ? restoredRun(record) : begunRun(start)
  let handle = record?.handle ?? null
  /** Whether it is this tab that reads. Not the same as having a persister: there may be no storage. */
  let reading = false
  let persister: Persister | null = null
  /** Ends this tab's turn, or its waiting for one. */
  let turn: AbortController | null = null
  /** It has ended, and nobody has said that the store knows: this tab sees to it once it is its turn. */
  let owesEnd = false
  const waker = createWaker(context.network)
  const life = new AbortController()
  const stopping = createStopping({
    context,
    key,
    run: () => run,
    handle: () => handle,
    connection,
    end: (outcome, response) => end(endUpdate(outcome, response)),
    signal: life.signal,
  })
  const catchingUp = createCatchingUp({
    cursor: () => run.cursor,
    ask: () => post({ type: 'sync?', run: id }),
    async look() {
      const records = await context.storage.attempt((store) => store.load(session), [])
      const record = records.find(({ start }) => start.id === id)
      if (record && !reading) adopt(record)
    },
  })

  function change(next: Run): void {
    if (next === run) return
    const ended = hasEnded(next) && !hasEnded(run)
    const news = next.state.type !== run.state.type || reasonOf(next) !== reasonOf(run)
    // Whoever has answered it, on this device or another, has seen it.
    if (isOutcome(next.state) && isAnswered(run, next)) markRead(context, key, claimOf('read', next.state, next.cursor))
    run = next
    if (news) tell(reading)
    if (ended) owesEnd = true
    if (ended) life.abort(new DOMException('The run has ended.', 'AbortError'))
    onChange(ended)
  }

  function tell(abroad: boolean): void {
    context.news.tell({ type: 'state', run: briefOf(run.start), state: run.state, cursor: run.cursor }, abroad)
  }

  /** As the reader: state, other tabs and storage at once; only React waits for a frame. */
  function receive({ handle: nextHandle, updates }: UpdateBatch): void {
    const after = run.cursor
    const newHandle = nextHandle !== null && nextHandle !== handle
    handle = nextHandle ?? handle
    const fresh: Update[] = []
    let last = after
    let next = run
    let open: ConnectionEvent | null = null
    for (const update of updates) {
      if (update.type === 'open') open = { type: 'connected', elapsedMs: update.elapsedMs, at: Date.now() }
      else if (isClosing(update) || update.cursor > last) {
        fresh.push(update)
        if (update.cursor > last) last = update.cursor
      }
    }
    if (open) next = reduce(next, open)
    // Whoever may read it may stop it.
    if (open) stopping.wake('signed_in')
    const joined = compact(fresh)
    for (const update of joined) next = reduce(next, update)
    if (open) post({ type: 'connection', run: id, event: open })
    if (joined.length > 0 || newHandle) {
      post({ type: 'updates', run: id, after, updates: joined, handle })
      store(joined, next)
    }
    change(next)
  }

  function store(updates: readonly Update[], next: Run): void {
    const closed = closedIn(next.state)
    if (!updates.some(({ type }) => type === 'snapshot')) return persister?.add(updates, next.cursor, handle, closed)
    const ends = updates.filter(({ type }) => type === 'end')
    persister?.replace([...baseOf(next), ...ends], next.cursor, handle, closed)
  }

  function connection(event: ConnectionEvent): void {
    post({ type: 'connection', run: id, event })
    change(reduce(run, event))
  }

  function endUpdate(outcome: RunOutcome, response?: AgentResponse): EndUpdate {
    const ms = response?.elapsedMs ?? elapsedMs(run.elapsed, Date.now())
    const end = { type: 'end', cursor: run.cursor, outcome, elapsedMs: ms } as const
    if (!response) return end
    return { ...end, ...wholeIn(response) }
  }

  function pause({ reason }: RunPause, response: AgentResponse): void {
    const update: PauseUpdate = { type: 'pause', cursor: run.cursor, reason, elapsedMs: response.elapsedMs, ...wholeIn(response) }
    receive({ handle: null, updates: [update] })
  }

  /** An end that this tab learnt otherwise than from the stream. */
  function end(update: EndUpdate): void {
    if (hasEnded(run)) return
    if (reading) return receive({ handle: null, updates: [update] })
    // Only the reader writes. It may know more of the answer, or be gone.
    const next = reduce(run, update)
    tellAll(next)
    change(next)
  }

  function tellAll(state: Run): void {
    post({ type: 'sync', run: id, state, handle })
  }

  /** As the reader: another tab has learnt how it ended. */
  function endAs(told: Run): void {
    const next = furtherRun(run, told)
    if (knowsMore(next, told)) tellAll(next)
    if (next === run) return
    if (persister) storeEnd(persister, next)
    change(next)
  }

  function storeEnd(writer: Persister, ended: Run): void {
    const end = endOf(ended)
    if (end) writer.replace([...baseOf(ended), end], ended.cursor, handle, closedIn(ended.state))
  }

  async function hold(mine: AbortController): Promise<void> {
    const { signal } = mine
    let writer: Persister | null = null

    function take(record: RunRecord | null): void {
      if (record === null || signal.aborted) return
      adopt(record)
      if (isStored(record)) return
      if (record.head.stop) void stop()
      writer = persister = createPersister({
        store: context.storage.store,
        key,
        reader: record.head.reader,
        after: record.head.cursor,
        gapMs: context.options.writeGapMs,
        onSuperseded() {
          // Without locks two tabs would take the run from each other for ever; the earlier one just stops storing.
          if (context.tabs.exclusive) mine.abort(new DOMException('Another tab reads.', 'AbortError'))
        },
        onFailed(cause) {
          if (!life.signal.aborted) context.storage.fail(cause)
        },
      })
      if (hasEnded(run)) {
        storeEnd(writer, run)
        tellAll(run)
        tell(true)
        return
      }
      // This tab has heard more than its predecessor could store: write it all anew, or the log has a hole.
      if (run.cursor > record.head.cursor) writer.replace(baseOf(run), run.cursor, handle, closedIn(run.state))
    }

    // An answer that comes late still counts: from then on what is received is stored.
    // A page that is frozen hears of no answer, and must not keep its place for that long.
    take(await abortable(context.storage.attempt((store) => store.claimReader(key), null, take), signal))
    if (hasEnded(run)) return await finish(writer)
    reading = true
    if (wanted) waker.wake('asked')
    wanted = false
    if (run.state.type === 'stopping') void stop()
    try {
      const { backoff, poll } = context.options
      await readRun(readable, { agent: context.agent, mode, waker, streams: createStreams(context), network: context.network, backoff, poll }, signal)
    } finally {
      if (turn === mine) reading = false
      if (persister === writer && !hasEnded(run)) persister = null
    }
    // Short of an end, `leave` has seen to it that nothing waits.
    if (hasEnded(run)) await finish(writer)
  }

  /** The next reader is to find the end. */
  async function finish(writer: Persister | null): Promise<void> {
    await persister?.settled()
    // Not before: a page that goes meanwhile flushes what waits behind the write in flight.
    if (persister === writer) persister = null
    owesEnd = false
    post({ type: 'settled', run: id })
  }

  const readable = {
    run: () => run,
    handle: () => handle,
    receive,
    connection,
    end: (outcome: RunOutcome, response?: AgentResponse) => end(endUpdate(outcome, response)),
    pause,
  }

  /** Takes over what is stored where that is further than what this tab has heard. */
  function adopt(record: RunRecord): void {
    const stored = restoredRun(record)
    // A handle belongs to what was received with it: an older one may have run out, or name another response.
    if (handle === null || stored.cursor >= run.cursor) handle = record.handle ?? handle
    if (stored.cursor <= run.cursor && !hasEnded(stored)) return
    const further = furtherRun(run, stored)
    const known = hasEnded(further) || isAsking(further.state)
    change(known ? further : { ...further, state: run.state, elapsed: run.elapsed })
    if (isStored(record)) owesEnd = false
  }

  /** Whether who comes back to it would find how it ended, and all that this tab knows. */
  function isStored(record: RunRecord): boolean {
    return hasEnded(run) && record.head.outcome?.type === run.state.type && !knowsMore(run, restoredRun(record))
  }

  function enter(): void {
    if (turn !== null || (hasEnded(run) && !owesEnd)) return
    const mine = new AbortController()
    turn = mine
    const over = (): void => mine.abort(life.signal.reason)
    // One that has ended is stored, and no more.
    if (!hasEnded(run)) life.signal.addEventListener('abort', over, { once: true })
    context.tabs
      .lock(context.nameOf(session, id), mine.signal, () => hold(mine))
      .catch((error: unknown) => {
        if (!mine.signal.aborted) context.fault(error)
      })
      .finally(() => {
        life.signal.removeEventListener('abort', over)
        if (turn !== mine) return
        turn = null
        // Another tab took the run over while this one was frozen: wait for the next turn.
        if (mine.signal.aborted) enter()
      })
    post({ type: 'sync?', run: id })
  }

  function leave(): void {
    const mine = turn
    turn = null
    reading = false
    catchingUp.stop()
    // In the same turn: a page that is going gets no other.
    persister?.flush()
    mine?.abort(new DOMException('The page is going.', 'AbortError'))
    // Lets a stop that waits see that nobody needs the engine any more.
    if (!context.active()) stopping.wake('left')
  }

  function rouse(reason: WakeReason): void {
    // What the person wants while another tab reads is not for when this one does.
    if (reading) waker.wake(reason)
    stopping.wake(reason)
  }

  function stop(wanted = false): Promise<void> {
    if (hasEnded(run)) return Promise.resolve()
    if (run.state.type !== 'stopping') connection({ type: 'connection', state: { type: 'stopping' } })
    return stopping.stop(wanted)
  }

  return {
    id,
    run: () => run,
    enter,
    leave,
    wake(reason) {
      if (hasEnded(run)) return
      rouse(reason)
      // A network that has changed, each tab hears of itself; a new agent object may come with every render.
      const waits = run.state.type === 'paused' || run.state.type === 'stopping'
      const heardByAll = reason === 'moved' || reason === 'offline'
      if (!reading && !heardByAll && (reason !== 'signed_in' || waits)) post({ type: 'wake', run: id, reason })
    },
    changeMode() {
      if (reading) waker.wake('mode')
    },
    forget() {
      leave()
      owesEnd = false
      life.abort(new DOMException('The run is forgotten.', 'AbortError'))
    },
    async stop() {
      if (hasEnded(run)) return
      post({ type: 'stop', run: id })
      // Stored as well, so that a reload before the acknowledgement still stops it; not waited for.
      void context.storage.attempt((store) => store.requestStop(key), undefined)
      await stop(true)
    },
    async stillAsks() {
      if (!isAsking(run.state) || handle === null) return isAsking(run.state)
      const asked = { session, runId: id, continuationToken: joinToken(handle, run.cursor), signal: life.signal }
      // Where nobody knows, the question stands.
      const response = await context.agent().run([], asked).catch(() => null)
      if (response === null || response.state.type === 'paused') return true
      if (reading) rouse('asked')
      else post({ type: 'wake', run: id, reason: 'asked' })
      return false
    },
    close() {
      end(endUpdate({ type: 'completed' }))
    },
    hear(message) {
      switch (message.type) {
        case 'updates': {
          if (reading) return
          handle = message.handle ?? handle
          const last = message.updates.at(-1)
          if (message.after === run.cursor) change(message.updates.reduce(reduce, run))
          if (last && last.cursor > run.cursor) catchingUp.missed(last.cursor)
          return
        }
        case 'connection':
          if (!reading) change(reduce(run, message.event))
          return
        case 'sync?':
          if (reading || hasEnded(run)) tellAll(run)
          return
        case 'sync':
          if (reading) return hasEnded(message.state) ? endAs(message.state) : undefined
          if (message.state.cursor >= run.cursor) handle = message.handle ?? handle
          change(furtherRun(run, message.state))
          catchingUp.answered()
          return
        case 'settled':
          if (!hasEnded(run)) return catchingUp.missed(run.cursor)
          owesEnd = false
          if (!reading && persister === null) turn?.abort(new DOMException('Its end is stored.', 'AbortError'))
          return
        case 'stop':
          if (hasEnded(run)) return
          change(reduce(run, { type: 'connection', state: { type: 'stopping' } }))
          if (reading) void stop()
          return
        case 'wake':
          if (reading) rouse(message.reason)
          return
      }
    },
    catchUp(record) {
      if (!reading) adopt(record)
    },
    report: () => tell(true),
  }
}

function reasonOf({ state }: Run): string | null {
  return state.type === 'paused' ? state.reason : null
}

/** Whether what it asked was answered by another run. After a sign-in it goes on by itself, and has more to say. */
function isAnswered(before: Run, { state, parts }: Run): boolean {
  if (!isAsking(before.state) || state.type !== 'completed') return false
  return before.state.reason !== 'auth' || lengthOf(parts) <= lengthOf(shownParts(before))
}

function wholeIn({ message, steps, usage, conversation }: AgentResponse): Pick<EndUpdate, 'parts' | 'steps' | 'usage' | 'conversation'> {
  return {
    ...(message.parts.length > 0 && { parts: message.parts }),
    ...(steps && { steps }),
    ...(usage && { usage }),
    ...(conversation !== undefined && { conversation }),
  }
}
