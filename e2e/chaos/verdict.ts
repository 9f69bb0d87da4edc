import { isOutcome } from '@rejoin/core'
import { type KindName } from './kinds.ts'
import { has, mayForget, question, type Plan } from './plan.ts'
import { type ServerView, type TabView } from './world.ts'

type Parts = TabView['parts']

/** What must hold at any moment. */
export function lostIn(plan: Plan, views: readonly TabView[], { started, mostStreams, errors }: ServerView, asks: number): string | null {
  // Where what is stored could not be read for a while, somebody has asked again what is sent, too, when it can.
  if (started > (mayForget(plan) ? Math.max(asks, 1) : 1)) return `the agent started ${started} times`
  if (mostStreams > (plan.maxStreams ?? 1) && !plan.alone) return `${mostStreams} streams of one run were open at once`
  if (errors[0] !== undefined) return `the server threw ${errors[0]}`
  const warned = views.find(({ warnings }) => warnings.length > (mayForget(plan) ? 1 : 0))
  if (warned) return `tab ${warned.tab} was warned: ${warned.warnings.join(', ')}`
  return null
}

/**
 * What each tab may ask at most: so often in a row, whatever happens, and so often in each second beside that. The shortest wait between
 * two tries, jittered, comes twice in a second where its cap is 5 s and polls begin with 1 s; ten times as often in a browser's plans.
 */
const mostRequests = { inARow: 15, perSecond: { node: 2, browser: 20 } } as const

/** What brings a page that asks for itself. */
const opens: readonly KindName[] = ['open', 'reload', 'reopen', 'close', 'kill_renderer', 'kill_browser', 'stop', 'retry']

/** Who asks again without waiting asks hundreds of times in a second. */
export function tooManyIn({ engine, events }: Plan, now: number, { asked }: ServerView): string | null {
  const tabs = 1 + events.filter(({ type }) => opens.includes(type)).length
  const most = tabs * mostRequests.inARow + (now / 1_000) * mostRequests.perSecond[engine === 'node' ? 'node' : 'browser']
  return asked > most ? `${asked} requests in ${Math.round(now)} ms` : null
}

/**
 * What must hold when every tab that knows of the run has come to its end.
 * @param asks how often the person had to send the question
 */
export function wrongAtEnd(plan: Plan, views: readonly TabView[], { started, cancelled, whole }: ServerView, asks: number): string | null {
  const [first] = views
  if (first === undefined) return mayForget(plan) ? null : 'no tab is left'
  if (started === 0 && !has(plan, 'stop')) return 'the agent never started'
  const stopped = views.find(({ state }) => state?.type === 'cancelled')
  // A process can die between the last word and the note that it was the last.
  if (stopped && whole && !cancelled && !has(plan, 'restart')) return `tab ${stopped.tab} says that it was stopped, the agent was not`
  // Where what is stored is lost, a page of a browser finds its run on the server, which does not tell what was asked.
  const fewest = mayForget(plan) && plan.engine !== 'node' ? 0 : 1
  for (const { tab, state, questions, parts } of views) {
    if (questions.length < fewest || questions.length > asks || questions.some((text) => text !== question)) return `tab ${tab} shows the questions ${JSON.stringify(questions)}`
    if (state === null || !isOutcome(state)) return `tab ${tab} is ${JSON.stringify(state)}`
    if (state.type === 'cancelled' && has(plan, 'stop')) {
      // Without channels each tab stops with what it has; which of them stores last is what a reload shows.
      if (!plan.alone && JSON.stringify(parts) !== JSON.stringify(first.parts)) return `tab ${tab} was stopped with another text than tab ${first.tab}: ${differenceOf(parts, first.parts)}`
      continue
    }
    if (state.type !== 'completed') return `tab ${tab} ended as ${JSON.stringify(state)}`
    const difference = differenceOf(parts, plan.answer.parts)
    if (difference !== null) return `tab ${tab} shows wrong text at the end: ${difference}`
  }
  const other = views.find(({ state }) => state?.type !== first.state?.type)
  return other ? `tab ${other.tab} ended as ${other.state?.type}, tab ${first.tab} as ${first.state?.type}` : null
}

/** What is written is in all visible tabs so soon after it is in one, in milliseconds. */
export const lagMs = { node: 2_000, chromium: 5_000, firefox: 5_000, webkit: 5_000 } as const

