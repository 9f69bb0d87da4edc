import { RejoinError } from '../error.ts'
import { newId } from '../id.ts'
import { saysSomething, type ChatMessage, type FilePart } from '../message.ts'
import { hasEnded, isAsking, shownParts, type Run, type RunStart } from '../run.ts'
import { type RunRecord } from '../store/runStore.ts'
import { type TabChannel } from '../tabs/tabs.ts'
import { asksToSignIn, createGivenAnswers, questionIn, type Answer } from './answers.ts'
import { type EngineContext, type EnginePart } from './context.ts'
import { createFinishes } from './finishes.ts'
import { createLiveRun, type LiveRun, type LiveRunOptions } from './liveRun.ts'
import { isAddressed, messageOf, type OutgoingMessage } from './outgoing.ts'
import { type NewsItem } from './news.ts'
import { type RunMode } from './readRun.ts'
import { createSeen } from './seen.ts'
import {
  restoringSnapshot,
  snapshotOf,
  type Answers,
  type FinishedRun,
  type SessionSnapshot,
} from './sessionSnapshot.ts'
import { isTabMessage, tabMessageVersion, type TabMessage } from './tabMessage.ts'

/** A send never rejects: what was refused is said here and in `error`. */
export type SendResult =
  | { readonly accepted: true; readonly runId: string }
  | { readonly accepted: false; readonly error: RejoinError }

/** How one message is to be answered. */
export interface SendOptions {
  /** Whether the agent may go on without a connection. @default true */
  background?: boolean | undefined
}

/** One conversation in this tab: its messages, its current run, and what can be done with them. */
export interface Session {
  readonly id: string
  /** Calls `listener` after each change of the snapshot. Gives back how to stop that. */
  subscribe(listener: () => void): () => void
  /**
   * Says that the session is on the page: what has ended there, or asks something, while the page can be seen, has been seen. Gives
   * back how to say that it is no more.
   */
  show(): () => void
  /** Changes at most once per animation frame, and at once when a run ends. */
  getSnapshot(): SessionSnapshot
  /** When what is stored has been read. */
  restored(): Promise<void>
  /**
   * Sends a message of the person. Where the agent waits for words, they are its answer. Never rejects: what was refused is
   * said in the result and in `error`.
   */
  send(message: string | OutgoingMessage, options?: SendOptions): Promise<SendResult>
  /**
   * Answers what the agent has asked. The answer is a run of its own, which goes on where the other one waits; where
   * there are several requests, it starts with the last answer, and until then `runId` is the run that waits.
   */
  answer(requestId: string, answer: Answer): Promise<SendResult>
  /** Ends the current run. Resolves when the server has acknowledged it. */
  stop(): Promise<void>
  /** Asks the last message again; its answer takes the place of the earlier one. */
  regenerate(): Promise<SendResult>
  /** How its runs are followed, from now on. @default 'stream' */
  setMode(mode: RunMode): void
  /** Tries the connection at once: after signing in, or when the person will not wait. */
  reconnect(): void
  /** Takes `error` away: the person has seen it. */
  clearError(): void
  /** Called at most once per run in this browser, whichever tab gets there first. */
  onFinish(handler: (finished: FinishedRun) => void): () => void
}

/** A session as its engine sees it. */
export interface EngineSession extends Session, EnginePart {
  isOpen(): boolean
  knows(runId: string): boolean
  /**
   * Takes in a run that was found on the server.
   * @param stored whether the store had it already
   */
  adopt(start: RunStart, stored: boolean): void
  /** Answers what is asked of all who read runs. */
  hear(item: NewsItem): void
}

/** How a new run comes about. */
interface Beginning extends SendOptions {
  /** The run whose place it takes. */
  replaces?: LiveRun | undefined
  /** The run whose question it answers. */
  answers?: string | undefined
  /** Nobody here has asked for it: that another tab was faster is no news. */
  quiet?: boolean | undefined
}

