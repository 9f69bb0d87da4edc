import assert from 'node:assert/strict'
import { textOf } from '@rejoin/core'
import { type Bench, type BenchRun } from '../bench.ts'
import { type CaseDefinition } from '../contractCase.ts'
import { told, type Leg } from '../leg.ts'
import { held, longAnswer, textOfAnswer } from '../plans.ts'
import { failureOf } from '../refusal.ts'

export const leavingCases: readonly CaseDefinition[] = [
  {
    title: 'goes on when its stream is left (rows 17, 24)',
    needs: ['background', 'resume'],
    answer: (can) => held(longAnswer(can)),
    async check(bench) {
      const run = bench.newRun()
      const leg = await run.start().reach(textOfAnswer(bench.answer, 'hold'))
      await leg.leave()
      await assertGoesOn(bench, run, leg)
    },
  },
  {
    title: 'goes on when the signal of its stream aborts, which ends the stream with the reason (rows 17, 24)',
    needs: ['background', 'resume'],
    answer: (can) => held(longAnswer(can)),
    async check(bench) {
      const run = bench.newRun()
      const leaving = new AbortController()
      const leg = await run.start({ signal: leaving.signal }).reach(textOfAnswer(bench.answer, 'hold'))
      const reason = new Error('The page is gone.')
      const failure = failureOf(bench, readOn(leg), 'the stream after its abort')
      leaving.abort(reason)
      assert.equal(await failure, reason)
      await assertGoesOn(bench, run, leg)
    },
  },
  {
    title: 'goes on when a resumed stream is left, or its signal aborts (rows 17, 24)',
    needs: ['background', 'resume'],
    answer: (can) => held(longAnswer(can)),
    async check(bench) {
      const { answer, newRun, world } = bench
      const { runId, session, ...run } = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      await leg.leave()
      await (await run.resume(leg.place).take(1)).leave()
      const leaving = new AbortController()
      const options = { runId, session, continuationToken: leg.place.token, signal: leaving.signal }
      const source = world.agent.runStreaming([], options)[Symbol.asyncIterator]()
      await bench.soon(source.next(), 'the first update')
      const failure = failureOf(bench, readAll(source), 'the stream after its abort')
      const reason = new Error('The page is gone.')
      leaving.abort(reason)
      assert.equal(await failure, reason)
      await assertGoesOn(bench, { runId, session, ...run }, leg)
    },
  },
  {
    title: 'does not mind a stream that nobody reads',
    needs: ['background', 'resume'],
    answer: (can) => held(longAnswer(can)),
    async check(bench) {
      const { runId, session, ...run } = bench.newRun()
      const leg = await run.start().reach(textOfAnswer(bench.answer, 'hold'))
      await leg.leave()
      bench.world.agent.runStreaming([], { runId, session, continuationToken: leg.place.token })
      const unread = run.resume(leg.place)
      await unread.leave()
      await assertGoesOn(bench, { runId, session, ...run }, leg)
    },
  },
]

/** Nobody reads the run while it goes on: what it comes to is seen only afterwards. */
async function assertGoesOn({ can, world, answer }: Bench, run: BenchRun, leg: Leg): Promise<void> {
  await world.release()
  const other = world.again()
  if (can.poll) {
    const response = await run.pollToEnd(leg.place.token, other)
    assert.deepEqual(response.state, { type: 'completed' }, 'Leaving has ended the run.')
    assert.equal(textOf(response.message), textOfAnswer(answer))
  }
  const { run: whole } = await run.resume(leg.place, other).rest()
  assert.deepEqual(told(whole).outcome, { type: 'completed' }, 'Leaving has ended the run.')
  assert.equal(textOf(whole), textOfAnswer(answer))
  assert.equal(world.started(), 1, 'Leaving and coming back has started a run.')
}

async function readOn(leg: Leg): Promise<void> {
  await leg.rest()
}

async function readAll(source: AsyncIterator<unknown>): Promise<void> {
  while (!(await source.next()).done);
}
