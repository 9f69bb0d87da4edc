import { type Goal } from './goal.ts'

/** The runs of a week, in kilometres. */
export interface Week {
  readonly number: number
  readonly kind: 'building' | 'resting' | 'last'
  readonly easy: number
  readonly fast: number
  readonly long: number
}

const advice = {
  building: [
    'Run the long one so slowly that you could talk all the way. If you can not, walk for a minute and go on.',
    'The fast run has four stretches of two minutes with as much rest between them. The last should feel like the first.',
    'Do not make up for a run that you have missed: go on with the next, and nothing is lost by it.',
  ],
  resting: ['A lighter week. Legs grow stronger while they rest, so take it even if you feel that you need none.'],
  last: ['Nothing you do now makes you faster, but much would make you tired. Sleep, eat as always, and on Sunday begin slowly.'],
}

/** The long run grows week by week; each fourth week is lighter, and the last ends with the distance itself. */
export function weeksOf({ km, weeks }: Goal): Week[] {
  return Array.from({ length: weeks }, (_, index): Week => {
    const number = index + 1
    const kind = number === weeks ? 'last' : number % 4 === 0 ? 'resting' : 'building'
    const share = 0.4 + (0.5 * index) / (weeks - 1)
    const base = km * share * (kind === 'building' ? 1 : 0.7)
    return { number, kind, easy: rounded(base * 0.6), fast: rounded(base * 0.5), long: kind === 'last' ? km : rounded(base) }
  })
}

/** The plan as Markdown. */
export function planOf({ km, weeks: count }: Goal, weeks: readonly Week[]): string {
  const introduction =
    `# ${km} km in ${count} weeks\n\nThree runs a week: an easy one, a fast one and a long one, with a day of rest after each. ` +
    'Who has run nothing for a year, or has pain in running, asks a doctor first.\n\n'
  return introduction + weeks.map(sectionOf).join('')
}

/** The plan as a table, for a spreadsheet. */
export function csvOf(weeks: readonly Week[]): string {
  const rows = weeks.map(({ number, easy, fast, long }) => `${number},${easy},${fast},${long}\n`)
  return `week,easy km,fast km,long km\n${rows.join('')}`
}

function sectionOf({ number, kind, easy, fast, long }: Week): string {
  const sentences = advice[kind]
  return (
    `## Week ${number}: ${easy + fast + long} km\n\n` +
    `- **Tuesday** ${easy} km, easy\n- **Thursday** ${fast} km, fast\n- **Sunday** ${long} km, ${kind === 'last' ? 'the day' : 'long'}\n\n` +
    `${sentences[number % sentences.length]}\n\n`
  )
}

/** To half a kilometre. */
function rounded(km: number): number {
  return Math.round(km * 2) / 2
}
