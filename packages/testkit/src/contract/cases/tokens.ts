import assert from 'node:assert/strict'
import { textOf } from '@rejoin/core'
import { type CaseDefinition } from '../contractCase.ts'
import { decodings } from '../decodings.ts'
import { answerWord, held, longAnswer, questionWords, shortAnswer, textOfAnswer, textPieces } from '../plans.ts'

export const tokenCases: readonly CaseDefinition[] = [
  {
    title: 'gives each update but the last a token once the run is named, pieces of text included (row 8)',
    needs: ['resume'],
    answer: (can) => longAnswer(can),
    async check({ newRun }) {
      const { updates } = await newRun().start().rest()
      let named = false
      for (const [at, { type, continuationToken }] of updates.slice(0, -1).entries()) {
        named ||= continuationToken !== null
        assert.ok(named || type !== 'text', `Update ${at}, the first piece of text, has no token.`)
        if (named) assert.equal(typeof continuationToken, 'string', `Update ${at} (${type}) has no token.`)
      }
      const end = updates.at(-1)
      assert.equal(end?.type, 'end')
      assert.equal(end?.continuationToken, null, 'The end has a token.')
    },
  },
  {
    title: 'keeps its tokens, which are strings, of one length through 2,000 pieces of text (row 12)',
    needs: ['resume'],
    answer: () => ({ pieces: textPieces(2_000), outcome: { type: 'completed' } }),
    async check({ newRun, answer }) {
      const { updates, places, run } = await newRun().start().rest()
      assert.equal(textOf(run), textOfAnswer(answer))
      const [first] = places
      assert.ok(first, 'The stream has no token.')
      for (const { token, at } of places) {
        assert.equal(token.length, first.token.length, `The token of update ${at} of ${updates.length} has another length: ${token}`)
      }
      const tokens = places.map(({ token }) => token)
      assert.deepEqual(JSON.parse(JSON.stringify(tokens)), tokens)
    },
  },
  {
    title: 'writes nothing of question and answer into its tokens (row 12)',
    needs: ['resume'],
    answer: () => held(shortAnswer()),
    async check({ can, newRun, soon, answer }) {
      const run = newRun()
      const leg = await run.start().reach(textOfAnswer(answer, 'hold'))
      const tokens = leg.places.map(({ token }) => token)
      if (can.poll) tokens.push((await run.poll(leg.place.token)).continuationToken ?? '')
      if (can.background) tokens.push((await soon(newRun().ask({ background: true }), 'the answer')).continuationToken ?? '')
      for (const [at, token] of tokens.entries()) {
        for (const text of decodings(token)) {
          const found = [answerWord, ...questionWords].find((word) => text.toLowerCase().includes(word.toLowerCase()))
          assert.equal(found, undefined, `Token ${at} tells what was said: ${text}`)
        }
      }
      await leg.leave()
    },
  },
]
