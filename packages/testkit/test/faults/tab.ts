import { createEngine, textOf, type Agent, type RunState } from '@rejoin/core'
import { type SeededRandom, type TabHub } from '@rejoin/testkit'
import { differenceOf } from './differenceOf.ts'
import { type SharedStore } from './sharedStore.ts'

export interface TabOptions {
  /** The agent as this tab sees it until `life` ends. */
  agent(life: AbortSignal): Agent
  /** What may be shown, answer by answer. */
  wanted: readonly string[]
  hub: TabHub
  store: SharedStore
  random: SeededRandom
  onFinish(): void
}

/** One tab of a browser: an engine with somebody who looks at every snapshot. */
export interface Tab {
  ask(): void
  /** Answers what is asked, if anything is. */
  answer(): void
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
  /** All answers. */
  text(): string
}

const session = 'main'

export function openTab({ agent, wanted, hub, store, random, onFinish }: TabOptions): Tab {
  const life = new AbortController()
  const { signal } = life
  const engine = createEngine({
    agent: agent(signal),
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

  function answers(): string[] {
    return chat.getSnapshot().messages.filter(({ role }) => role === 'assistant').map(textOf)
  }

  function text(): string {
    return answers().join('')
  }

  chat.onFinish(() => {
    if (!signal.aborted) onFinish()
  })
  chat.subscribe(() => {
    const now = text()
    if (now.length < shown.length) note(`the text shrank from ${shown.length} to ${now.length}`)
    for (const [at, said] of answers().entries()) {
      const whole = wanted[at] ?? ''
      if (!whole.startsWith(said)) note(`answer ${at} is wrong at ${differenceOf(said, whole)}`)
    }
    const { length } = chat.getSnapshot().messages
    if (length > 2 * wanted.length) note(`${length} messages are shown`)
    shown = now
  })

  return {
    ask: () => void chat.send('why?'),
    answer() {
      for (const { id } of chat.getSnapshot().requests) void chat.answer(id, 'because')
    },
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
