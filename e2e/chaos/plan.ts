import { type PollOptions } from '@rejoin/core'
import { faultKinds, faultPlan, seededRandom, type FaultPlan, type SeededRandom } from '@rejoin/testkit'
import { answerOf, type Answer } from './answer.ts'
import { kinds, type EngineName, type KindName } from './kinds.ts'

/** `tab` counts the living tabs, around and around; `forMs`: until it is over. */
export type PlanEvent =
  | { readonly type: 'reload' | 'open' | 'close' | 'kill_renderer' | 'retry' | 'stop'; readonly atMs: number; readonly tab: number }
  | { readonly type: 'reopen' | 'kill_browser' | 'offline' | 'refuse' | 'restart'; readonly atMs: number; readonly forMs: number }
  | { readonly type: 'freeze' | 'quota' | 'denied'; readonly atMs: number; readonly tab: number; readonly forMs: number }
  | { readonly type: 'clock'; readonly atMs: number; readonly byMs: number }
  | { readonly type: 'delete_database' | 'expire_window'; readonly atMs: number }

/** One answer, and all that goes wrong with it. Plain data, the same for the same seed and engine. */
export interface Plan {
  readonly seed: number
  readonly engine: EngineName
  /** A generator, by what it does after a restart, whose run is logged here; or a model, whose run the provider keeps. */
  readonly agent: 'repeats' | 'continues' | 'openai'
  readonly answer: Answer
  /** Whether the browser has neither locks nor channels, so that each tab is alone. Only in Node: it is a browser of long ago. */
  readonly alone: boolean
  /** How many streams a browser may have at once; `null`: as many as it finds out. Who gets none is polled. */
  readonly maxStreams: 0 | 1 | null
  /** What goes wrong with the requests. */
  readonly requests: FaultPlan
  /** What else happens, in its order; milliseconds from the question. */
  readonly events: readonly PlanEvent[]
}

/** What the person asks. */
export const question = 'why?'

/** No answer of a plan takes longer by itself, in milliseconds: so much for the first byte to the last. */
const longestAnswerMs = { node: 60_000, chromium: 1_500, firefox: 1_500, webkit: 1_500 } as const

/** How long things take on both sides of a plan, in milliseconds. */
export interface Timing {
  /** How often an open stream says that it is there, and after how long a silence nobody believes it. */
  readonly heartbeatMs: number
  readonly stallMs: number
  readonly firstBatchMs: number
  /** After so long a run whose process has died is another's. */
  readonly leaseMs: number
  readonly poll: Required<PollOptions>
  readonly backoff: { readonly baseMs: number; readonly capMs: number }
}

const timings: { readonly node: Timing; readonly browser: Timing } = {
  node: {
    heartbeatMs: 5_000,
    stallMs: 15_000,
    firstBatchMs: 1_000,
    leaseMs: 1_000,
    poll: { intervalMs: 1_000, capMs: 10_000 },
    backoff: { baseMs: 250, capMs: 5_000 },
  },
  browser: {
    heartbeatMs: 150,
    stallMs: 800,
    firstBatchMs: 100,
    leaseMs: 300,
    poll: { intervalMs: 50, capMs: 200 },
    backoff: { baseMs: 20, capMs: 200 },
  },
}

export function timingOf(engine: EngineName): Timing {
  return engine === 'node' ? timings.node : timings.browser
}

export function planOf(seed: number, engine: EngineName): Plan {
  const random = seededRandom(seed)
  const agent = random.pick(['repeats', 'continues', 'openai', 'openai'] as const)
  const answer = answerOf(random, agent, longestAnswerMs[engine])
  const delayMs = engine === 'node' ? 3_000 : 200
  const requests = random.chance(0.15) ? { seed, requests: [] } : faultPlan(random.int(0, 2 ** 31), { kinds: faultKinds, requests: engine === 'node' ? 12 : 8, delayMs })
  const events = eventsOf(random, engine, agent, answer)
  const alone = engine === 'node' && random.chance(0.1)
  return { seed, engine, agent, answer, alone, maxStreams: random.pick([null, null, null, 1, 1, 0] as const), requests, events }
}

