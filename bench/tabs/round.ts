import { createWire, type Wire } from '@rejoin/testkit/playwright'
import { type Browser, type BrowserContext, type Page } from 'playwright'
import { departures, readerOf, type Departure } from '../../e2e/departures.ts'
import { createAnswer, wordsIn } from '../comingBack/answer.ts'
import { type Answers } from '../comingBack/answers.ts'
import { apiPath } from '../comingBack/site.ts'

/** Tabs that show one answer, of which one after the other goes, the reading one each time. */
export interface RoundResult {
  /** From the going of the reading tab to the first new character in the tab that reads then, each time. Milliseconds. */
  readonly handOverMs: readonly number[]
  /** Requests to the server, the first one included. */
  readonly requests: number
  /** The longest time that the server had two connections, in milliseconds: it learns of the end of one from the network. */
  readonly overlapMs: number
  /** Whether the last tab shows what the agent has said. */
  readonly identical: boolean
  /** Characters of the answer that went over the wire more than once. */
  readonly sentAgain: number
  /** Whether a frame of any tab has shown less of the answer than one before it. */
  readonly takenAway: boolean
}

export interface RoundPlace {
  readonly browser: Browser
  readonly url: string
  readonly answers: Answers
}

/** Longer than any hand-over that is one. */
const patienceMs = 30_000

export async function play({ browser, url, answers }: RoundPlace, tabs: number, departure: Departure): Promise<RoundResult> {
  const question = crypto.randomUUID()
  const answer = createAnswer()
  answers.set(question, answer)
  const wire = await createWire(url, { agentPath: apiPath })
  const context = await browser.newContext()
  try {
    const reader = readerOf(context)
    const first = await context.newPage()
    const address = `${wire.url}/?line=rejoin&question=${question}`
    await first.goto(address)
    const loaded = wire.traffic().length
    await first.getByRole('button', { name: 'Ask' }).click()
    let pages = [first, ...(await Promise.all(Array.from({ length: tabs - 1 }, () => openedAt(context, address))))]
    await Promise.all(pages.map((page) => longerThan(page, 0)))

    const handOverMs: number[] = []
    let takenAway = false
    while (pages.length > 1) {
      takenAway ||= (await Promise.all(pages.map((page) => page.evaluate(() => window.recorded.takenAway)))).includes(true)
      const going = reader()
      pages = pages.filter((page) => page !== going)
      // Asked for before it goes: what is on its way to the others counts for nothing.
      const before = answer.text.length
      const gone = now()
      await departures[departure](going)
      handOverMs.push((await firstAfter(pages, before, gone)) - gone)
    }
    const [last] = pages
    answer.end()
    await last?.waitForSelector('[data-status="ready"]', { timeout: patienceMs })
    const text = (await last?.locator('[data-status]').textContent()) ?? ''
    takenAway ||= (await last?.evaluate(() => window.recorded.takenAway)) ?? false
    const sent = wordsIn(wire.traffic().slice(loaded))
    return {
      handOverMs,
      requests: wire.requests.length,
      overlapMs: overlapOf(wire),
      identical: text === answer.text,
      sentAgain: sent.join('').length - [...new Set(sent)].join('').length,
      takenAway,
    }
  } finally {
    answer.end()
    answers.delete(question)
    await context.close()
    await wire.close()
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

async function openedAt(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** When any of them first showed more than `length` characters, after `since`. */
async function firstAfter(pages: readonly Page[], length: number, since: number): Promise<number> {
  await Promise.all(pages.map((page) => longerThan(page, length)))
  const times = await Promise.all(
    pages.map((page) =>
      page.evaluate(([length, since]) => window.recorded.changes.find((change) => change.at >= since && change.length > length)?.at ?? Infinity, [length, since] as const),
    ),
  )
  return Math.min(...times)
}

async function longerThan(page: Page, length: number): Promise<void> {
  await page.waitForFunction((length) => (document.querySelector('[data-status]')?.textContent.length ?? 0) > length, length, { timeout: patienceMs })
}

/** How long a request was still open when the next had come, at most. */
function overlapOf({ requests }: Wire): number {
  const overlaps = requests.slice(1).map(({ openedAt }, at) => (requests[at]?.closedAt ?? Infinity) - openedAt)
  return Math.max(0, ...overlaps)
}
