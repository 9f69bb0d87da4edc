import { isOutcome } from '@rejoin/core'
import { describePlan } from '@rejoin/testkit'
import { describeEvents, mayForget, type Plan } from './plan.ts'
import { differenceOf, lostIn, tooManyIn, wrongAtEnd } from './verdict.ts'
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

/** Plays a plan to its end and says what was wrong. Closes the world. */
export async function play(plan: Plan, world: World): Promise<Result> {
  let wrong: string | null
  let hung = false
  let asks = 0
  try {
    wrong = await story()
  } catch (error) {
    wrong = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const { log } = world.server()
  const left = await world.close()
  // What has come while all was closed counts, too.
  wrong ??= left[0] ?? lostIn(plan, [], world.server())
  if (wrong === null) return { wrong, hung }
  return { wrong: [`seed ${plan.seed}: ${wrong}`, `  ${describeEvents(plan)}`, `  ${describePlan(plan.requests)}`, ...log.map((line) => `    ${line}`)].join('\n'), hung }

  async function ask(): Promise<void> {
    asks += 1
    await world.ask()
  }

  async function story(): Promise<string | null> {
    await world.open()
    await ask()
    for (const event of plan.events) {
      await world.until(event.atMs)
      await world.happen(event)
      const seen = complaintIn(await world.look())
      if (seen !== null) return seen
    }
    await world.until(plan.answer.lengthMs)
    await world.heal()
    return (await toTheEnd(false)) ?? (await again())
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
    while (true) {
      const views = await world.look()
      const seen = complaintIn(views) ?? lostIn(plan, views, world.server()) ?? tooManyIn(plan, world.now(), world.server())
      if (seen !== null) return seen
      // A question that was never committed, and never sent, the person sends again.
      if (views.every(({ questions, state }) => questions.length === 0 && state === null) && world.server().started === 0) await ask()
      // Who comes while nothing can be read, or when it is lost, knows of no run; without channels, who came before it was stored.
      const told = mayForget(plan) || (plan.alone && !loaded) ? views.filter(({ state }) => state !== null) : views
      const begun = told.length > 0 || world.server().started > 0
      const ended = told.every(({ state }) => state !== null && isOutcome(state))
      if (begun && ended && world.server().open === 0) return wrongAtEnd(plan, told, world.server(), asks)
      if (world.now() > until) {
        hung = true
        return `it hangs: ${views.map(({ tab, state, parts }) => `tab ${tab} ${JSON.stringify(state)}, ${differenceOf(parts, plan.answer.parts) ?? 'whole'}`).join('; ')}, ${world.server().open} open`
      }
      await world.until(world.now() + 50)
    }
  }
}

function complaintIn(views: readonly TabView[]): string | null {
  for (const { tab, complaints } of views) if (complaints[0] !== undefined) return `tab ${tab}: ${complaints[0]}`
  return null
}