function eventsOf(random: SeededRandom, engine: EngineName, agent: Plan['agent'], { lengthMs }: Answer): PlanEvent[] {
  const possible = names.filter((name) => kinds[name].how[engine] !== 'no' && name !== 'stop' && (name !== 'expire_window' || agent === 'openai'))
  // Some before the first byte, most while a part of it is shown, some while connections are made again.
  const middle = (): number => random.int(Math.floor(lengthMs / 8), Math.floor(lengthMs * 0.9))
  const moment = (): number => random.pick([random.int(0, 60), middle(), middle(), random.int(0, lengthMs + (engine === 'node' ? 8_000 : 800))])
  const types = Array.from({ length: random.pick([0, 1, 2, 2, 3, 4, 6]) }, () => random.pick(possible))
  const events = types.map((type) => eventOf(type, moment(), random, engine))
  if (random.chance(0.15)) events.push(...stopOf(moment(), random, engine))
  // What happens to a tab is to meet others that show the same run.
  if (random.chance(0.65)) for (let left = random.int(1, 3); left > 0; left -= 1) events.push(eventOf('open', random.int(0, 60), random, engine))
  return events.sort((a, b) => a.atMs - b.atMs)
}

/** Half the time its page goes before anybody can have heard of it. */
function stopOf(atMs: number, random: SeededRandom, engine: EngineName): PlanEvent[] {
  const stop = eventOf('stop', atMs, random, engine)
  const goings = (['reload', 'reopen', 'kill_browser'] as const).filter((name) => kinds[name].how[engine] !== 'no')
  return random.chance(0.5) ? [stop] : [stop, eventOf(random.pick(goings), atMs + random.pick([0, 10, 60, 400]), random, engine)]
}

function eventOf(type: KindName, atMs: number, random: SeededRandom, engine: EngineName): PlanEvent {
  const tab = random.int(0, 5)
  const forMs = random.pick(engine === 'node' ? [0, 20, 400, 3_000, 20_000] : [0, 20, 150, 400, 900])
  switch (type) {
    case 'reload':
    case 'open':
    case 'close':
    case 'kill_renderer':
    case 'retry':
    case 'stop':
      return { type, atMs, tab }
    case 'reopen':
    case 'kill_browser':
    case 'offline':
    case 'refuse':
    case 'restart':
      return { type, atMs, forMs }
    case 'freeze':
    case 'quota':
    case 'denied':
      return { type, atMs, tab, forMs }
    case 'clock':
      return { type, atMs, byMs: random.pick([-3_600_000, -5_000, 5_000, 3_600_000]) }
    case 'delete_database':
    case 'expire_window':
      return { type, atMs }
  }
}

const names = Object.keys(kinds).filter((name): name is KindName => name in kinds)

/** Whether what was stored may be lost in this plan: then a page that comes back may know nothing, but nothing wrong. */
export function mayForget({ events }: Plan): boolean {
  return events.some(({ type }) => type === 'quota' || type === 'denied' || type === 'delete_database')
}

/**
 * Whether there is one tab from the beginning to the end, which goes in good order: then all that was shown has been stored. In Node
 * several tabs may be there, if they know of each other. Not in WebKitGTK: what a page puts in `pagehide` as it is reloaded is lost there, committed or not.
 */
export function onlyReloads(plan: Plan): boolean {
  if (plan.engine === 'node') return !mayForget(plan) && !plan.alone && !has(plan, 'kill_renderer') && !has(plan, 'kill_browser')
  return plan.engine !== 'webkit' && !mayForget(plan) && !['open', 'close', 'reopen', 'freeze', 'kill_renderer', 'kill_browser'].some((type) => plan.events.some((event) => event.type === type))
}

export function has({ events }: Plan, type: KindName): boolean {
  return events.some((event) => event.type === type)
}

/** For the message of a plan that went wrong, with `describePlan` of its requests. */
export function describeEvents({ agent, answer, alone, maxStreams, events }: Plan): string {
  const each = events.map(({ type, atMs, ...how }) => `${type}@${atMs}${Object.values(how).map((value) => `,${value}`).join('')}`)
  const tabs = [...(alone ? ['each tab alone'] : []), ...(maxStreams === null ? [] : [`no more than ${maxStreams} streams`])]
  return [`${agent}, ${answer.items.length} items in ${answer.lengthMs} ms`, ...tabs, ...each].join(' · ')
}
