import {
  createEngine,
  header,
  isOutcome,
  newRun,
  proxyAgent,
  reduce,
  soloTabs,
  startCursor,
  textOf,
  type Agent,
  type Cursor,
  type ProgressStep,
  type RunState,
  type RunStore,
} from '@rejoin/core'
import { seededRandom, type Fetch } from '@rejoin/testkit'
import { slowStore } from './slowStore.ts'

/** What a page comes back to. */
export interface Stored {
  readonly text: string
  readonly cursor: Cursor
}

export interface PageOptions {
  fetch: Fetch
  store: RunStore
  storeMs: number
  seed: number
  /** All that may ever be shown. */
  text: string
  /** Shown at once after the restore, or more. */
  stored: Stored
  onFinish(): void
}

/** One life of a page: an engine with somebody who looks at every snapshot. */
export interface Page {
  /** Sends the question, unless the page has come back to it. */
  ask(): void
  wake(): void
  stop(): void
  /** What was wrong with a snapshot or a request, the first of all. */
  fault(): string | null
  state(): RunState | null
  text(): string
  steps(): readonly ProgressStep[]
  /** Leaves in good order. */
  leave(): void
  /** After `leave`: what it had under way is committed, and nothing of it is left. */
  gone(): void
  /** Is gone from one instruction to the next. */
  crash(): void
}

export const session = 's'

export function openPage({ fetch, store, storeMs, seed, text, stored, onFinish }: PageOptions): Page {
  const life = new AbortController()
  const pageStore = slowStore(store, storeMs)
  const agent = proxyAgent({
    url: '/api',
    fetch(url, init) {
      const from = new Headers(init.headers).get(header.lastEventId)
      if (from !== null && from < asked) note(`asked from ${from} on, after ${asked}`)
      asked = from ?? asked
      return fetch(url, { ...init, signal: AbortSignal.any([life.signal, ...(init.signal ? [init.signal] : [])]) })
    },
  })
  const engine = createEngine({
    agent,
    user: null,
    store: pageStore,
    tabs: soloTabs(),
    backoff: { baseMs: 50, random: seededRandom(seed).next },
    onWarning: (warning) => note(`warned of ${warning.code}`),
  })
  const chat = engine.session(session)
  let fault: string | null = null
  let shown = ''
  let restored = false
  /** Nothing that has been received is asked for again. */
  let asked = stored.cursor
  chat.onFinish(() => {
    if (!life.signal.aborted) onFinish()
  })

  function note(what: string): void {
    fault ??= what
  }

  function answer(): string {
    const message = chat.getSnapshot().messages.find(({ role }) => role === 'assistant')
    return message ? textOf(message) : ''
  }

  function look(): void {
    const now = answer()
    const { run } = chat.getSnapshot()
    if (now.length < shown.length) note(`the text shrank from ${shown.length} to ${now.length}: ${JSON.stringify(now)}`)
    if (!text.startsWith(now)) note(`the text is wrong at ${differenceOf(now, text)}`)
    if (!restored && run?.state.type !== 'restoring') {
      restored = true
      if (now.length < stored.text.length) note(`restored ${now.length} characters of ${stored.text.length}`)
    }
    shown = now
  }

  async function askOnce(): Promise<void> {
    await chat.restored()
    if (life.signal.aborted || chat.getSnapshot().messages.length > 0) return
    const { accepted } = await chat.send('why?')
    if (!accepted) note('the question was refused')
  }

  /** No page's script goes on beyond its end: not a stop that is being told, not a request. */
  function die(): void {
    engine.setAgent(deadAgent)
    life.abort(new DOMException('The page is gone.', 'AbortError'))
  }

  const unsubscribe = chat.subscribe(look)
  const unmount = engine.mount()

  return {
    ask() {
      void askOnce()
    },
    wake: () => chat.reconnect(),
    stop: () => void chat.stop(),
    fault: () => fault,
    state: () => chat.getSnapshot().run?.state ?? null,
    text: answer,
    steps: () => chat.getSnapshot().run?.progress ?? [],
    leave() {
      unsubscribe()
      unmount()
    },
    gone() {
      pageStore.finish()
      die()
    },
    crash() {
      pageStore.close()
      die()
      unsubscribe()
      unmount()
    },
  }
}

const never = new Promise<never>(() => {})

const deadAgent: Agent = {
  run: () => never,
  async *runStreaming() {
    yield await never
  },
  cancel: () => never,
}

/** What a store would bring back. */
export async function storedIn(store: RunStore): Promise<Stored> {
  const [record] = await store.load(session)
  if (record === undefined) return { text: '', cursor: startCursor }
  return { text: textOf(record.updates.reduce(reduce, newRun(record.start))), cursor: record.head.cursor }
}

export function isOver(state: RunState | null): boolean {
  return state !== null && isOutcome(state)
}

/** Where two texts part, with a little around it. */
export function differenceOf(got: string, wanted: string): string {
  let at = 0
  while (at < got.length && got[at] === wanted[at]) at += 1
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 12), at + 24))
  return `${at} of ${wanted.length} (${got.length} shown): ${around(got)} instead of ${around(wanted)}`
}
