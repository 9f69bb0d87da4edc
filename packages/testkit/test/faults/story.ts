import { type ProgressStep } from '@rejoin/core'
import { faultPlan, seededRandom, type FaultPlan, type SeededRandom } from '@rejoin/testkit'

/** What the agent does: says something, shows a step, or takes its time. */
type StoryItem =
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'progress'; readonly step: ProgressStep }
  | { readonly type: 'pause'; readonly ms: number }

/**
 * What happens to the page. `reload`: it goes in good order and comes back. `crash`: whatever it had not
 * stored is gone. `twin`: it is opened once more, beside the one there is, which is gone at the next event.
 * `wake`: the network or the person is back, so open connections are not trusted. `stop`: the person has
 * had enough.
 */
export interface PageEvent {
  readonly type: 'reload' | 'crash' | 'twin' | 'wake' | 'stop'
  readonly atMs: number
}

/** One answer, and all that goes wrong with it. */
export interface Story {
  readonly seed: number
  readonly items: readonly StoryItem[]
  readonly text: string
  readonly steps: readonly ProgressStep[]
  readonly events: readonly PageEvent[]
  /** What goes wrong with the requests. */
  readonly plan: FaultPlan
  /** How long the store takes for a write. */
  readonly storeMs: number
  /** How long the page stays on after the end, before it is reloaded. */
  readonly lingerMs: number
}

const deltas = [
  'the', ' quick', ' brown fox', ' ', '\n', '\n\n', '\r\n', '👩‍🚀', '🏳️‍🌈', '日本語', '中文，', 'é', 'e\u0301', '\u2028',
  // A surrogate pair that falls in two, as with tokens.
  '\ud83d', '\ude80',
  // What would end a frame, or begin one.
  'data: x\n\nid: 9\n\n', ':', '"}', '\\n', '</script>', '\u0000', '\ufeff',
]

/** @param stops whether the person stops it, at some moment */
export function storyOf(seed: number, stops = false): Story {
  const random = seededRandom(seed)
  const items = itemsOf(random)
  const steps = new Map<string, ProgressStep>()
  for (const item of items) if (item.type === 'progress') steps.set(item.step.id, item.step)
  const length = items.reduce((sum, item) => sum + (item.type === 'pause' ? item.ms : 0), 0)
  return {
    seed,
    items,
    text: items.map((item) => (item.type === 'text' ? item.delta : '')).join(''),
    steps: [...steps.values()],
    events: eventsOf(random, length, stops),
    plan: faultPlan(random.int(0, 2 ** 31), { requests: 12 }),
    storeMs: random.pick([0, 0, 3, 40]),
    lingerMs: random.pick([0, 100]),
  }
}

function itemsOf(random: SeededRandom): StoryItem[] {
  const items: StoryItem[] = []
  const count = random.int(50, 150)
  // Some agents say it all at once, some think between any two words.
  const pauses = random.pick([0, 0.1, 0.3, 0.6])
  for (let said = 0; said < count; said += 1) {
    if (random.chance(pauses)) items.push({ type: 'pause', ms: random.pick([1, 1, 20, 20, 200, 3_000]) })
    if (random.chance(0.06)) items.push({ type: 'progress', step: stepOf(random) })
    items.push({ type: 'text', delta: random.pick(deltas) })
  }
  return items
}

function stepOf(random: SeededRandom): ProgressStep {
  const id = String(random.int(1, 4))
  return { id, label: `Step ${id} 検索`, state: random.pick(['active', 'done']), value: random.int(0, 9), total: 9 }
}

function eventsOf(random: SeededRandom, length: number, stops: boolean): PageEvent[] {
  // Some before the first byte, most while it is said, some while connections are made again.
  const moment = (): number => random.pick([random.int(0, 60), random.int(0, length + 100), random.int(0, length + 8_000)])
  const events = Array.from({ length: random.pick([0, 1, 1, 2, 3, 6]) }, (): PageEvent => {
    return { type: random.pick(['reload', 'crash', 'twin', 'wake']), atMs: moment() }
  })
  if (stops) events.push({ type: 'stop', atMs: moment() })
  return events.sort((a, b) => a.atMs - b.atMs)
}

/** In one line, for the message of a test that failed. */
export function describeEvents({ events, storeMs }: Story): string {
  return [`store ${storeMs} ms`, ...events.map(({ type, atMs }) => `${type} at ${atMs} ms`)].join(' · ')
}
