import { parseArgs } from 'node:util'
import { departures, type Departure } from '../../e2e/departures.ts'
import { launchChromium } from '../chromium.ts'
import { type Answers } from '../comingBack/answers.ts'
import { namesOf } from '../comingBack/line.ts'
import { startSite } from '../comingBack/site.ts'
import { median, worst } from '../measures.ts'
import { table } from '../table.ts'
import { play, type RoundResult } from './round.ts'

const allTabs = 12
/** What the median may come to, in milliseconds. */
const limitMs = 500

/** Twelve tabs show one answer over one connection, and the one that has it goes, until one is left: how long until the next goes on. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: '3' }, going: { type: 'string' } } })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is ${values.rounds}, which says nothing. Give a whole number from 1 on.`)
  const ways = namesOf(departures).filter((departure) => values.going === undefined || values.going === departure)
  if (ways.length === 0) throw new RangeError(`--going is ${values.going}. It can be one of: ${namesOf(departures).join(', ')}.`)
  const answers: Answers = new Map()
  const [site, browser] = await Promise.all([startSite(answers), launchChromium()])
  try {
    const rows: string[][] = []
    for (const departure of ways) {
      for (let round = 1; round <= rounds; round += 1) {
        const result = await play({ browser, url: site.url, answers }, allTabs, departure)
        console.log(`${departure}, round ${round}: ${result.handOverMs.map((ms) => ms.toFixed(0)).join(', ')} ms`)
        rows.push(rowOf(departure, round, result))
        if (!result.identical || result.takenAway || median(result.handOverMs) > limitMs) process.exitCode = 1
      }
    }
    console.log(`\n${allTabs} tabs on one answer, the reading one goes ${allTabs - 1} times: from its going to the first new character in another.\n`)
    console.log(
      table([
        ['the tab is', 'round', 'median ms', 'of the limit', 'worst ms', 'requests', 'two connections at most ms', 'text identical', 'sent again, characters', 'text taken away'],
        ...rows,
      ]),
    )
    console.log(`\nThe limit is ${limitMs} ms for the median. The agent says a word each 25 ms, so none is shorter than that by right.`)
  } finally {
    await browser.close()
    await site.close()
  }
}

function rowOf(departure: Departure, round: number, { handOverMs, requests, overlapMs, identical, sentAgain, takenAway }: RoundResult): string[] {
  const middle = median(handOverMs)
  return [
    departure,
    String(round),
    middle.toFixed(0),
    (middle / limitMs).toFixed(2),
    worst(handOverMs).toFixed(0),
    String(requests),
    overlapMs.toFixed(0),
    identical ? 'yes' : 'NO',
    String(sentAgain),
    takenAway ? 'YES' : 'no',
  ]
}