/** Sees whether tabs follow the one that shows most, from now on; `null` where they do. */
export function watchFollowers(plan: Plan): (now: number, views: readonly TabView[]) => string | null {
  // Nobody tells them.
  if (plan.alone) return () => null
  let marks: { readonly at: number; readonly shown: number }[] = []

  return (now, all) => {
    // Where what is stored is lost, who comes later knows of no run.
    const views = mayForget(plan) ? all.filter(({ state }) => state !== null) : all
    const [due] = marks.filter(({ at }) => now - at >= lagMs[plan.engine]).slice(-1)
    const late = due && views.find(({ parts }) => shownIn(parts) < due.shown)
    if (late) return `tab ${late.tab} stays behind: it shows ${shownIn(late.parts)}, another has shown ${due.shown} since ${Math.round(now - due.at)} ms`
    marks = [...marks.filter((mark) => due === undefined || mark.at >= due.at), { at: now, shown: Math.max(0, ...views.map(({ parts }) => shownIn(parts))) }]
    return null
  }
}

/** A stop gets to where the answer is written within this, in milliseconds, once nothing keeps it from that. */
const toldMs = 8_000

/** A page that is killed sooner after a stop was pressed may not have stored it. Milliseconds. */
const noteMs = 2_000

/** Sees whether a stop comes to something; `null` while it may. */
export function watchStop(plan: Plan): { pressed(now: number): void; killed(now: number): void; look(now: number, views: readonly TabView[], server: ServerView): string | null } {
  let since: number | null = null
  return {
    pressed(now) {
      // What is stopped where nothing is stored, or alone, is stopped there. A process that dies can not say what became of its agent.
      if (!mayForget(plan) && !plan.alone && !has(plan, 'restart')) since = now
    },
    killed(now) {
      if (since !== null && now - since < noteMs) since = null
    },
    look(now, views, { cancelled, whole, calmMs }) {
      if (cancelled || whole) since = null
      if (since === null) return null
      if (views.length === 0) since = now
      const forMs = Math.min(now - since, calmMs)
      return forMs > toldMs ? `nobody has told the agent to stop for ${Math.round(forMs)} ms` : null
    },
  }
}

/** Nobody who waits for an answer leaves the server alone for longer, in milliseconds. In browsers each wait is shorter than their patience. */
const quietMs = 12_000

/** Sees whether the tabs still ask, once all is well again; `null` where they do. */
export function watchQuiet({ engine }: Plan): (now: number, views: readonly TabView[], server: ServerView) => string | null {
  let since: number | null = null
  return (now, views, { started, open, calmMs, unaskedMs }) => {
    const waits = started > 0 && open === 0 && views.some(({ state }) => state !== null && !isOutcome(state))
    if (!waits) since = now
    since ??= now
    const forMs = Math.min(now - since, calmMs, unaskedMs)
    return engine === 'node' && forMs > quietMs ? `nobody has asked for ${Math.round(forMs)} ms: ${views.map(({ state }) => JSON.stringify(state)).join(', ')}` : null
  }
}

/** What must hold after all of it, when all pages are closed. */
export function wrongAfter(plan: Plan, stopped: boolean, asks: number, { whole, cancelled, asked }: ServerView): string | null {
  if (stopped && asks === 1 && whole && !cancelled && !has(plan, 'restart')) return 'a tab said that it was stopped, and the agent went on to its end'
  const harmless = plan.events.every(({ type }) => type === 'open' || type === 'retry' || type === 'stop')
  const most = 1 + plan.events.filter(({ type }) => type === 'retry' || type === 'stop').length
  const undisturbed = plan.engine === 'node' && !plan.alone && plan.maxStreams !== 0 && harmless && plan.requests.requests.length === 0
  return undisturbed && asked > most ? `${asked} requests where nothing goes wrong` : null
}

function shownIn(parts: Parts): number {
  return parts.reduce((length, { text }) => length + text.length, 0)
}

/** Where two answers part, with a little around it; `null` where they do not. */
export function differenceOf(got: Parts, wanted: Parts): string | null {
  for (let at = 0; at < Math.max(got.length, wanted.length); at += 1) {
    const [mine, theirs] = [got[at], wanted[at]]
    if (mine === undefined || theirs === undefined || mine.type !== theirs.type) return `part ${at} is ${mine?.type ?? 'not there'} in place of ${theirs?.type ?? 'nothing'}`
    if (mine.text === theirs.text) continue
    let place = 0
    while (mine.text[place] === theirs.text[place]) place += 1
    const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, place - 12), place + 24))
    return `part ${at}, ${place} of ${theirs.text.length} (${mine.text.length} shown): ${around(mine.text)} in place of ${around(theirs.text)}`
  }
  return null
}

/** Whether it can be on the screen while the answer is written. */
export function isBeginningOf(shown: Parts, whole: Parts): boolean {
  return shown.every(({ type, text }, at) => {
    const part = whole[at]
    if (part?.type !== type) return false
    return at === shown.length - 1 ? part.text.startsWith(text) : part.text === text
  })
}
