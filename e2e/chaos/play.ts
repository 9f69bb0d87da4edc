import { isOutcome } from '@rejoin/core'
import { describePlan } from '@rejoin/testkit'
import { describeEvents, has, mayForget, type Plan } from './plan.ts'
import { differenceOf, lagMs, lostIn, tooManyIn, watchFollowers, watchQuiet, watchStop, wrongAfter, wrongAtEnd } from './verdict.ts'
import { type TabView, type World } from './world.ts'

/** How a plan went. */
export interface Result {
  /** What was wrong, the first of all; `null` where all went well. */
  readonly wrong: string | null
  /** Whether it came to no end. */
  readonly hung: boolean
}

/** Whoever has not come to an end this long after all is well again never will. Milliseconds. */
const patienceMs = { node: 10 * 60_000, chromium: 30_000, firefox: 30_000, webkit: 30_000 } as const

/** A stop is heard within this, where nothing goes wrong. Milliseconds. */
const heardMs = { node: 2_000, chromium: 1_000, firefox: 1_000, webkit: 1_000 } as const

/** Plays a plan to its end and says what was wrong. Closes the world. */
export async function play(plan: Plan, world: World): Promise<Result> {
  let wrong: string | null
  let hung = false
  let asks = 0
  let stopped = false
  const stop = watchStop(plan)
  try {
    wrong = await story()
  } catch (error) {
    wrong = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const { log } = world.server()
  const left = await world.close()
  // What has come while all was closed counts, too.
  wrong ??= left[0] ?? lostIn(plan, [], world.server(), asks) ?? wrongAfter(plan, stopped, asks, world.server())
  if (wrong === null) return { wrong, hung }
  return { wrong: [`seed ${plan.seed}: ${wrong}`, `  ${describeEvents(plan)}`, `  ${describePlan(plan.requests)}`, ...log.map((line) => `    ${line}`)].join('\n'), hung }

  async function ask(): Promise<void> {
    asks += 1
    await world.ask()
  }

  async function story(): Promise<string | null> {
    await world.open()
    await ask()
    for (const [at, event] of plan.events.entries()) {
      const untold = await until(event.atMs)
      if (untold !== null) return untold
      const known = event.type === 'stop' && isKnownBy(await world.look())
      const begun = world.server().started > 0 && !world.server().whole
      if (event.type === 'kill_browser' || event.type === 'kill_renderer') stop.killed(world.now())
      await world.happen(event)
      if (known && begun) {
        stop.pressed(world.now())
        const deaf = await unheard(plan.events[at + 1]?.atMs ?? Infinity)
        if (deaf !== null) return deaf
      }
      const seen = complaintIn(await world.look())
      if (seen !== null) return seen
    }
    const untold = await until(plan.answer.lengthMs)
    if (untold !== null) return untold
    await world.heal()
    return (await toTheEnd(false)) ?? (await again())
  }

  /** Lets time pass, and sees what becomes of a stop meanwhile. */
  async function until(ms: number): Promise<string | null> {
    if (!has(plan, 'stop') || plan.engine !== 'node') return (await world.until(ms), null)
    while (world.now() < ms) {
      await world.until(Math.min(ms, world.now() + 500))
      const untold = stop.look(world.now(), await world.look(), world.server())
      if (untold !== null) return untold
    }
    return null
  }

  /** Whether a stop gets to where the answer is written, where nothing happens until then. */
  async function unheard(nextAtMs: number): Promise<string | null> {
    const end = world.now() + heardMs[plan.engine]
    // What a request meets may hold it up for longer; a process that has died can not say what became of its agent.
    if (plan.requests.requests.length > 0 || has(plan, 'restart')) return null
    if (nextAtMs <= end || plan.answer.lengthMs <= end || lastsAt(plan, world.now())) return null
    await world.until(end)
    const { calmMs, cancelled } = world.server()
    return cancelled || calmMs < heardMs[plan.engine] ? null : 'the agent was not stopped'
  }

  /** Once more after a reload: an answer that has ended is found as it was. */
  async function again(): Promise<string | null> {
    await world.reloadAll()
    const fault = await toTheEnd(true)
    return fault === null ? null : `after the end and a reload: ${fault}`
  }

  /** @param loaded whether every tab has read what is stored since the run was begun */
  async function toTheEnd(loaded: boolean): Promise<string | null> {
    const until = world.now() + patienceMs[plan.engine]
    const staysBehind = watchFollowers(plan)
    const quiet = watchQuiet(plan)
    let endedAt: number | null = null
    while (true) {
      const views = await world.look()
      const seen = complaintIn(views) ?? lostIn(plan, views, world.server(), asks) ?? tooManyIn(plan, world.now(), world.server()) ?? staysBehind(world.now(), views) ?? quiet(world.now(), views, world.server())
      if (seen !== null) return seen
      stopped ||= views.some(({ state }) => state?.type === 'cancelled')
      // A question that was never committed, and never sent, the person sends again.
      if (views.every(({ questions, state }) => questions.length === 0 && state === null) && world.server().started === 0) await ask()
      // Who comes while nothing can be read, or when it is lost, knows of no run; without channels, who came before it was stored.
      const told = mayForget(plan) || (plan.alone && !loaded) ? views.filter(({ state }) => state !== null) : views
      const begun = told.length > 0 || world.server().started > 0
      const ended = told.every(({ state }) => state !== null && isOutcome(state))
      if (begun && ended && world.server().open === 0) {
        endedAt ??= world.now()
        const fault = wrongAtEnd(plan, told, world.server(), asks)
        // Tabs that have stopped it tell each other how far they had come.
        if (fault === null || !has(plan, 'stop') || world.now() - endedAt > lagMs[plan.engine]) return fault
      }
      if (world.now() > until) {
        hung = true
        return `it hangs: ${views.map(({ tab, state, parts }) => `tab ${tab} ${JSON.stringify(state)}, ${differenceOf(parts, plan.answer.parts) ?? 'whole'}`).join('; ')}, ${world.server().open} open`
      }
      await world.until(world.now() + 50)
    }
  }
}

/** Whether somebody is there, and each of them shows the run being written: then whatever tab is pressed in can stop it. */
function isKnownBy(views: readonly TabView[]): boolean {
  return views.length > 0 && views.every(({ state }) => state !== null && state.type !== 'starting' && state.type !== 'restoring' && !isOutcome(state))
}

/** Whether something that lasts for a while is going on. */
function lastsAt({ events }: Plan, now: number): boolean {
  return events.some((event) => 'forMs' in event && event.atMs <= now && now <= event.atMs + event.forMs)
}

function complaintIn(views: readonly TabView[]): string | null {
  for (const { tab, complaints } of views) if (complaints[0] !== undefined) return `tab ${tab}: ${complaints[0]}`
  return null
}

