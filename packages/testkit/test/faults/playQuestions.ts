import { answersIn, memoryRunStore, newRun, reduce, shownParts, textOf, type Agent, type RequestPart, type RunStore } from '@rejoin/core'
import { createTabHub, seededRandom } from '@rejoin/testkit'
import { vi } from 'vitest'
import { createAnswer } from './answer.ts'
import { differenceOf } from './differenceOf.ts'
import { isOver } from './isOver.ts'
import { sharedStore } from './sharedStore.ts'
import { openTab, type Tab } from './tab.ts'

const request: RequestPart = { type: 'request', kind: 'input', id: 'why', prompt: 'But why?' }
const mostTabs = 4
const happenings = 60
/** Whoever has not come to an end by then never will. */
const patienceMs = 60_000

const kinds = ['leave', 'leave', 'return', 'return', 'return', 'open', 'open', 'crash', 'reconnect', 'answer', 'answer', 'everybody', 'nothing'] as const

/**
 * Plays an answer that ends with a question, and the answer to that, in a browser whose tabs come, go, freeze and crash, and answer at
 * once. Says what was wrong with it. Needs fake time.
 */
export async function playQuestions({ seed, snapshots }: { seed: number; snapshots: boolean }): Promise<string | null> {
  const random = seededRandom(seed)
  const stored = memoryRunStore()
  const question = createAnswer(random, { snapshots, asks: request })
  const answer = createAnswer(random, { snapshots })
  const wanted = [question.text, answer.text]
  const hub = createTabHub(random)
  const store = sharedStore(stored, random)
  const tabs: Tab[] = []
  const happened: string[] = []
  const begunAt = Date.now()
  const answering = new Set<string>()
  let finished = 0

  /** Either of the two, by the run. */
  function agent(life: AbortSignal): Agent {
    const [asks, goesOn] = [question.agent(life), answer.agent(life)]
    const of = (runId: string): Agent => (answering.has(runId) ? goesOn : asks)
    return {
      run: (messages, options) => of(options.runId).run(messages, options),
      runStreaming(messages, options) {
        const [message] = messages
        if (message && answersIn(message).length > 0) answering.add(options.runId)
        return of(options.runId).runStreaming(messages, options)
      },
      cancel: (options) => of(options.runId).cancel(options),
    }
  }

  const living = (): Tab[] => tabs.filter((tab) => !tab.gone())

  function open(): Tab {
    const tab = openTab({ agent, wanted, hub, store, random, onFinish: () => (finished += 1) })
    tabs.push(tab)
    return tab
  }

  function fault(): string | null {
    const wrong = tabs.findIndex((tab) => tab.fault() !== null)
    return wrong === -1 ? (question.fault() ?? answer.fault()) : `tab ${wrong}: ${tabs[wrong]?.fault()}`
  }

  function happen(kind: (typeof kinds)[number], tab: Tab): void {
    happened.push(`${Date.now() - begunAt} ms ${kind} ${tabs.indexOf(tab)}`)
    if (kind === 'open' && living().length < mostTabs) open()
    else if (kind === 'crash' && living().length > 1) tab.crash()
    else if (kind === 'leave') tab.leave()
    else if (kind === 'return') living().find((other) => other.away())?.enter()
    else if (kind === 'reconnect') tab.reconnect()
    else if (kind === 'answer' && !tab.away()) tab.answer()
    else if (kind === 'everybody') for (const other of living()) if (!other.away()) other.answer()
  }

  async function run(): Promise<string | null> {
    const first = open()
    await vi.advanceTimersByTimeAsync(100)
    first.ask()
    for (let at = 0; at < happenings; at += 1) {
      await vi.advanceTimersByTimeAsync(random.int(0, 150))
      if (fault() !== null) return fault()
      happen(random.pick(kinds), random.pick(living()))
    }
    for (const tab of living()) tab.enter()
    const until = Date.now() + patienceMs
    while (Date.now() < until && !living().every((tab) => isOver(tab.state()))) {
      await vi.advanceTimersByTimeAsync(100)
      living()[0]?.answer()
    }
    // For what the tabs still have to tell each other.
    await vi.advanceTimersByTimeAsync(2_000)
    return fault() ?? endFault() ?? (await storeFault(stored))
  }

  function endFault(): string | null {
    for (const tab of living()) {
      const at = tabs.indexOf(tab)
      if (tab.state()?.type !== 'completed') return `tab ${at} ended as ${JSON.stringify(tab.state())}`
      if (tab.text() !== wanted.join('')) return `the final text of tab ${at} is wrong at ${differenceOf(tab.text(), wanted.join(''))}`
    }
    return finished > 2 ? `onFinish was called ${finished} times for two runs` : null
  }

  async function storeFault(from: RunStore): Promise<string | null> {
    const records = await from.load('main')
    if (records.length !== 2) return `${records.length} runs are stored`
    const texts = records.map(({ start, updates }) => textOf({ parts: shownParts(updates.reduce(reduce, newRun(start))) }))
    return texts.every((text, at) => text === wanted[at]) ? null : `what is stored is wrong: ${JSON.stringify(texts)}`
  }

  const wrong = await run()
  for (const tab of tabs) {
    tab.crash()
    tab.leave()
  }
  vi.clearAllTimers()
  return wrong === null ? null : `seed ${seed}: ${wrong}\n  repeat with REJOIN_SEED=${seed}; ${happened.join(' · ')}`
}
