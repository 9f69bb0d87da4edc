import { memoryRunStore, startCursor } from '@rejoin/core'
import { describePlan, faultyFetch, handlerFetch, type FaultyFetch } from '@rejoin/testkit'
import { vi } from 'vitest'
import { type FakeTime } from './fakeTime.ts'
import { differenceOf, isOver, openPage, session, storedIn, type Page, type Stored } from './page.ts'
import { describeEvents, type PageEvent, type Story } from './story.ts'
import { type StoryServer } from './storyServer.ts'

export interface StoryResult {
  /** `null` where all went well. */
  readonly fault: string | null
  readonly hung: boolean
  readonly legs: number
  readonly virtualMs: number
}

/** Ten minutes of virtual time: whoever has not come to an end by then never will. */
const patienceMs = 10 * 60 * 1000

/** Plays a story to its end and says what was wrong. */
export async function playStory(story: Story, server: StoryServer, time: FakeTime): Promise<StoryResult> {
  const startedAt = Date.now()
  const store = memoryRunStore()
  const fetch = faultyFetch(handlerFetch(server.handler), story.plan)
  let finished = 0

  function open(stored: Stored): Page {
    const { storeMs, seed, text } = story
    const opened = openPage({ fetch, store, storeMs, seed, text, stored, onFinish: () => (finished += 1) })
    opened.ask()
    return opened
  }

  /** The page that was there becomes the next one. */
  async function turn(how: 'reload' | 'crash' | 'twin'): Promise<void> {
    // A second page that finds nothing asks for itself, and that is another run.
    if (how === 'twin' && (await store.load(session)).length === 0) return
    const [left, older] = [page, twin]
    older?.crash()
    twin = how === 'twin' ? left : null
    if (how === 'crash') left.crash()
    if (how === 'reload') left.leave()
    // An engine leaves in a timer, in case it is mounted again at once.
    await time.pass(1)
    if (how === 'reload') left.gone()
    await time.settle()
    const fault = left.fault() ?? older?.fault() ?? null
    if (fault !== null) throw new Error(fault)
    const stored = await storedIn(store)
    // Whoever leaves in good order has stored all that it has shown.
    if (how === 'reload' && stored.text.length < left.text().length) {
      throw new Error(`the page left with ${left.text().length} characters and stored ${stored.text.length}`)
    }
    page = open(stored)
    await time.settle()
  }

  const happened: PageEvent[] = []
  const timers = story.events.map((event) => setTimeout(() => happened.push(event), event.atMs))
  let twin: Page | null = null
  let page = open({ text: '', cursor: startCursor })
  let hung = false

  async function run(): Promise<string | null> {
    await time.settle()
    while (true) {
      const fault = page.fault() ?? twin?.fault() ?? null
      if (fault !== null) return fault
      const event = happened.shift()
      if (event?.type === 'wake' || event?.type === 'stop') {
        page[event.type]()
        await time.settle()
      } else if (event) {
        await turn(event.type)
      } else if (isOver(page.state())) {
        return faultOf(page)
      }
      const moves = await time.step()
      hung = !isOver(page.state()) && (!moves || Date.now() - startedAt > patienceMs)
      if (hung) return `it hangs as ${JSON.stringify(page.state())}, ${differenceOf(page.text(), story.text)}`
    }
  }

  function faultOf(ended: Page): string | null {
    const state = ended.state()
    if (server.errors.length > 0) return `the server threw ${String(server.errors[0])}`
    if (server.started() > 1) return `the agent started ${server.started()} times`
    if (state?.type === 'cancelled' && has('stop')) return null
    if (state?.type !== 'completed') return `the run ended as ${JSON.stringify(state)}`
    if (ended.text() !== story.text) return `the final text is wrong at ${differenceOf(ended.text(), story.text)}`
    if (server.started() === 0) return 'the agent never started'
    if (JSON.stringify(ended.steps()) !== JSON.stringify(story.steps)) {
      return `the final steps are ${JSON.stringify(ended.steps())} instead of ${JSON.stringify(story.steps)}`
    }
    return null
  }

  function has(type: PageEvent['type']): boolean {
    return story.events.some((event) => event.type === type)
  }

  /** An answer that has ended is found again as it was; and nothing is left behind. */
  async function closeDown(): Promise<string | null> {
    for (const timer of timers) clearTimeout(timer)
    await time.pass(story.lingerMs)
    await turn('reload')
    while (!isOver(page.state())) {
      hung = !(await time.step()) || Date.now() - startedAt > patienceMs
      if (hung) return `it hangs as ${JSON.stringify(page.state())} after the end and a reload`
    }
    const fault = page.fault() ?? faultOf(page)
    if (fault !== null) return `after the end and a reload, ${fault}`
    page.leave()
    await time.pass(1)
    page.gone()
    const until = Date.now() + 60_000
    while (Date.now() < until && (await time.step()));
    // A page that goes between the claim and the call has called nobody.
    const stayed = story.lingerMs > 0 && !has('reload') && !has('crash') && !has('twin')
    if (finished > 1 || (finished === 0 && stayed)) return `onFinish was called ${finished} times`
    if (server.working() > 0) return 'the agent works on, for nobody'
    if (vi.getTimerCount() > 0) return `${vi.getTimerCount()} timers are left`
    const left = fetch.requests.filter(({ end }) => end === null)
    if (left.length > 0) return `${left.length} requests are left open: ${JSON.stringify(left)}`
    return null
  }

  let fault: string | null
  try {
    fault = (await run()) ?? (await closeDown())
  } catch (error) {
    fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const virtualMs = Date.now() - startedAt
  if (fault !== null) {
    for (const left of [page, twin]) left?.crash()
    vi.clearAllTimers()
    fault = [
      `seed ${story.seed}: ${fault}`,
      `  page: ${describeEvents(story)}`,
      `  plan: ${describePlan(story.plan)}`,
      ...linesOf(fetch),
    ].join('\n')
  }
  return { fault, hung, legs: fetch.requests.length, virtualMs }
}

function linesOf(fetch: FaultyFetch): string[] {
  return fetch.log.map((line) => `    ${line}`)
}
