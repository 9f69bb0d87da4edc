import assert from 'node:assert/strict'
import { isOutcome, textOf, type AgentResponse } from '@rejoin/core'
import { type BenchRun } from '../bench.ts'
import { type CaseDefinition } from '../contractCase.ts'
import { emptyRun, told } from '../leg.ts'
import { held, longAnswer, textOfAnswer } from '../plans.ts'

export const pollCases: readonly CaseDefinition[] = [
  {
    title: 'is polled to its end, each time with the token of the answer before (rows 3, 11)',
    needs: ['poll', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, soon, world, answer }) {
      const run = newRun()
      let response = await soon(run.ask({ background: true }), 'the first answer')
      for (let polls = 0; polls < 3; polls += 1) {
        response = await run.poll(assertGoesOn(response, run, textOfAnswer(answer)))
      }
      const token = assertGoesOn(response, run, textOfAnswer(answer))
      await world.release()
      const last = await run.pollToEnd(token)
      assert.deepEqual(last.state, { type: 'completed' })
      assert.equal(textOf(last.message), textOfAnswer(answer))
      assert.equal(world.started(), 1, 'Polling has started a run.')
    },
  },
  {
    title: 'is polled with a token of its stream, while that stream goes on',
    needs: ['poll', 'resume', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, world, answer }) {
      const run = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      for (const place of [leg.places[0], leg.place]) {
        assert.ok(place, 'The stream has no token.')
        for (const agent of [world.agent, world.again()]) {
          assertGoesOn(await run.poll(place.token, agent), run, textOfAnswer(answer))
        }
      }
      await world.release()
      await leg.rest()
      assert.deepEqual(told(leg.run).outcome, { type: 'completed' })
      assert.equal(textOf(leg.run), textOfAnswer(answer))
    },
  },
  {
    title: 'keeps the place of who polls: a stream from the token of a poll leaves nothing out (row 10)',
    needs: ['poll', 'resume', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, soon, world, answer }) {
      const run = newRun()
      const first = await soon(run.ask({ background: true }), 'the first answer')
      const again = await run.poll(assertGoesOn(first, run, textOfAnswer(answer)))
      const fromStart = { token: assertGoesOn(again, run, textOfAnswer(answer)), run: emptyRun(run.runId), at: 0 }
      const { place } = await run.resume(fromStart).reach(textOfAnswer(answer, 'hold'))
      const token = assertGoesOn(await run.poll(place.token), run, textOfAnswer(answer))
      await world.release()
      for (const from of [fromStart, { ...place, token }]) {
        assert.equal(textOf((await run.resume(from).rest()).run), textOfAnswer(answer))
      }
    },
  },
  {
    title: 'measures the time of a run that is polled, which does not go back',
    needs: ['poll', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, soon, world, answer }) {
      const run = newRun()
      const first = await soon(run.ask({ background: true }), 'the first answer')
      const token = assertGoesOn(first, run, textOfAnswer(answer))
      const second = await run.poll(token)
      await world.release()
      const last = await run.pollToEnd(token)
      const times = [first, second, last].map(({ elapsedMs }) => elapsedMs)
      assert.ok(times.every((ms) => Number.isFinite(ms) && ms >= 0), `The times are ${times.join(', ')}.`)
      assert.deepEqual(times, [...times].sort((a, b) => a - b), 'The time of a run goes back.')
    },
  },
  {
    title: 'gives the same answer polled as streamed, with any token of the stream and in another process',
    needs: ['poll', 'resume', 'background'],
    answer: (can) => longAnswer(can),
    async check({ newRun, world }) {
      const run = newRun()
      const { places, run: whole } = await run.start().rest()
      for (const place of [places[0], places[places.length >> 1], places.at(-1)]) {
        assert.ok(place, 'The stream has no token.')
        for (const agent of [world.agent, world.again()]) {
          const response = await run.pollToEnd(place.token, agent)
          const { state, message, steps } = response
          const { parts, outcome, steps: streamed } = told(whole)
          assert.deepEqual(state, outcome)
          assert.deepEqual(message.parts, parts, `Polled with the token of update ${place.at}, the answer is another.`)
          if (steps !== undefined) assert.deepEqual(steps, streamed, `Polled with the token of update ${place.at}, the steps are others.`)
          assertAnswers(response, run)
        }
      }
    },
  },
]

/** @returns the token to poll with */
function assertGoesOn(response: AgentResponse, run: BenchRun, whole: string): string {
  const { state, message, continuationToken } = response
  assert.ok(!isOutcome(state), `A run that goes on is said to be ${state.type}.`)
  assert.ok(state.type === 'queued' || state.type === 'working', `A run that goes on is said to be ${String(state)}.`)
  assert.ok(continuationToken !== null, 'The answer of a run that goes on has no token.')
  assert.ok(whole.startsWith(textOf(message)), 'What there is of the text is not how it begins.')
  assertAnswers(response, run)
  return continuationToken
}

function assertAnswers({ runId, message }: AgentResponse, run: BenchRun): void {
  assert.equal(runId, run.runId)
  assert.equal(message.id, run.runId, "An answer's id is the id of its run.")
  assert.equal(message.role, 'assistant')
}
