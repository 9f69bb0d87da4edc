import assert from 'node:assert/strict'
import { isOutcome, type RunOutcome } from '@rejoin/core'
import { type BenchRun } from '../bench.ts'
import { type CaseDefinition } from '../contractCase.ts'
import { followToEnd } from '../follow.ts'
import { textIn, told, type Leg } from '../leg.ts'
import { secretWords, shortAnswer, textOfAnswer } from '../plans.ts'
import { type ContractAbility, type ContractOutcome } from '../subject.ts'

export const endCases: readonly CaseDefinition[] = [
  endCase('completes, by stream and by poll alike, and has no token then (row 7)', { type: 'completed' }),
  endCase('ends as incomplete with its reason, by stream and by poll alike, and has no token then (rows 7, 22)', { type: 'incomplete' }, ['incomplete']),
  endCase('fails with a code of ours, by stream and by poll alike, and has no token then (rows 7, 21)', { type: 'failed', words: secretWords }),
]

/** Names are short and of these characters, so that they can not be what a backend wrote. */
const name = /^[a-z0-9_.-]{1,64}$/i

function endCase(title: string, outcome: ContractOutcome, needs: readonly ContractAbility[] = []): CaseDefinition {
  return {
    title,
    needs,
    answer: () => shortAnswer(outcome),
    async check({ can, newRun, soon, answer }) {
      const run = newRun()
      const leg = await followToEnd(run, run.start())
      assertEnded(told(leg.run).outcome, outcome)
      assert.equal(textIn(leg.run), textOfAnswer(answer), 'What was written before the end is not all there.')
      const end = leg.updates.at(-1)
      assert.equal(end?.type, 'end')
      assert.equal(end?.continuationToken, null, 'The end has a token.')
      assertSaysNothing(leg.updates)

      const response = await soon(newRun().ask({ background: false }), 'the answer')
      assert.ok(isOutcome(response.state), `The answer of a run that has ended says ${response.state.type}.`)
      assert.deepEqual(response.state, told(leg.run).outcome)
      assert.equal(response.continuationToken, null, 'The answer of a run that has ended has a token.')
      assertSaysNothing(response)
      if (can.poll && can.resume) await assertPolled(run, leg)
    },
  }
}

async function assertPolled(run: BenchRun, { place, run: whole }: Leg): Promise<void> {
  const { state, message, continuationToken, ...rest } = await run.pollToEnd(place.token)
  assert.deepEqual(state, told(whole).outcome, 'Polled, the run has ended otherwise than streamed.')
  assert.equal(continuationToken, null)
  assertSaysNothing({ message, ...rest })
  if (state.type === 'completed') assert.deepEqual(message.parts, told(whole).parts)
}

function assertEnded(outcome: RunOutcome | null, { type }: ContractOutcome): void {
  assert.equal(outcome?.type, type)
  if (outcome?.type === 'failed') assert.match(outcome.code, name)
  if (outcome?.type === 'incomplete') assert.match(outcome.reason, name)
}

function assertSaysNothing(told: unknown): void {
  const text = JSON.stringify(told)
  for (const word of secretWords.split(' ')) {
    if (word.length > 6) assert.ok(!text.includes(word), `What the backend said is passed on: ${text}`)
  }
}
