import assert from 'node:assert/strict'
import { joinToken, splitToken, startCursor, userMessage, type RejoinErrorCode } from '@rejoin/core'
import { type Bench, type BenchRun } from '../bench.ts'
import { type CaseDefinition } from '../contractCase.ts'
import { held, shortAnswer, textOfAnswer } from '../plans.ts'
import { assertRefused, assertThrows, drain } from '../refusal.ts'

const unusable: readonly RejoinErrorCode[] = ['token_invalid', 'expired', 'not_found']

export const inputCases: readonly CaseDefinition[] = [
  {
    title: 'refuses messages together with a token, before any iteration (row 13)',
    answer: () => shortAnswer(),
    async check(bench) {
      const { runId, session, messages } = bench.newRun()
      const { agent } = bench.world
      const both = { runId, session, continuationToken: joinToken('somebody', startCursor) }
      assertThrows(() => agent.runStreaming(messages, both), 'runStreaming', ['messages_with_token'])
      await assertRefused(bench, agent.run(messages, both), 'run', ['messages_with_token'])
      assert.equal(bench.world.started(), 0, 'A refused call has started a run.')
    },
  },
  {
    title: 'refuses an empty message and starts nothing',
    answer: () => shortAnswer(),
    async check(bench) {
      const { runId, session } = bench.newRun()
      const { agent } = bench.world
      for (const empty of ['', ' \n']) {
        const messages = [userMessage(empty)]
        assertThrows(() => agent.runStreaming(messages, { runId, session }), 'runStreaming', ['empty_message'])
        await assertRefused(bench, agent.run(messages, { runId, session }), 'run', ['empty_message'])
      }
      assert.equal(bench.world.started(), 0, 'A refused call has started a run.')
    },
  },
  {
    title: 'refuses an empty token, before any iteration (row 12)',
    answer: () => shortAnswer(),
    async check(bench) {
      const { runId, session } = bench.newRun()
      const { agent } = bench.world
      const empty = { runId, session, continuationToken: '' }
      assertThrows(() => agent.runStreaming([], empty), 'runStreaming', ['token_invalid'])
      await assertRefused(bench, agent.run([], empty), 'run', ['token_invalid'])
    },
  },
  {
    title: 'answers damaged and foreign tokens with typed errors, and soon (row 12)',
    needs: ['resume'],
    answer: () => held(shortAnswer()),
    async check(bench) {
      const run = bench.newRun()
      const leg = await run.start().reach(textOfAnswer(bench.answer, 'hold'))
      const { token } = leg.place
      for (const [what, bad] of Object.entries(badTokens(token))) await assertUnusable(bench, run, what, bad)
      await leg.leave()
    },
  },
  {
    title: 'refuses the token of another run (row 12)',
    needs: ['resume', 'bindsTokens'],
    answer: () => held(shortAnswer()),
    async check(bench) {
      const [run, other] = [bench.newRun(), bench.newRun()]
      const text = textOfAnswer(bench.answer, 'hold')
      const legs = [await run.start().reach(text), await other.start().reach(text)] as const
      await assertUnusable(bench, run, 'the token of another run', legs[1].place.token)
      for (const leg of legs) await leg.leave()
    },
  },
  {
    title: 'can not go on with a run that nobody knows, and says so by a typed error',
    answer: () => shortAnswer(),
    async check(bench) {
      const { runId, session } = bench.newRun()
      const { agent } = bench.world
      await assertRefused(bench, agent.run([], { runId, session }), 'run', unusable)
      await assertRefused(bench, drain(() => agent.runStreaming([], { runId, session })), 'runStreaming', unusable)
      assert.equal(bench.world.started(), 0, 'Going on with nothing has started a run.')
    },
  },
]

async function assertUnusable(bench: Bench, { runId, session }: BenchRun, what: string, token: string): Promise<void> {
  const { agent } = bench.world
  const options = { runId, session, continuationToken: token }
  await assertRefused(bench, drain(() => agent.runStreaming([], options)), `runStreaming with ${what}`, unusable)
  await assertRefused(bench, attempt(() => agent.run([], options)), `run with ${what}`, unusable)
  if (!bench.can.cancel) return
  await assertRefused(bench, attempt(() => agent.cancel(options)), `cancel with ${what}`, unusable)
}

async function attempt(call: () => Promise<unknown>): Promise<void> {
  await call()
}

function badTokens(token: string): Record<string, string> {
  const { handle, cursor } = splitToken(token)
  return {
    'a word': 'nonsense',
    'a dot': '.',
    'a cursor alone': cursor,
    'a cursor behind nothing': `.${cursor}`,
    'no cursor': handle,
    'a cursor of letters': `${handle}.abcd.efghijklmn`,
    'the start of a token': token.slice(0, -1),
    'another handle': joinToken('somebody-elses', cursor),
    'a changed handle': joinToken(changed(handle), cursor),
    'a handle no header can carry': joinToken('häßlich\n', cursor),
    'a long handle': joinToken('x'.repeat(10_000), cursor),
  }
}

/** With its middle character another one. */
function changed(text: string): string {
  const at = Math.floor(text.length / 2)
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
