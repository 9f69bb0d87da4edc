import assert from 'node:assert/strict'
import { isRejoinError, joinToken, startCursor, textOf } from '@rejoin/core'
import { type CaseDefinition } from '../contractCase.ts'
import { followToEnd } from '../follow.ts'
import { told } from '../leg.ts'
import { held, longAnswer, shortAnswer, textOfAnswer } from '../plans.ts'
import { assertRefused } from '../refusal.ts'

const cancelled = { type: 'cancelled' } as const

export const cancelCases: readonly CaseDefinition[] = [
  {
    title: 'is cancelled while it is written: says so at once, by stream and by poll, and has no token then (rows 7, 23)',
    needs: ['cancel', 'resume', 'background', 'cancelStops'],
    answer: (can) => held(longAnswer(can)),
    async check({ can, newRun, world, answer }) {
      const run = newRun()
      const text = textOfAnswer(answer, 'hold')
      const leg = await run.start().reach(text)
      const [first] = leg.places
      assert.ok(first, 'The stream has no token.')
      const response = await run.cancel(leg.place.token)
      assert.deepEqual(response.state, cancelled)
      assert.equal(response.continuationToken, null, 'A cancelled run has a token.')
      assert.equal(response.runId, run.runId)

      const reader = await followToEnd(run, leg)
      assert.deepEqual(told(reader.run).outcome, cancelled, 'Whoever was reading sees another end.')
      assert.equal(textOf(reader.run), text, 'What was written before the cancel is not all there.')
      assert.equal(reader.updates.at(-1)?.continuationToken, null, 'The end has a token.')
      const late = await followToEnd(run, run.resume(first))
      assert.deepEqual(told(late.run).outcome, cancelled, 'Whoever comes later sees another end.')
      if (!can.poll) return
      const polled = await run.pollToEnd(first.token)
      assert.deepEqual(polled.state, cancelled, 'Polled, the run has another end.')
      assert.equal(polled.continuationToken, null)
      assert.equal(world.started(), 1)
    },
  },
  {
    title: 'is cancelled again with the same answer (row 23)',
    needs: ['cancel', 'resume', 'background'],
    answer: () => held(shortAnswer()),
    async check({ can, newRun, world, answer }) {
      const run = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      for (const agent of [world.agent, world.agent, can.sharesCancels ? world.again() : world.agent]) {
        const { state, continuationToken } = await run.cancel(leg.place.token, agent)
        assert.deepEqual(state, cancelled)
        assert.equal(continuationToken, null, 'A cancelled run has a token.')
      }
      await leg.leave()
    },
  },
  {
    title: 'keeps its answer when it is cancelled after its end (row 23)',
    needs: ['cancel', 'resume', 'background'],
    answer: () => shortAnswer(),
    async check({ newRun, world, answer }) {
      const run = newRun()
      const { place, run: whole } = await run.start().rest()
      const { state, continuationToken } = await run.cancel(place.token)
      assert.deepEqual(state, { type: 'completed' }, 'A cancel has changed a run that had ended.')
      assert.equal(continuationToken, null, 'A run that has ended has a token.')
      const { run: resumed } = await run.resume(place, world.again()).rest()
      assert.deepEqual(told(resumed), told(whole))
      assert.equal(textOf(resumed), textOfAnswer(answer))
    },
  },
  {
    title: 'stays cancelled when its backend completes it all the same (row 23)',
    needs: ['cancel', 'resume', 'background', 'cancelIsFinal'],
    answer: () => held(shortAnswer()),
    async check({ can, newRun, world, answer }) {
      const run = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      await leg.leave()
      await run.cancel(leg.place.token)
      await world.release()
      for (const agent of can.sharesCancels ? [world.agent, world.again()] : [world.agent]) {
        const { run: resumed } = await followToEnd(run, run.resume(leg.place, agent), agent)
        assert.deepEqual(told(resumed).outcome, cancelled, 'A cancelled run has come back.')
        if (can.poll) assert.deepEqual((await run.pollToEnd(leg.place.token, agent)).state, cancelled, 'A cancelled run has come back.')
      }
      assert.deepEqual((await run.cancel(leg.place.token)).state, cancelled)
    },
  },
  {
    title: 'is cancelled from another process, which its readers notice (row 23)',
    needs: ['cancel', 'resume', 'background', 'cancelStops', 'sharesCancels'],
    answer: () => held(shortAnswer()),
    async check({ newRun, world, answer }) {
      const run = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      assert.deepEqual((await run.cancel(leg.place.token, world.again())).state, cancelled)
      const { run: read } = await followToEnd(run, leg)
      assert.deepEqual(told(read).outcome, cancelled)
    },
  },
  {
    title: 'is cancelled by its id alone, before anybody has a token (row 23)',
    needs: ['cancelWithoutToken', 'cancelStops'],
    answer: () => held(shortAnswer()),
    async check({ newRun, answer }) {
      const run = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      assert.deepEqual((await run.cancel(null)).state, cancelled)
      const { run: read } = await followToEnd(run, leg)
      assert.deepEqual(told(read).outcome, cancelled)
    },
  },
  {
    title: 'answers a cancel without a token soon: as cancelled, or with a typed error',
    needs: ['cancel'],
    answer: () => held(shortAnswer()),
    async check({ newRun, soon, answer }) {
      const [known, unknown] = [newRun(), newRun()]
      const leg = await known.start().reach(textOfAnswer(answer, 'hold'))
      for (const run of [known, unknown]) {
        const said = await soon(run.cancel(null).then(({ state }) => state.type, codeOf), 'a cancel without a token')
        assert.ok(['cancelled', 'not_found', 'expired'].includes(said), `A cancel without a token is answered with ${said}.`)
      }
      await leg.leave()
    },
  },
  {
    title: 'can not be cancelled, and says so by a typed error',
    lacks: ['cancel', 'cancelWithoutToken'],
    answer: () => shortAnswer(),
    async check(bench) {
      const run = bench.newRun()
      await assertRefused(bench, run.cancel(null), 'a cancel without a token')
      await assertRefused(bench, run.cancel(joinToken('somebody', startCursor)), 'a cancel')
    },
  },
  {
    title: 'is cancelled before its start, which then begins nothing (row 90)',
    needs: ['cancelWithoutToken', 'joinsStarts'],
    answer: () => shortAnswer(),
    async check({ newRun, world, soon }) {
      const [streamed, asked] = [newRun(), newRun()]
      for (const run of [streamed, asked]) {
        const { state, continuationToken } = await run.cancel(null)
        assert.deepEqual(state, cancelled)
        assert.equal(continuationToken, null, 'A cancelled run has a token.')
      }
      const { run, updates } = await streamed.start().rest()
      assert.deepEqual(told(run), { parts: [], steps: [], outcome: cancelled })
      assert.deepEqual(updates.map(({ type }) => type), ['open', 'end'])
      const { state, continuationToken } = await soon(asked.ask(), 'the answer')
      assert.deepEqual(state, cancelled)
      assert.equal(continuationToken, null, 'A cancelled run has a token.')
      assert.equal(world.started(), 0, 'A run that was cancelled before its start has been started.')
    },
  },
]

function codeOf(error: unknown): string {
  return isRejoinError(error) ? error.code : String(error)
}
