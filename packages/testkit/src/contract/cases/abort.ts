import assert from 'node:assert/strict'
import { textOf } from '@rejoin/core'
import { type CaseDefinition } from '../contractCase.ts'
import { held, shortAnswer, textOfAnswer } from '../plans.ts'
import { drain, failureOf } from '../refusal.ts'

const reason = new Error('Nobody waits any more.')

export const abortCases: readonly CaseDefinition[] = [
  {
    title: 'starts nothing with a signal that has aborted, and rejects with its reason',
    answer: () => held(shortAnswer()),
    async check(bench) {
      const { runId, session, messages } = bench.newRun()
      const { agent } = bench.world
      const options = { runId, session, signal: AbortSignal.abort(reason) }
      assert.equal(await failureOf(bench, agent.run(messages, options), 'run'), reason)
      const background = { ...options, background: true }
      assert.equal(await failureOf(bench, agent.run(messages, background), 'run in the background'), reason)
      assert.equal(await failureOf(bench, drain(() => agent.runStreaming(messages, options)), 'runStreaming'), reason)
      assert.equal(bench.world.started(), 0, 'A call with an aborted signal has started a run.')
    },
  },
  {
    title: 'does nothing to a run with a signal that has aborted, and rejects with its reason',
    needs: ['resume', 'background'],
    answer: () => held(shortAnswer()),
    async check(bench) {
      const { can, world, answer, newRun } = bench
      const { runId, session, start } = newRun()
      const leg = await start().reach(textOfAnswer(answer, 'hold'))
      const options = { runId, session, continuationToken: leg.place.token, signal: AbortSignal.abort(reason) }
      assert.equal(await failureOf(bench, drain(() => world.agent.runStreaming([], options)), 'resuming'), reason)
      if (can.poll) assert.equal(await failureOf(bench, world.agent.run([], options), 'polling'), reason)
      if (can.cancel) assert.equal(await failureOf(bench, world.agent.cancel(options), 'cancelling'), reason)
      await world.release()
      assert.equal(textOf((await leg.rest()).run), textOfAnswer(answer))
    },
  },
  {
    title: 'stops waiting for an answer when the signal aborts, with its reason',
    answer: () => held(shortAnswer()),
    async check(bench) {
      const waiting = new AbortController()
      const answer = bench.newRun().ask({ background: false, signal: waiting.signal })
      const failure = failureOf(bench, answer, 'an aborted wait')
      await bench.until(() => bench.world.started() === 1, 'starting the run')
      waiting.abort(reason)
      assert.equal(await failure, reason)
    },
  },
  {
    title: 'stops a stream that waits when its signal aborts, with its reason',
    answer: () => held(shortAnswer()),
    async check(bench) {
      const waiting = new AbortController()
      const leg = await bench.newRun().start({ signal: waiting.signal }).reach(textOfAnswer(bench.answer, 'hold'))
      const failure = failureOf(bench, leg.rest(), 'an aborted stream')
      waiting.abort(reason)
      assert.equal(await failure, reason)
      await leg.leave()
    },
  },
]
