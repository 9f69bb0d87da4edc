// Plays seeded plans in which everything goes wrong, and says how many of them went wrong.
import { parseArgs } from 'node:util'
import { engines, type EngineName } from './kinds.ts'
import { openStage } from './stage.ts'

const usage = `Usage: npm run chaos -- --engine ${engines.join('|')} [--plans N] [--seed S] [--minutes M] [--width W]
Plays plans S, S+1, … on the engine: N of them (100 where nothing is said), or as many as M minutes give.
The last line is "plans=N wrong=N hung=N"; a plan that went wrong is printed with the command that repeats it.`

/** Enough to see what they have in common. */
const shownFaults = 10

const { engine, plans, first, until, width } = options()
const stage = await openStage(engine, width)
let next = first
let played = 0
let wrong = 0
let hung = 0

// Browsers of ours must not outlive us. Who starts us passes on what a terminal has sent us already: the second is no news.
let leaving = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (leaving) return
    leaving = true
    void stage.close().finally(() => process.exit(130))
  })
}

const ticker = setInterval(() => console.log(`${played} played, ${wrong} wrong`), 60_000)
await Promise.all(Array.from({ length: stage.width }, playNext))
clearInterval(ticker)
await stage.close()
console.log(`engine=${engine} seeds=${first}..${next - 1} seconds=${Math.round(performance.now() / 1000)}`)
console.log(`plans=${played} wrong=${wrong} hung=${hung}`)
process.exitCode = wrong > 0 ? 1 : 0

async function playNext(): Promise<void> {
  while (next - first < plans && Date.now() < until) {
    const seed = next
    next += 1
    const result = await stage.play(seed)
    played += 1
    if (result.hung) hung += 1
    if (result.wrong === null) continue
    wrong += 1
    if (wrong <= shownFaults) console.log(`\n${result.wrong}\n  repeat: npm run chaos -- --engine ${engine} --plans 1 --seed ${seed}\n`)
  }
}

interface Options {
  readonly engine: EngineName
  readonly plans: number
  readonly first: number
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly width: number | undefined
}

function options(): Options {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({ options: { engine: text, plans: text, seed: text, minutes: text, width: text } })
    const engine = engines.find((name) => name === values.engine)
    if (engine === undefined) throw new Error('Which engine?')
    const minutes = values.minutes === undefined ? null : positive('minutes', values.minutes)
    return {
      engine,
      plans: values.plans === undefined ? (minutes === null ? 100 : Infinity) : positive('plans', values.plans),
      first: values.seed === undefined ? 1 : positive('seed', values.seed),
      until: minutes === null ? Infinity : Date.now() + minutes * 60_000,
      width: values.width === undefined ? undefined : positive('width', values.width),
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}

function positive(name: string, given: string): number {
  const value = Number(given)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} has to be a whole number from 1 on, not "${given}".`)
}
