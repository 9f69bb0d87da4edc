import { delay } from '@rejoin/core'
import { createWire, type Wire } from '@rejoin/testkit/playwright'
import { errors, type Browser, type Page } from 'playwright'
import { createAnswer, openingWords, wordsIn } from './answer.ts'
import { type Answers } from './answers.ts'
import { type Line, type Return } from './line.ts'
import { apiPath } from './site.ts'

/** One cut. */
export interface Cut {
  /** How long the answer goes on after its opening, before the network goes. Milliseconds, as all here. */
  readonly afterMs: number
  /** How long every connection is refused. */
  readonly outageMs: number
}

export interface TrialResult {
  /** From the network's return to the first character that was not on the screen before; `null` where none has come in time. */
  readonly backMs: number | null
  /** Whether the answer on the screen is, in the end, what the agent has said. */
  readonly identical: boolean
  /** Words of the answer that are not on the screen in the end. */
  readonly lost: number
  /** Words that are there more than once, for each time. */
  readonly doubled: number
  /** Characters of the answer that went over the wire more than once. */
  readonly sentAgain: number
  /** Characters of the answer. */
  readonly length: number
  /** Whether a frame has shown less of the answer than one before it. */
  readonly takenAway: boolean
}

/** Longer than any wait between two tries. */
const patienceMs = 10_000

/** How long the answer goes on after it has come back. */
const aftermathMs = 300

export interface TrialPlace {
  readonly browser: Browser
  /** Where the site is. */
  readonly url: string
  readonly answers: Answers
}

/** One chat, in a browser profile and behind a wire of its own: asked, cut, refused, let through. */
export async function play({ browser, url, answers }: TrialPlace, line: Line, how: Return, { afterMs, outageMs }: Cut): Promise<TrialResult> {
  const question = crypto.randomUUID()
  const answer = createAnswer()
  answers.set(question, answer)
  const wire = await createWire(url, { agentPath: apiPath })
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(`${wire.url}/?line=${line}&question=${question}`)
    const loaded = wire.traffic().length
    await page.getByRole('button', { name: 'Ask' }).click()
    if (!(await longerThan(page, wordsLength(openingWords) - 1, 60_000))) throw new Error(`The answer of ${line} has not begun.`)
    await delay(afterMs)

    if (how === 'visible') await look(page, 'hidden')
    if (how === 'online') await wire.offline(context)
    else wire.refuse()
    await delay(outageMs)
    const shown = (await textOn(page)).length

    const returned = await comeBack(how, wire, page)
    const isBack = await longerThan(page, shown, patienceMs)
    await delay(aftermathMs)
    answer.end()
    // Where nothing has come back by now, nothing will.
    if (isBack) await inTime(page.waitForSelector('[data-status="ready"], [data-status="error"]', { timeout: patienceMs }))

    const { changes, takenAway } = await page.evaluate(() => window.recorded)
    const first = changes.find(({ at, length }) => at >= returned && length > shown)
    const text = await textOn(page)
    const there = wordsIn(text)
    const distinct = new Set(there)
    const sent = wordsIn(wire.traffic().slice(loaded))
    return {
      backMs: first === undefined ? null : first.at - returned,
      identical: text === answer.text,
      lost: wordsIn(answer.text).filter((word) => !distinct.has(word)).length,
      doubled: there.length - distinct.size,
      sentAgain: sent.join('').length - [...new Set(sent)].join('').length,
      length: answer.text.length,
      takenAway,
    }
  } finally {
    answer.end()
    answers.delete(question)
    await context.close()
    await wire.close()
  }
}

/** When the network was back, as far as the page could know. */
async function comeBack(how: Return, wire: Wire, page: Page): Promise<number> {
  if (how === 'untold') {
    wire.accept()
    return performance.timeOrigin + performance.now()
  }
  if (how === 'online') {
    await wire.online(page.context())
  } else {
    wire.accept()
    await look(page, 'visible')
  }
  const heard = await page.evaluate((name) => window.recorded.heard.find((event) => event.name === name), how)
  if (heard === undefined) throw new Error(`The page has not heard that it is ${how}.`)
  return heard.at
}

/** A browser without a screen hides no tab, so the page is told. */
async function look(page: Page, state: DocumentVisibilityState): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => state === 'hidden' })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }, state)
}

async function textOn(page: Page): Promise<string> {
  return (await page.locator('[data-status]').textContent()) ?? ''
}

/** Whether the answer gets longer than this in time. */
async function longerThan(page: Page, length: number, timeout: number): Promise<boolean> {
  const isLonger = (length: number): boolean => (document.querySelector('[data-status]')?.textContent.length ?? 0) > length
  return await inTime(page.waitForFunction(isLonger, length, { timeout }))
}

async function inTime(waiting: Promise<unknown>): Promise<boolean> {
  try {
    await waiting
    return true
  } catch (error) {
    if (error instanceof errors.TimeoutError) return false
    throw error
  }
}

/** How long the first words are. */
function wordsLength(count: number): number {
  return Array.from({ length: count }, (_, at) => `w${at + 1} `.length).reduce((sum, length) => sum + length, 0)
}