export function createSession(context: EngineContext, id: string): EngineSession {
  const listeners = new Set<() => void>()
  const answers: Answers = new WeakMap()
  let runs: LiveRun[] = []
  const finishes = createFinishes(context, answers)
  /** Grows when all is forgotten: what was asked of the store before that counts no more. */
  let lives = 0
  /** Asked again: what is still in the store must not bring them back. */
  const removed = new Set<string>()
  /** Making a session object (in a render, perhaps one that is thrown away) does nothing yet. */
  let wanted = false
  let restored = false
  let restoring: Promise<void> | null = null
  let entered = false
  let refusal: RejoinError | null = null
  /** The run whose failure the person has put away. */
  let cleared: string | null = null
  let channel: TabChannel | null = null
  let snapshot = restoringSnapshot
  let mode: RunMode = 'stream'
  const givenAnswers = createGivenAnswers()
  /** Answers whose start is being stored, by the requests: given twice in a row, they are one. */
  const answering = new Map<string, Promise<SendResult>>()
  const seen = createSeen(context)

  const current = (): LiveRun | undefined => runs.at(-1)
  const active = (): LiveRun | undefined => runs.find((live) => !hasEnded(live.run()) && !isAsking(live.run().state))
  const asking = (): LiveRun | undefined => runs.findLast((live) => isAsking(live.run().state))
  const question = (): Run | null => questionIn(runs.map((live) => live.run()))

  function publish(): void {
    snapshot = restored ? snapshotOf(runs.map((live) => live.run()), refusal, cleared, answers, givenAnswers.given) : restoringSnapshot
    for (const listener of listeners) listener()
    look()
  }

  function look(): void {
    if (restored) seen.look(current()?.run())
  }

  function changed(now = false): void {
    context.frames.request(publish)
    if (now) context.frames.flush()
  }

  function post(message: TabMessage): void {
    channel?.post(message)
  }

  function open(start: RunStart, more: Pick<LiveRunOptions, 'record' | 'wanted'> = {}): LiveRun {
    let asked = false
    const live = createLiveRun({
      context,
      start,
      ...more,
      mode: () => mode,
      post,
      onChange(ended) {
        if (ended && refusal?.code === 'busy') refusal = null
        changed(ended || isAsking(live.run().state))
        finishes.announce(live.run())
        // What has ended it may be an answer, of a tab that was gone before it could tell of that.
        if (ended && asked && live === current()) void refresh()
        asked = isAsking(live.run().state)
        if (ended) rest()
      },
    })
    runs = [...runs, live].sort(inOrder)
    return live
  }

  /** Begins to read it, or to wait for a turn, unless the page is away. */
  function follow(live: LiveRun): void {
    if (entered) live.enter()
  }

  /** A start that is stored takes the place of the run that it replaces, and of this tab's own, to the same end, which will not be. */
  function giveWay({ id: winner, answers, replaces }: RunStart): void {
    const rivals = runs.filter((live) => {
      const { start } = live.run()
      if (live.id === winner) return false
      if (live.id === replaces) return true
      return (answers !== undefined && start.answers === answers) || (replaces !== undefined && start.replaces === replaces)
    })
    for (const rival of rivals) drop(rival.id)
  }

  function drop(runId: string): void {
    hide(runId)
    context.news.tell({ type: 'removed', run: runId }, true)
  }

  function hide(runId: string): void {
    removed.add(runId)
    runs.find((live) => live.id === runId)?.leave()
    runs = runs.filter((live) => live.id !== runId)
  }

  /** Whatever comes after a question is its answer, or passes it over. */
  function closeAnswered(): void {
    for (const live of runs.slice(0, -1)) if (isAsking(live.run().state)) live.close()
    if (question() === null) givenAnswers.clear()
  }

  async function refresh(): Promise<void> {
    const asked = lives
    const keep = (records: readonly RunRecord[]): void => {
      if (asked === lives) take(records)
    }
    keep(await context.storage.attempt((store) => store.load(id), [], keep))
    rest()
  }

  function take(records: readonly RunRecord[]): void {
    for (const record of records) {
      const known = runs.find((live) => live.id === record.start.id)
      if (!known && context.hasExpired(record)) continue
      finishes.know(record)
      giveWay(record.start)
      if (known) known.catchUp(record)
      else if (!removed.has(record.start.id)) follow(open(record.start, { record }))
    }
    restored = true
    closeAnswered()
    changed(true)
    for (const live of runs) finishes.announce(live.run())
  }

  function hear(value: unknown): void {
    if (!isTabMessage(value)) return
    if (value.type === 'run') {
      if (runs.some((live) => live.id === value.run)) return
      giveWay(value.start)
      follow(open(value.start))
      closeAnswered()
      return changed()
    }
    if (value.type === 'given') return hearGiven(value.run, value.answers)
    // Who opens the session later has to know, too.
    if (value.type === 'sync?' && givenAnswers.given.size > 0) tellGiven(value.run)
    runs.find((live) => live.id === value.run)?.hear(value)
  }

  function hearGiven(runId: string, answers: ReturnType<typeof givenAnswers.told>): void {
    const asked = question()
    if (asked?.start.id !== runId) return
    const parts = givenAnswers.take(asked, answers)
    changed()
    // Given in two tabs in the same moment, the last answer of each was not the last: whichever is first sends them.
    if (parts !== 'waits' && !active()) void sendParts(asked, parts, true)
  }

  function want(): void {
    wanted = true
    if (context.active()) enter()
  }

  /** A session that nobody looks at and that has nothing to read needs no channel; it is entered again when wanted. */
  function rest(): void {
    if (!restored || listeners.size > 0 || finishes.wanted() || active()) return
    wanted = false
    leave()
  }

  function enter(): void {
    if (!wanted || entered) return
    entered = true
    context.news.tell({ type: 'open', session: id }, true)
    channel = context.tabs.channel(context.nameOf(String(tabMessageVersion), id), hear)
    for (const live of runs) live.enter()
    // After time away (bfcache), other tabs may have gone on without this one.
    if (restored) restoring = refresh()
    else void restore()
  }

  function leave(): void {
    if (!entered) return
    entered = false
    for (const live of runs) live.leave()
    channel?.close()
    channel = null
    context.news.tell({ type: 'left', session: id }, false)
  }

  function restore(): Promise<void> {
    restoring ??= refresh()
    return restoring
  }

  function refuse(error: RejoinError): SendResult {
    refusal = error
    changed(true)
    return { accepted: false, error }
  }

  /** The turn before a new one. */
  function conversation(): string | null | undefined {
    const last = current()
    if (isLost(last)) return null
    return last?.run().conversation ?? last?.run().start.conversation
  }

  async function begin(message: ChatMessage, { background, replaces, answers, quiet }: Beginning): Promise<SendResult> {
    refusal = null
    cleared = null
    const earlier = replaces?.run().start
    const before = earlier && !isLost(replaces) ? earlier.conversation : conversation()
    const start: RunStart = {
      id: newId(),
      session: id,
      message,
      // After the last one, whatever the clock says: it is what turns are put in order by.
      createdAt: Math.max(Date.now(), (current()?.run().start.createdAt ?? 0) + 1),
      ...(background !== undefined && { background }),
      ...(before !== undefined && { conversation: before }),
      ...(earlier && { replaces: earlier.id }),
      ...(answers !== undefined && { answers }),
    }
    if (replaces) hide(replaces.id)
    // Shown now, so that a second send finds it; read once its start record is stored.
    const live = open(start, { wanted: true })
    changed(true)
    const stored = await context.storage.attempt((store) => store.begin(start), true)
    if (!stored) {
      // Another tab was faster. It may be gone before it could say so.
      drop(live.id)
      if (replaces) removed.delete(replaces.id)
      await refresh()
      const error = new RejoinError('not_found', { message: replaces ? askedAlready : notAsked })
      return quiet ? { accepted: false, error } : refuse(error)
    }
    if (!runs.includes(live)) {
      // All was forgotten meanwhile, and this with it.
      await context.storage.attempt((store) => store.remove(start), undefined)
      return { accepted: false, error: new RejoinError('not_found') }
    }
    if (!quiet) context.sent()
    // Only now: it would be here still, had another tab been faster.
    if (replaces) context.news.tell({ type: 'removed', run: replaces.id }, true)
    // Whoever looked on may have gone meanwhile.
    want()
    post({ type: 'run', run: start.id, start })
    // Only now: where this tab had gone before, nobody had answered, and the question would still stand.
    closeAnswered()
    follow(live)
    live.report()
    return { accepted: true, runId: live.id }
  }

  async function sendMessage(outgoing: OutgoingMessage, options: SendOptions): Promise<SendResult> {
    const message = messageOf(outgoing)
    if (!saysSomething(message)) return refuse(new RejoinError('empty_message'))
    if (!isAddressed(message)) return refuse(new RejoinError('invalid_request', { message: notUploaded }))
    if (active()) return refuse(new RejoinError('busy'))
    if (outgoing.messageId !== undefined) {
      const replaces = current()
      const { message: last, answers } = replaces?.run().start ?? {}
      if (last?.id !== message.id) return refuse(new RejoinError('not_found', { message: notLast }))
      if (answers !== undefined) return refuse(new RejoinError('not_found', { message: answeredOnce }))
      return await begin(message, { ...options, replaces })
    }
    const asked = question()
    const request = asked && givenAnswers.openInput(asked)
    if (!request) return await begin(message, options)
    return await sendAnswer(request.id, outgoing.text, message.parts.filter((part) => part.type === 'file'))
  }

  /** The run goes on once all that it asks is answered. */
  async function sendAnswer(request: string, answer: Answer, files?: readonly FilePart[]): Promise<SendResult> {
    const under = answering.get(request)
    if (under) return await under
    const asked = active() ? null : question()
    const parts = asked && givenAnswers.give(asked, request, answer, files)
    if (asked === null || parts === null) return refuse(new RejoinError('not_found', { message: notAsked }))
    if (parts === 'waits') {
      tellGiven(asked.start.id)
      changed(true)
      return { accepted: true, runId: asked.start.id }
    }
    return await sendParts(asked, parts)
  }

  function tellGiven(runId: string): void {
    post({ type: 'given', run: runId, answers: givenAnswers.told() })
  }

  async function sendParts(asked: Run, parts: ChatMessage['parts'], quiet = false): Promise<SendResult> {
    const last = current()
    const { id: answers, background } = asked.start
    const message: ChatMessage = { id: newId(), role: 'user', parts }
    const sent = begin(message, { background, answers, quiet, ...(last?.id !== answers && { replaces: last }) })
    for (const part of parts) if (part.type === 'answer') answering.set(part.request, sent)
    return await sent.finally(() => answering.clear())
  }

  return {
    id,
    subscribe(listener) {
      listeners.add(listener)
      want()
      return () => {
        listeners.delete(listener)
        // A component that moves, or Strict Mode, subscribes again at once.
        setTimeout(rest)
      }
    },
    show() {
      const hide = seen.show()
      look()
      return hide
    },
    getSnapshot: () => snapshot,
    restored: restore,
    async send(message, options = {}) {
      want()
      await restore()
      return await sendMessage(typeof message === 'string' ? { text: message } : message, options)
    },
    async answer(request, answer) {
      want()
      await restore()
      if (typeof answer === 'string' && answer.trim() === '') return refuse(new RejoinError('empty_message'))
      // Who has signed in elsewhere comes back to a run that may have gone on by itself meanwhile.
      const waiting = asking()
      if (waiting && asksToSignIn(waiting.run(), request) && !(await waiting.stillAsks())) return { accepted: true, runId: waiting.id }
      return await sendAnswer(request, answer)
    },
    async stop() {
      await restore()
      await (active() ?? asking())?.stop()
    },
    async regenerate() {
      want()
      await restore()
      const last = current()
      const { message = null, background } = last?.run().start ?? {}
      if (last === undefined) return refuse(new RejoinError('empty_message'))
      if (message === null) return refuse(new RejoinError('not_found', { message: askedElsewhere }))
      if (active()) return refuse(new RejoinError('busy'))
      // The question it answers has been asked once. Where nothing has come of that, it may still stand.
      const spent = last.run().start.answers !== undefined && shownParts(last.run()).length > 0
      if (spent) return refuse(new RejoinError('not_found', { message: answeredOnce }))
      return await begin(message, { background, answers: last.run().start.answers, replaces: last })
    },
    setMode(next) {
      if (next === mode) return
      mode = next
      for (const live of runs) live.changeMode()
    },
    reconnect() {
      for (const live of runs) live.wake('asked')
    },
    clearError() {
      refusal = null
      const last = current()
      // A failure that is yet to come has not been seen.
      if (last && hasEnded(last.run())) cleared = last.id
      changed(true)
    },
    onFinish(handler) {
      finishes.add(handler)
      if (restored) for (const live of runs) finishes.announce(live.run())
      return () => {
        finishes.remove(handler)
        setTimeout(rest)
      }
    },
    enter,
    leave,
    isOpen: () => entered,
    isReading: (runId) => runs.some((live) => live.id === runId && !hasEnded(live.run())),
    knows: (runId) => runs.some((live) => live.id === runId),
    adopt(start, stored) {
      // Whatever reads the store later finds it there.
      if ((!entered && !restored) || removed.has(start.id) || runs.some((live) => live.id === start.id)) return
      if (stored) return void refresh()
      follow(open(start))
      post({ type: 'run', run: start.id, start })
      closeAnswered()
      changed()
    },
    hear(item) {
      if (!entered) return
      if (item.type === 'states?') for (const live of runs) if (!hasEnded(live.run())) live.report()
      if (item.type === 'listed') for (const live of runs) if (isAsking(live.run().state) && !item.runs.has(live.id)) live.wake('asked')
      const live = item.type === 'watching' && item.session === id && runs.find((other) => other.id === item.run)
      if (live) context.news.tell({ type: 'open', session: id }, true)
    },
    wake(reason) {
      for (const live of runs) live.wake(reason)
      look()
    },
    forget() {
      for (const live of runs) {
        live.forget()
        // It may have begun after the purge, and before this tab heard of that.
        void context.storage.attempt((store) => store.remove(live.run().start), undefined)
      }
      runs = []
      givenAnswers.clear()
      lives += 1
      restored = true
      refusal = null
      changed(true)
    },
  }
}

