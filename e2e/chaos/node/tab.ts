import { createEngine, proxyAgent, type Agent, type ChatMessage, type ProgressStep, type RunStore, type Tabs } from '@rejoin/core'
import { type Fetch, type SeededRandom } from '@rejoin/testkit'
import { watchedBody } from '../watchedBody.ts'
import { question, timingOf, type Plan } from '../plan.ts'
import { watchRequests } from '../requestWatch.ts'
import { agentPath } from '../server.ts'
import { differenceOf, isBeginningOf } from '../verdict.ts'
import { type TabView } from '../world.ts'
import { type Device, type Page } from './device.ts'
import { type DiskState, type DiskUser } from './disk.ts'

export interface TabOptions {
  readonly number: number
  readonly plan: Plan
  readonly device: Device
  readonly random: SeededRandom
  readonly fetch: Fetch
  store(user: DiskUser): RunStore
  /** Its share of the browser's locks and channels until its life ends. */
  tabs(life: AbortSignal): Tabs
  /** What it shows as soon as it knows what was here before, or so many milliseconds later; or more. */
  readonly before: TabView['parts']
  readonly beforeWithinMs: number
  /** When the person last did something in any tab, by the device's clock. */
  actedAt(): number
  onFinish(): void
  /** The person's question was taken. */
  onAccepted(): void
  onShown(parts: TabView['parts']): void
}

/** One tab of a browser: an engine, and somebody who looks at every snapshot. */
export interface Tab {
  readonly page: Page
  /** Resolves when it knows what was here before, and that has been looked at. */
  readonly restored: Promise<void>
  setDisk(state: DiskState): void
  ask(): void
  retry(): void
  stop(): void
  /** The page hears of it. */
  tell(target: 'window' | 'document', type: string): void
  setVisible(visible: boolean): void
  /** It is told that it goes. */
  leave(): void
  /** After `leave`: its scripts run no more, and what it has begun to store is stored. */
  close(): void
  /** Nobody on the page needs its engine any more. */
  unmount(): void
  /** Is gone from one instruction to the next. */
  kill(): void
  isGone(): boolean
  view(): TabView
  steps(): readonly ProgressStep[]
}

const session = 'main'

/** The app signs in again so long after it was told to. */
const signInMs = 1_000

