import { describe, expect, it } from 'vitest'
import { engines, kinds } from './kinds.ts'
import { planOf, type Plan } from './plan.ts'
import { play } from './play.ts'
import { openStage } from './stage.ts'
import { differenceOf, isBeginningOf } from './verdict.ts'
import { type ServerView, type TabView, type World } from './world.ts'

/** `REJOIN_PLANS` plays more or fewer, `REJOIN_SEED` only the one. */
const plans = Number(process.env.REJOIN_PLANS ?? 1_000)
const only = process.env.REJOIN_SEED

/** Enough to see what they have in common. */
const shownFaults = 5

describe('the fault machine in Node', () => {
  it(`finds nothing lost, doubled or started twice, and comes to an end, in ${plans} seeded plans (row 10)`, { timeout: 600_000 }, async () => {
    const seeds = only === undefined ? Array.from({ length: plans }, (_, at) => at + 1) : [Number(only)]
    const stage = await openStage('node')
    const wrong: string[] = []
    async function playNext(): Promise<void> {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const result = await stage.play(seed)
        if (result.wrong !== null) wrong.push(result.wrong)
      }
    }
    await Promise.all(Array.from({ length: stage.width }, playNext)).finally(stage.close)
    expect(`${wrong.length} wrong\n${wrong.slice(0, shownFaults).join('\n')}`).toBe('0 wrong\n')
  })
})

describe('a plan', () => {
  it.each(engines)('is the same for the same seed in %s, also after a trip through JSON', (engine) => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const plan = planOf(seed, engine)
      expect(planOf(seed, engine)).toEqual(plan)
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    }
  })

  it.each(engines)('comes to everything that can be tried in %s, and to nothing that can not', (engine) => {
    const events = Array.from({ length: 400 }, (_, seed) => planOf(seed, engine).events).flat()
    const possible = Object.entries(kinds).flatMap(([name, { how }]) => (how[engine] === 'no' ? [] : [name]))
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(possible))
  })
})

describe('the oracle', () => {
  /** One in which nothing happens. */
  const plan: Plan = { ...planOf(1, 'node'), events: [], alone: false, maxStreams: null, requests: { seed: 1, requests: [] } }
  const whole: TabView = { tab: 0, state: { type: 'completed' }, questions: ['why?'], parts: plan.answer.parts, warnings: [], complaints: [] }
  const right: ServerView = { started: 1, cancelled: false, whole: true, calmMs: 0, asked: 1, unaskedMs: 0, open: 0, mostStreams: 1, errors: [], log: [] }
  const [first] = plan.answer.parts

  /** One in which all is as it is said, from the beginning to the end. */
  function still(view: Partial<TabView> = {}, server: Partial<ServerView> = {}, left: readonly string[] = []): World {
    let now = 0
    return {
      now: () => now,
      until: async (ms) => void (now = Math.max(now, ms)),
      open: async () => {},
      ask: async () => {},
      happen: async () => {},
      heal: async () => {},
      look: async () => [whole, { ...whole, tab: 1, ...view }],
      server: () => ({ ...right, ...server }),
      reloadAll: async () => {},
      close: async () => left,
    }
  }

  it('has nothing to say where all is well', async () => {
    expect(await play(plan, still())).toEqual({ wrong: null, hung: false })
  })

  const wrongs: readonly [what: string, world: World, says: RegExp][] = [
    ['text that is lost', still({ parts: [] }), /tab 1 shows wrong text at the end: part 0 is not there/],
    ['text that is doubled', still({ parts: [...plan.answer.parts, ...plan.answer.parts] }), /tab 1 shows wrong text/],
    ['a question that is shown twice', still({ questions: ['why?', 'why?'] }), /tab 1 shows the questions/],
    ['another question', still({ questions: ['who?'] }), /tab 1 shows the questions/],
    ['an end of another kind', still({ state: { type: 'failed', code: 'internal' } }), /tab 1 ended as .*failed/],
    ['what a tab has seen', still({ complaints: ['the text shrank'] }), /tab 1: the text shrank/],
    ['a warning without a reason', still({ warnings: ['storage_unavailable'] }), /tab 1 was warned/],
    ['a second start', still({}, { started: 2 }), /started 2 times/],
    ['a second stream', still({}, { mostStreams: 2 }), /2 streams of one run/],
    ['who asks again and again', still({}, { asked: 500 }), /500 requests in/],
    ['a tab that says that it was stopped, and an agent that was not', still({ state: { type: 'cancelled' } }), /tab 1 says that it was stopped/],
    ['a tab that stays behind', still({ state: { type: 'streaming' }, parts: [] }), /tab 1 stays behind/],
    ['an error of the server', still({}, { errors: ['TypeError: x'] }), /the server threw TypeError: x/],
    ['what is left behind', still({}, {}, ['1 timers are left']), /1 timers are left/],
  ]
  it.each(wrongs)('notices %s', async (_, world, says) => {
    expect(await play(plan, world)).toEqual({ wrong: expect.stringMatching(says), hung: false })
  })

  it('notices a stream where there is no place for one', async () => {
    expect(await play({ ...plan, maxStreams: 0 }, still())).toMatchObject({ wrong: expect.stringContaining('1 streams of one run') })
  })

  it('waits for no tab that knows of no run, where what is stored is lost, and notices others that stay behind', async () => {
    const lossy: Plan = { ...plan, events: [{ type: 'delete_database', atMs: 1 }] }
    const nothing = { questions: [], parts: [] }
    expect(await play(lossy, still({ ...nothing, state: null }))).toEqual({ wrong: null, hung: false })
    expect(await play(lossy, still({ ...nothing, state: { type: 'streaming' } }))).toMatchObject({ wrong: expect.stringContaining('tab 1 stays behind') })
  })

  it.each([
    ['a run', still({ state: { type: 'streaming' } })],
    ['a connection', still({}, { open: 1 })],
  ])('notices %s that comes to no end', async (_, world) => {
    expect(await play(plan, world)).toEqual({ wrong: expect.stringContaining('it hangs'), hung: true })
  })

  it('names the seed and all of the plan', async () => {
    const { wrong } = await play(planOf(5, 'node'), still({ complaints: ['the text shrank'] }))
    expect(wrong).toMatch(/^seed 5: .*\n {2}\w+, \d+ items in \d+ ms.*\n {2}seed \d+ · 1 /)
  })

  it('says where two answers part', () => {
    expect(differenceOf(plan.answer.parts, plan.answer.parts)).toBeNull()
    expect(first && differenceOf([{ ...first, text: first.text.slice(0, 3) }], plan.answer.parts)).toMatch(/^part 0, 3 of/)
  })

  it('takes the beginning of an answer, and nothing else, for one that is being written', () => {
    const answer = [{ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'Yes.' }]
    expect([[], [{ type: 'reasoning', text: 'h' }], [{ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'Y' }], answer].every((shown) => isBeginningOf(shown, answer))).toBe(true)
    const wrong = [[{ type: 'text', text: 'Y' }], [{ type: 'reasoning', text: 'h' }, { type: 'text', text: 'Y' }], [...answer, { type: 'text', text: '!' }], [{ type: 'reasoning', text: 'hmm' }]]
    expect(wrong.filter((shown) => isBeginningOf(shown, answer))).toEqual([])
  })
})
