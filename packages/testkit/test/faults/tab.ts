import { createEngine, textOf, type RunState } from '@rejoin/core'
import { type SeededRandom } from '@rejoin/testkit'
import { type Answer } from './answer.ts'
import { differenceOf } from './page.ts'
import { type SharedStore } from './sharedStore.ts'
import { type TabHub } from './tabHub.ts'

export interface TabOptions {
  answer: Answer
  hub: TabHub
  store: SharedStore
  random: SeededRandom
  onFinish(): void
}

/** One tab of a browser: an engine with somebody who looks at every snapshot. */
export interface Tab {
  ask(): void
  stop(): void
  reconnect(): void
  /** The page is put away, and kept. */
  leave(): void
  /** It is back. */
  enter(): void
  away(): boolean
  crash(): void
  gone(): boolean
  /** What was wrong with a snapshot or a warning, the first of all. */
  fault(): string | null
  state(): RunState | null
  text(): string
}

const session = 'main'

export function openTab({ answer, hub, store, random, onFinish }: TabOptions): Tab {
  const life = new AbortController()
  const { signal } = life
  const engine = createEngine({
    agent: answer.agent(signal),
    user: 'somebody',
    store: store.tab(signal),
    tabs: hub.tab(signal),
    backoff: { baseMs: 20, random: random.next },
    onWarning: ({ code }) => note(`warned of ${code}`),
  })
  const chat = engine.session(session)
  let fault: string | null = null
  let shown = ''
  let unmount: (() => void) | null = engine.mount()

  function note(what: string): void {
    if (!signal.aborted) fault ??= what
  }

  function text(): string {
    const message = chat.getSnapshot().messages.find(({ role }) => role === 'assistant')
    return message ? textOf(message) : ''
  }

  chat.onFinish(() => {
    if (!signal.aborted) onFinish()
  })
  chat.subscribe(() => {
    const now = text()
    if (now.length < shown.length) note(`the text shrank from ${shown.length} to ${now.length}`)
    if (!answer.text.startsWith(now)) note(`the text is wrong at ${differenceOf(now, answer.text)}`)
    if (chat.getSnapshot().messages.length > 2) note(`${chat.getSnapshot().messages.length} messages are shown`)
    shown = now
  })

  return {
    ask: () => void chat.send('why?'),
    stop: () => void chat.stop(),
    reconnect: () => chat.reconnect(),
    leave() {
      unmount?.()
      unmount = null
    },
    enter() {
      unmount ??= engine.mount()
    },
    away: () => unmount === null,
    crash: () => life.abort(new DOMException('The tab is gone.', 'AbortError')),
    gone: () => signal.aborted,
    fault: () => fault,
    state: () => chat.getSnapshot().run?.state ?? null,
    text,
  }
}
