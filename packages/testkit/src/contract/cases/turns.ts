import assert from 'node:assert/strict'
import { userMessage } from '@rejoin/core'
import { type CaseDefinition } from '../contractCase.ts'
import { followToEnd } from '../follow.ts'
import { question, shortAnswer } from '../plans.ts'
import { assertRefused } from '../refusal.ts'

const second = 'And why at night?'
const another = 'Something else altogether'

export const turnCases: readonly CaseDefinition[] = [
  {
    title: 'says at its end what the next turn goes on from, by stream and by poll alike (row 15)',
    needs: ['converses'],
    answer: () => shortAnswer(),
    async check({ can, newRun, soon, world }) {
      const run = newRun()
      const leg = await followToEnd(run, run.start())
      const { conversation } = leg.run
      assert.ok(conversation, 'The end says no conversation.')
      if (can.poll) assert.ok((await run.poll(leg.place.token, world.again())).conversation, 'A poll says no conversation.')
      assert.ok((await soon(newRun().ask({ background: false }), 'the answer')).conversation, 'The whole answer says no conversation.')
    },
  },
  {
    title: 'knows in the next turn what was said before (row 15)',
    needs: ['converses'],
    answer: () => shortAnswer(),
    async check({ newRun, world }) {
      const first = newRun()
      const { conversation } = (await followToEnd(first, first.start())).run
      const next = first.next(userMessage(second), conversation ?? undefined)
      await followToEnd(next, next.start())
      assert.deepEqual(await world.heard?.(), [question, second])
    },
  },
  {
    title: 'goes on in the same way from what a poll has said (row 15)',
    needs: ['converses', 'poll'],
    answer: () => shortAnswer(),
    async check({ newRun, world }) {
      const first = newRun()
      const { place } = await followToEnd(first, first.start())
      const { conversation } = await first.poll(place.token)
      const next = first.next(userMessage(second), conversation)
      await followToEnd(next, next.start())
      assert.deepEqual(await world.heard?.(), [question, second])
    },
  },
  {
    title: 'branches off where a turn is asked again (rows 14, 15)',
    needs: ['converses', 'branches'],
    answer: () => shortAnswer(),
    async check({ newRun, world }) {
      const first = newRun()
      const { conversation } = (await followToEnd(first, first.start())).run
      const next = first.next(userMessage(second), conversation ?? undefined)
      await followToEnd(next, next.start())
      const again = first.next(userMessage(another), conversation ?? undefined)
      await followToEnd(again, again.start({ replaces: next.runId }))
      assert.deepEqual(await world.heard?.(), [question, another])
    },
  },
  {
    title: 'fails with conversation_lost where it can not go on from there, and starts nothing (row 15)',
    needs: ['converses', 'branches'],
    answer: () => shortAnswer(),
    async check({ newRun, world, soon, until }) {
      const first = newRun()
      await followToEnd(first, first.start())
      const started = world.started()
      const next = first.next(userMessage(second), 'none-of-these').ask()
      await assertRefused({ soon, until }, next, 'a turn after none', ['conversation_lost'])
      assert.equal(world.started(), started, 'It has started something.')
    },
  },
]
