import assert from 'node:assert/strict'
import { isOutcome, lengthOf, reduce, textOf } from '@rejoin/core'
import { type CaseDefinition } from '../contractCase.ts'
import { emptyRun, told } from '../leg.ts'
import { held, longAnswer, shortAnswer, textOfAnswer } from '../plans.ts'

export const startCases: readonly CaseDefinition[] = [
  {
    title: 'answers whole and without a token where nobody asked for background (row 2)',
    answer: (can) => longAnswer(can),
    async check({ newRun, soon, answer }) {
      const run = newRun()
      const response = await soon(run.ask({ background: false }), 'the answer')
      assert.deepEqual(response.state, { type: 'completed' })
      assert.equal(response.continuationToken, null, 'An ended run has a token.')
      assert.equal(textOf(response.message), textOfAnswer(answer))
      assert.equal(response.runId, run.runId)
      assert.equal(response.message.id, run.runId, "An answer's id is the id of its run.")
      assert.equal(response.message.role, 'assistant')
    },
  },
  {
    title: 'answers a task that is done at once without a token, in the background too (row 2)',
    needs: ['background', 'answersAtOnce'],
    answer: () => shortAnswer(),
    async check({ newRun, soon, answer }) {
      const response = await soon(newRun().ask({ background: true }), 'the answer')
      assert.equal(response.continuationToken, null, 'A task that is done has a token.')
      assert.deepEqual(response.state, { type: 'completed' })
      assert.equal(textOf(response.message), textOfAnswer(answer))
    },
  },
  {
    title: 'answers with a token where background was asked for, and waits where it was not (row 1)',
    needs: ['background'],
    answer: () => held(shortAnswer()),
    async check({ newRun, soon, until, world, answer }) {
      const patient = newRun().ask({ background: false })
      let answered = false
      void patient.then(
        () => (answered = true),
        () => (answered = true),
      )
      await until(() => world.started() === 1, 'starting a run in the foreground')
      const response = await soon(newRun().ask({ background: true }), 'the answer of a background run')
      assert.ok(response.continuationToken !== null, 'A background run that goes on is answered without a token.')
      assert.ok(!isOutcome(response.state), `A background run that goes on is said to be ${response.state.type}.`)
      assert.ok(!answered, 'A run in the foreground is answered before it has ended.')
      await world.release()
      const whole = await soon(patient, 'the answer of the run in the foreground')
      assert.deepEqual(whole.state, { type: 'completed' })
      assert.equal(textOf(whole.message), textOfAnswer(answer))
    },
  },
  {
    title: 'tells its backend whether background was asked for, run by run (row 1)',
    needs: ['background', 'showsBackground'],
    answer: () => shortAnswer(),
    async check({ newRun, world }) {
      for (const background of [true, false, true]) {
        await newRun().start({ background }).rest()
        assert.equal(world.background?.(), background, `A run with background: ${background} asked its backend for the other.`)
      }
    },
  },
  {
    title: 'passes over the wish for background (row 6)',
    lacks: ['background'],
    answer: () => shortAnswer(),
    async check({ newRun, soon, answer }) {
      const response = await soon(newRun().ask({ background: true }), 'the answer')
      assert.deepEqual(response.state, { type: 'completed' })
      assert.equal(response.continuationToken, null, 'An ended run has a token.')
      assert.equal(textOf(response.message), textOfAnswer(answer))
      const { run } = await newRun().start({ background: true }).rest()
      assert.equal(textOf(run), textOfAnswer(answer))
    },
  },
  {
    title: 'joins a start to the run that has its id, whether it goes on or has ended',
    needs: ['joinsStarts', 'resume', 'background'],
    answer: (can) => held(longAnswer(can)),
    async check({ newRun, world, soon, answer }) {
      const run = newRun()
      const before = textOfAnswer(answer, 'hold')
      const [first, second] = [run.start(), run.start()]
      await Promise.all([first.reach(before), second.reach(before)])
      const third = await run.start().reach(before)
      const asked = await soon(run.ask(), 'a start without a stream')
      assert.equal(asked.continuationToken === null, isOutcome(asked.state), 'A run has a token until it has ended.')
      await world.release()
      await Promise.all([first, second, third].map((leg) => leg.rest()))
      const fourth = await run.start().rest()
      assert.deepEqual(told(first.run).outcome, { type: 'completed' })
      assert.equal(textOf(first.run), textOfAnswer(answer))
      for (const leg of [second, third, fourth]) assert.deepEqual(told(leg.run), told(first.run))
      assert.equal(world.started(), 1, 'Starts with one id have started several runs.')
    },
  },
  {
    title: 'finds a run by its id alone, from its beginning',
    needs: ['joinsStarts', 'resume'],
    answer: () => held(shortAnswer()),
    async check({ newRun, world, answer }) {
      const { runId, session, ...run } = newRun()
      const first = await run.start().reach(textOfAnswer(answer, 'hold'))
      const stream = world.agent.runStreaming([], { runId, session })
      let found = emptyRun(runId)
      await world.release()
      for await (const update of stream) found = reduce(found, update)
      assert.equal(textOf(found), textOfAnswer(answer))
      await first.leave()
    },
  },
  {
    title: 'says with its end how much the answer is, where it says it',
    answer: (can) => longAnswer(can),
    async check({ newRun }) {
      const { updates, run } = await newRun().start().rest()
      const end = updates.find((update) => update.type === 'end')
      assert.ok(end, 'The stream has no end.')
      if (end.length !== undefined) assert.equal(end.length, lengthOf(run.parts), 'The end tells another length than the updates.')
      if (end.parts !== undefined) assert.deepEqual(end.parts, run.parts)
    },
  },
]