const notLast =
  'Only the last message of a conversation can be sent in another form, and this is not it, so nothing was sent. Give the id of the last message of the person.'
const answeredOnce =
  'This goes on from an answer of yours, which the agent has had and will not ask for again, so it can not be asked anew. Write a new message.'
const askedElsewhere =
  'This was asked on another device, or without keeping it here, so it is not known what to ask again. Write the message again.'
const askedAlready =
  'Another window has asked this again, or answered it, so nothing was sent from here. Look at what is there now.'
const notUploaded =
  'A file of this message has no address that a server could read it from, so nothing was sent: messages carry no bytes. Upload it first, and give its `http:` or `https:` address, or a path on this site.'
const notAsked =
  'The agent does not ask this (any more), or asks for an answer of another kind, so nothing was sent. It may have been answered in another window.'

/** The server has lost what it stands on: asking in the same place would fail again. */
function isLost(live: LiveRun | undefined): boolean {
  const state = live?.run().state
  return state?.type === 'failed' && state.code === 'conversation_lost'
}

/** Two tabs that send in the same moment agree on what comes first. */
function inOrder(a: LiveRun, b: LiveRun): number {
  const [before, after] = [a.run().start, b.run().start]
  return before.createdAt - after.createdAt || (before.id < after.id ? -1 : 1)
}
