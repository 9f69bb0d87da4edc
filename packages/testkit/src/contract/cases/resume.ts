import assert from 'node:assert/strict'
import { cursorOf, joinToken, splitToken, type Agent } from '@rejoin/core'
import { type Bench, type BenchRun } from '../bench.ts'
import { type CaseDefinition } from '../contractCase.ts'
import { told, type Leg, type Place, type Told } from '../leg.ts'
import { held, longAnswer, shortAnswer, textOfAnswer } from '../plans.ts'

export const resumeCases: readonly CaseDefinition[] = [
  {
    title: 'goes on exactly after each update of a run that has ended (rows 10, 26)',
    needs: ['resume'],
    answer: (can) => longAnswer(can),
    check: (bench) => resumesAfterEach(bench, () => bench.world.agent),
  },
  {
    title: 'goes on exactly after each update in another process (row 10)',
    needs: ['resume'],
    answer: (can) => longAnswer(can),
    check: (bench) => resumesAfterEach(bench, () => bench.world.again()),
  },
  {
    title: 'goes on exactly after each update at which its stream is left (row 10)',
    needs: ['resume', 'background'],
    answer: (can) => longAnswer(can),
    async check({ newRun }) {
      const { updates, places, run: whole } = await newRun().start().rest()
      const named = places[0]?.at ?? 0
      for (let count = named + 1; count < updates.length; count += 1) {
        const run = newRun()
        const leg = await run.start().take(count)
        await leg.leave()
        assertSame(await run.resume(leg.place).rest(), leg.place, told(whole))
      }
    },
  },
  {
    title: 'goes on exactly after each update of a run that is still being written (row 10)',
    needs: ['resume', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, world, answer }) {
      const run = newRun()
      const before = textOfAnswer(answer, 'hold')
      const first = await run.start().reach(before)
      const places = [...first.places]
      const other = world.again()
      const legs: Leg[] = []
      for (const [at, place] of places.entries()) {
        legs.push(await run.resume(place, at % 2 === 0 ? world.agent : other).reach(before))
      }
      await world.release()
      await first.rest()
      for (const [at, leg] of legs.entries()) {
        const place = places[at]
        if (place) assertSame(await leg.rest(), place, told(first.run))
      }
      assert.equal(world.started(), 1, 'Going on has started a run.')
    },
  },
  {
    title: 'comes to its end over many breaks, each gone on from with the last token (rows 10, 11)',
    needs: ['resume', 'background'],
    answer: (can) => longAnswer(can),
    async check({ newRun, world }) {
      const whole = told((await newRun().start().rest()).run)
      const run = newRun()
      let leg = await run.start().take(5)
      for (let breaks = 0; !leg.updates.some(({ type }) => type === 'end'); breaks += 1) {
        assert.ok(breaks < 100, 'After 100 breaks the run has not ended.')
        await leg.leave()
        const { place } = leg
        leg = run.resume(place, breaks % 2 === 0 ? world.again() : world.agent)
        for (let count = 0; count < 8 && (await leg.next()); count += 1);
      }
      assert.deepEqual(told(leg.run), whole)
      assert.equal(world.started(), 2, 'Going on has started a run.')
    },
  },
  {
    title: 'delivers its end wherever a stream goes on, behind the last update too (row 26)',
    needs: ['resume'],
    answer: () => shortAnswer(),
    async check({ newRun }) {
      const run = newRun()
      const { place, run: whole } = await run.start().rest()
      const { handle, cursor } = splitToken(place.token)
      const beyond = [cursor, cursorOf(0, 9_999_999_999), cursorOf(9_999, 0)].map((at) => joinToken(handle, at))
      for (const token of beyond) {
        const { updates, run: resumed } = await run.resume({ ...place, token }).rest()
        const ends = updates.filter(({ type }) => type === 'end')
        assert.equal(ends.length, 1, `After ${token} the end is delivered ${ends.length} times.`)
        assert.deepEqual(told(resumed), told(whole), `After ${token} the run is another.`)
      }
    },
  },
  {
    title: 'serves two readers of one run at once, each at its own pace',
    needs: ['resume', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, world, answer }) {
      const run = newRun()
      const first = await run.start().reach(textOfAnswer(answer, 'hold'))
      const [place] = first.places
      assert.ok(place, 'The stream has no token.')
      const slow = await run.resume(place).take(2)
      const quick = await run.resume(place).reach(textOfAnswer(answer, 'hold'))
      await world.release()
      await Promise.all([first.rest(), quick.rest()])
      await slow.rest()
      assertSame(quick, place, told(first.run))
      assertSame(slow, place, told(first.run))
    },
  },
]

async function resumesAfterEach({ newRun }: Bench, agent: () => Agent): Promise<void> {
  const run = newRun()
  const { updates, places, run: whole } = await run.start().rest()
  assert.equal(places.length + firstNamed(places), updates.length - 1, 'Not every update but the last has a token.')
  for (const place of places) assertSame(await resumed(run, place, agent()), place, told(whole))
}

function firstNamed([first]: readonly Place[]): number {
  return first?.at ?? 0
}

async function resumed(run: BenchRun, place: Place, agent: Agent): Promise<Leg> {
  return await run.resume(place, agent).rest()
}

/** What was known and the leg together are the run; and in the leg is nothing that was known. */
function assertSame({ updates, run }: Leg, { at, token }: Place, whole: Told): void {
  const after = `Resumed after update ${at}`
  const [open, ...others] = updates
  assert.equal(open?.type, 'open', `${after}, the first update is no open.`)
  assert.deepEqual(told(run), whole, `${after}, the run is another than the uninterrupted one.`)
  let { cursor } = splitToken(token)
  for (const [index, update] of others.entries()) {
    if (update.type === 'end') {
      assert.equal(index, others.length - 1, `${after}, something follows the end.`)
    } else if (open.mode === 'tail') {
      assert.ok(update.cursor > cursor, `${after}, update ${index + 1} (${update.type}) at ${update.cursor} repeats one: ${cursor} has been.`)
      cursor = update.cursor
    }
  }
}
