import { parseArgs } from 'node:util'
import { seededRandom } from '@rejoin/testkit'
import { launchChromium } from '../chromium.ts'
import { inParallel } from '../inParallel.ts'
import { median, worst } from '../measures.ts'
import { table } from '../table.ts'
import { type Answers } from './answers.ts'
import { lines, namesOf, returns, type Line, type Return } from './line.ts'
import { startSite } from './site.ts'
import { play, type Cut, type TrialResult } from './trial.ts'

/**
 * The network goes in the middle of an answer, and comes back seconds later: how long until the answer goes on, and whether it is the
 * answer then. Each line plays the same cuts, on the same pace, behind the same kind of wire.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cuts: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      'at-once': { type: 'string', default: '6' },
    },
  })
  const atOnce = numberOf('at-once', values['at-once'])
  const cuts = cutsOf(numberOf('cuts', values.cuts), numberOf('seed', values.seed))
  const answers: Answers = new Map()
  const [site, browser] = await Promise.all([startSite(answers), launchChromium()])
  try {
    // A cut is played by all lines at about the same time, so that what else the machine does concerns them alike.
    const trials = cuts.flatMap((cut) => namesOf(returns).flatMap((how) => namesOf(lines).map((line) => ({ cut, how, line }))))
    console.log(`${trials.length} trials, ${atOnce} at a time.`)
    const results = await inParallel(trials, atOnce, async ({ cut, how, line }) => ({
      how,
      line,
      result: await play({ browser, url: site.url, answers }, line, how, cut),
    }))
    console.log(`\nThe network comes back, ${cuts.length} cuts each (seed ${values.seed}): from its return to the first new character on the screen.\n`)
    console.log(
      table([
        ['network is back', 'line', 'goes on', 'median ms', 'worst ms', 'text identical', 'words lost', 'words doubled', 'sent again, characters', 'text taken away'],
        ...namesOf(returns).flatMap((how) =>
          namesOf(lines).map((line) => rowOf(how, line, results.filter((one) => one.how === how && one.line === line).map(({ result }) => result))),
        ),
      ]),
    )
    console.log(`\n"goes on": of ${cuts.length}, within 10 s. "sent again": the median, and how much of the answer that is. "text taken away": a frame showed less than one before it.`)
  } finally {
    await browser.close()
    await site.close()
  }
}

function numberOf(name: string, value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name} is ${value}, which says nothing. Give a whole number from 1 on.`)
  return number
}

/** When each outage begins and how long it lasts, the same for the same seed. */
function cutsOf(count: number, seed: number): Cut[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => ({ afterMs: random.int(200, 1_000), outageMs: random.int(1_000, 6_000) }))
}

function rowOf(how: Return, line: Line, results: readonly TrialResult[]): string[] {
  const back = results.flatMap(({ backMs }) => (backMs === null ? [] : [backMs]))
  const isAll = back.length === results.length
  const of = (count: number): string => `${count} of ${results.length}`
  return [
    returns[how],
    lines[line],
    of(back.length),
    back.length * 2 > results.length ? median(results.map(({ backMs }) => backMs ?? Number.POSITIVE_INFINITY)).toFixed(0) : 'never',
    isAll ? worst(back).toFixed(0) : 'never',
    of(results.filter(({ identical }) => identical).length),
    of(results.filter(({ lost }) => lost > 0).length),
    of(results.filter(({ doubled }) => doubled > 0).length),
    `${median(results.map(({ sentAgain }) => sentAgain)).toFixed(0)} (${(median(results.map(({ sentAgain, length }) => sentAgain / length)) * 100).toFixed(0)} %)`,
    of(results.filter(({ takenAway }) => takenAway).length),
  ]
}