export function openTab({ number, plan, device, random, fetch, store, tabs, before, beforeWithinMs, actedAt, onFinish, onAccepted, onShown }: TabOptions): Tab {
  const { stallMs, backoff, poll } = timingOf(plan.engine)
  const page = device.createPage()
  const life = new AbortController()
  const warnings: string[] = []
  const complaints: string[] = []
  let diskState: DiskState = 'well'
  let disk: ReturnType<DiskUser['life']> = 'open'
  let shown: TabView['parts'] = []
  let said = ''
  /** How often there was more text while it said that it has no connection. */
  let grown = 0
  let signingIn = false
  let sending = false

  const watch = page.run(() => watchRequests({ plan, now: device.now, actedAt, showsSome: () => shown.length > 0, complain }))

  const { engine, chat, unmount } = page.run(() => {
    const engine = createEngine({
      agent: createAgent(),
      user: 'somebody',
      store: store({ page, disk: () => diskState, life: () => disk }),
      tabs: hers(tabs(life.signal), device, page),
      backoff: { ...backoff, random: random.next },
      poll,
      onWarning: ({ code }) => void warnings.push(code),
    })
    const chat = engine.session(session)
    chat.onFinish(onFinish)
    chat.subscribe(look)
    return { engine, chat, unmount: engine.mount() }
  })

  function createAgent(): Agent {
    return proxyAgent({ url: agentPath, stallMs, maxStreams: plan.maxStreams ?? undefined, fetch: send })
  }

  async function send(url: string, init: RequestInit): Promise<Response> {
    watch.asks(url, init)
    const signal = init.signal ? AbortSignal.any([life.signal, init.signal]) : life.signal
    // Over there it is not the page that hears of it.
    const left = new AbortController()
    signal.addEventListener('abort', () => device.outside(() => left.abort(signal.reason)), { once: true })
    if (signal.aborted) left.abort(signal.reason)
    const response = await device.outside(() => fetch(url, { ...init, signal: left.signal })).finally(page.awake)
    watch.answered(url, init, response)
    const { body, status, statusText, headers } = response
    if (status === 401) signIn()
    return new Response(body && hersAlone(body), { status, statusText, headers })
  }

  /** What is read is read outside, and gets here when the page is awake. */
  function hersAlone(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const outer = device.outside(() => watchedBody(body, () => {}).getReader())
    const hears = watch.body()
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await device.outside(() => outer.read()).finally(page.awake)
          if (done) controller.close()
          else {
            hears(value)
            controller.enqueue(value)
          }
        },
        cancel: (reason) => device.outside(() => outer.cancel(reason)),
      },
      { highWaterMark: 0 },
    )
  }

  function complain(what: string): void {
    if (!life.signal.aborted) complaints.push(what)
  }

  function look(): void {
    const { messages, run } = chat.getSnapshot()
    const parts = partsOf(messages)
    if (!isBeginningOf(shown, parts)) complain(`what was shown was taken away: ${differenceOf(parts, shown)}`)
    if (!isBeginningOf(parts, plan.answer.parts)) complain(`wrong text: ${differenceOf(parts, plan.answer.parts)}`)
    const before = said
    said = JSON.stringify(run?.state ?? null)
    const waits = run?.state.type === 'reconnecting' && run.state.reason !== 'restored' && said === before
    if (!waits) grown = 0
    else if (shown.length > 0 && differenceOf(parts, shown) !== null) grown += 1
    // Once: what is found in the store.
    if (grown > 1) complain(`its text grows, and it is ${said}`)
    shown = parts
    onShown(parts)
  }

  /** Its state does not say of a run that is being stopped that nobody is signed in, so the app looks for itself. */
  function signIn(): void {
    if (signingIn) return
    signingIn = true
    setTimeout(() => {
      signingIn = false
      engine.setAgent(createAgent())
    }, signInMs)
  }

  async function restored(): Promise<void> {
    await chat.restored()
    if (beforeWithinMs > 0) await new Promise((resolve) => setTimeout(resolve, beforeWithinMs))
    const parts = partsOf(chat.getSnapshot().messages)
    if (!isBeginningOf(before, parts)) complain(`it came back with less than was shown: ${differenceOf(parts, before)}`)
  }

  async function ask(): Promise<void> {
    await chat.restored()
    // It may be on its way to the disk.
    if (sending || chat.getSnapshot().messages.length > 0) return
    sending = true
    const { accepted } = await chat.send(question)
    sending = false
    if (accepted) onAccepted()
    else complain('the question was refused')
  }

  function end(how: 'closed' | 'killed'): void {
    disk = how
    life.abort(new DOMException('The page is gone.', 'AbortError'))
    page.end()
  }

  function tell(target: 'window' | 'document', type: string): void {
    page.run(() => page.globals[target].dispatchEvent(Object.assign(new Event(type), { persisted: false })))
  }

  return {
    page,
    restored: page.run(restored),
    setDisk(state) {
      diskState = state
    },
    ask: () => page.run(() => void ask()),
    retry: () => page.run(() => chat.reconnect()),
    stop: () => page.run(() => void chat.stop()),
    tell,
    setVisible(visible) {
      page.globals.document.visibilityState = visible ? 'visible' : 'hidden'
      tell('document', 'visibilitychange')
    },
    leave: () => tell('window', 'pagehide'),
    close: () => end('closed'),
    unmount: () => page.run(unmount),
    kill: () => end('killed'),
    isGone: () => life.signal.aborted,
    steps: () => chat.getSnapshot().run?.progress ?? [],
    view() {
      const { messages, run } = chat.getSnapshot()
      const questions = messages.flatMap(({ role, parts }) => (role === 'user' ? [parts.map((part) => (part.type === 'text' ? part.text : '')).join('')] : []))
      return { tab: number, state: run?.state ?? null, questions, parts: partsOf(messages), warnings, complaints }
    },
  }
}

/** The answer's parts that have text. */
function partsOf(messages: readonly ChatMessage[]): TabView['parts'] {
  const parts = messages.findLast(({ role }) => role === 'assistant')?.parts ?? []
  return parts.flatMap((part) => ((part.type === 'text' || part.type === 'reasoning') && part.text !== '' ? [{ type: part.type, text: part.text }] : []))
}

/** The browser's locks and channels as a page has them: what calls it back gets to it when it is awake. */
function hers(tabs: Tabs, device: Device, page: Page): Tabs {
  return {
    exclusive: tabs.exclusive,
    async lock(name, signal, hold) {
      const held = async (): Promise<void> => {
        await page.awake()
        await page.run(hold)
      }
      await device.outside(() => tabs.lock(name, signal, held)).finally(page.awake)
    },
    take: (name) => device.outside(() => tabs.take(name)).finally(page.awake),
    channel(name, onMessage) {
      const channel = device.outside(() => tabs.channel(name, (message) => page.whenAwake(() => page.run(() => onMessage(message)))))
      return {
        post: (message) => device.outside(() => channel.post(message)),
        close: () => channel.close(),
      }
    },
  }
}
