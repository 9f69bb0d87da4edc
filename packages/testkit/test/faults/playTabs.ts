import { memoryRunStore, newRun, reduce, shownParts, textOf, type RunStore } from '@rejoin/core'
import { createTabHub, seededRandom } from '@rejoin/testkit'
import { vi } from 'vitest'
import { createAnswer } from './answer.ts'
import { differenceOf } from './differenceOf.ts'
import { isOver } from './isOver.ts'
import { sharedStore } from './sharedStore.ts'
import { openTab, type Tab } from './tab.ts'

export interface TabPlay {
  readonly seed: number
  readonly snapshots: boolean
  readonly stops: boolean
}

const mostTabs = 4
const happenings = 40
/** Whoever has not come to an end by then never will. */
const patienceMs = 60_000

/** What happens, most often first. `return`: the page that was put away is back. */
const kinds = ['leave', 'leave', 'leave', 'leave', 'return', 'return', 'return', 'return', 'open', 'open', 'open', 'crash', 'crash', 'reconnect', 'remount', 'nothing', 'nothing'] as const

/** Plays one answer in a browser whose tabs come, go, freeze and crash, and says what was wrong with it. Needs fake time. */
export async function playTabs({ seed, snapshots, stops }: TabPlay): Promise<string | null> {
  const random = seededRandom(seed)
  const stored = memoryRunStore()
  const answer = createAnswer(random, { snapshots })
  const hub = createTabHub(random)
  const store = sharedStore(stored, random)
  const tabs: Tab[] = []
  const begunAt = Date.now()
  const happened: string[] = []
  const stopsAt = stops ? random.int(0, happenings - 1) : null
  let finished = 0

  const living = (): Tab[] => tabs.filter((tab) => !tab.gone())

  function open(): Tab {
    const tab = openTab({ agent: answer.agent, wanted: [answer.text], hub, store, random, onFinish: () => (finished += 1) })
    tabs.push(tab)
    return tab
  }

  function fault(): string | null {
    const wrong = tabs.findIndex((tab) => tab.fault() !== null)
    return wrong === -1 ? answer.fault() : `tab ${wrong}: ${tabs[wrong]?.fault()}`
  }

  function happen(kind: (typeof kinds)[number] | 'stop', tab: Tab): void {
    happened.push(`${Date.now() - begunAt} ms ${kind} ${tabs.indexOf(tab)}`)
    if (kind === 'open' && living().length < mostTabs) open()
    else if (kind === 'crash' && living().length > 1) tab.crash()
    else if (kind === 'leave') tab.leave()
    else if (kind === 'return') living().find((other) => other.away())?.enter()
    else if (kind === 'reconnect') tab.reconnect()
    else if (kind === 'stop') tab.stop()
    else if (kind === 'remount' && !tab.away()) {
      tab.leave()
      tab.enter()
    }
  }

  async function run(): Promise<string | null> {
    const first = open()
    await vi.advanceTimersByTimeAsync(100)
    first.ask()
    await vi.advanceTimersByTimeAsync(random.int(0, 100))
    for (let at = 0; at < happenings; at += 1) {
      await vi.advanceTimersByTimeAsync(random.int(0, 120))
      if (fault() !== null) return fault()
      happen(at === stopsAt ? 'stop' : random.pick(kinds), random.pick(living()))
    }
    for (const tab of living()) tab.enter()
    const until = Date.now() + patienceMs
    while (Date.now() < until && !living().every((tab) => isOver(tab.state()))) await vi.advanceTimersByTimeAsync(100)
    // For what the tabs still have to tell each other.
    await vi.advanceTimersByTimeAsync(2_000)
    return fault() ?? endFault() ?? (await storeFault(stored))
  }

  function endFault(): string | null {
    const [first] = living()
    const outcome = first?.state()
    if (outcome?.type !== 'completed' && !(stops && outcome?.type === 'cancelled')) return `the run ended as ${JSON.stringify(outcome)}`
    for (const tab of living()) {
      const at = tabs.indexOf(tab)
      if (tab.state()?.type !== outcome.type) return `tab ${at} ended as ${JSON.stringify(tab.state())}, another as ${outcome.type}`
      const wanted = outcome.type === 'completed' ? answer.text : (first?.text() ?? '')
      if (tab.text() !== wanted) return `the final text of tab ${at} is wrong at ${differenceOf(tab.text(), wanted)}`
    }
    return finished > 1 ? `onFinish was called ${finished} times` : null
  }

  async function storeFault(from: RunStore): Promise<string | null> {
    const [record, ...more] = await from.load('main')
    if (record === undefined || more.length > 0) return `${more.length + (record ? 1 : 0)} runs are stored`
    const text = textOf({ parts: shownParts(record.updates.reduce(reduce, newRun(record.start))) })
    const wanted = living()[0]?.text() ?? ''
    if (text !== wanted) return `the stored text is wrong at ${differenceOf(text, wanted)}`
    // A stop whose answer only a tab heard that does not write is told again by the next page.
    return record.head.outcome || (stops && record.head.stop) ? null : 'no outcome is stored'
  }

  const wrong = await run()
  closeDown(tabs)
  return wrong === null ? null : `seed ${seed}: ${wrong}\n  repeat with REJOIN_SEED=${seed}; ${happened.join(' · ')}`
}

function closeDown(tabs: readonly Tab[]): void {
  for (const tab of tabs) {
    tab.crash()
    tab.leave()
  }
  vi.clearAllTimers()
}
