import assert from 'node:assert/strict'
import { isAsking, requestsIn, shownParts, userMessage, type AnswerPart, type ChatMessage, type RequestPart, type Run } from '@rejoin/core'
import { type Bench, type BenchRun } from '../bench.ts'
import { type CaseDefinition } from '../contractCase.ts'
import { followToEnd } from '../follow.ts'
import { told, type Leg } from '../leg.ts'
import { textPieces } from '../plans.ts'
import { assertRefused } from '../refusal.ts'
import { type ContractAnswer } from '../subject.ts'

const prompt = 'Which burrow?'
const reply = 'The left one'

/** Some text, a question, and some more. */
function questioning(): ContractAnswer {
  const pieces = textPieces(20)
  return { pieces: [...pieces.slice(0, 8), { type: 'ask', id: 'burrow', prompt }, ...pieces.slice(8)], outcome: { type: 'completed' } }
}

export const questionCases: readonly CaseDefinition[] = [
  {
    title: 'waits for the person where it asks, and has no token then (rows 7, 25)',
    needs: ['asks'],
    answer: questioning,
    async check({ answer, newRun }) {
      const leg = await asked(newRun())
      assert.equal(leg.updates.at(-1)?.continuationToken, null, 'The pause has a token.')
      const request = requestIn(leg.run)
      // What it asks about a call the agent words itself.
      if (request.kind === 'input') assert.equal(request.prompt, prompt)
      assert.equal(wordsIn(leg.run), textAround(answer)[0])
    },
  },
  {
    title: 'says in a poll that it waits, and for what (rows 7, 25)',
    needs: ['asks', 'poll'],
    answer: questioning,
    async check({ newRun, answer, world }) {
      const run = newRun()
      const { place, run: waiting } = await asked(run)
      for (const agent of [world.agent, world.again()]) {
        const { state, message, continuationToken } = await run.poll(place.token, agent)
        assert.deepEqual(state, { type: 'paused', reason: requestIn(waiting).kind })
        assert.equal(continuationToken, null, 'The answer of a run that waits has a token.')
        assert.deepEqual(requestsIn(message), [requestIn(waiting)])
        assert.equal(textIn(message), textAround(answer)[0])
      }
    },
  },
  {
    title: 'says that it waits on every leg that is opened meanwhile (row 25)',
    needs: ['asks', 'resume'],
    answer: questioning,
    async check({ newRun, world }) {
      const run = newRun()
      const { places, run: waiting } = await asked(run)
      for (const place of [places[0], places[Math.floor(places.length / 2)], places.at(-1)]) {
        assert.ok(place, 'The stream has no token.')
        for (const agent of [world.agent, world.again()]) {
          const leg = await run.resume(place, agent).rest()
          assert.equal(leg.updates.at(-1)?.type, 'pause', 'The leg does not say that the run waits.')
          assert.deepEqual(shownParts(leg.run), shownParts(waiting))
        }
      }
    },
  },
  {
    title: 'goes on with the answer in a run of its own, which says what is new (row 25)',
    needs: ['asks'],
    answer: questioning,
    async check({ newRun, answer }) {
      const run = newRun()
      const waiting = await asked(run)
      const next = run.answeredBy(answerTo(waiting.run), conversationIn(waiting))
      const leg = await followToEnd(next, next.start())
      assert.deepEqual(told(leg.run).outcome, { type: 'completed' })
      assert.equal(wordsIn(leg.run), textAround(answer)[1])
      assert.deepEqual(requestsIn({ parts: shownParts(leg.run) }), [], 'It asks again.')
    },
  },
  {
    title: 'goes on with the answer from each update at which its stream is left (rows 10, 25)',
    needs: ['asks', 'resume'],
    answer: questioning,
    async check({ newRun, answer, world }) {
      const run = newRun()
      const waiting = await asked(run)
      const next = run.answeredBy(answerTo(waiting.run), conversationIn(waiting))
      const { places } = await followToEnd(next, next.start())
      for (const place of places) {
        const leg = await followToEnd(next, next.resume(place, world.again()), world.again())
        assert.equal(wordsIn(leg.run), textAround(answer)[1], `Resumed after update ${place.at}, the text is another.`)
      }
    },
  },
  {
    title: 'gives the answer of the run that goes on by a poll as well (row 25)',
    needs: ['asks', 'poll'],
    answer: questioning,
    async check({ newRun, answer }) {
      const run = newRun()
      const waiting = await asked(run)
      const next = run.answeredBy(answerTo(waiting.run), conversationIn(waiting))
      const { place } = await followToEnd(next, next.start())
      const { state, message } = await next.pollToEnd(place.token)
      assert.deepEqual(state, { type: 'completed' })
      assert.equal(textIn(message), textAround(answer)[1])
    },
  },
  {
    title: 'refuses what answers nothing that it asks, and starts nothing (row 25)',
    needs: ['asks'],
    answer: questioning,
    async check({ newRun, world, soon, until }) {
      const run = newRun()
      const waiting = await asked(run)
      const started = world.started()
      const [part] = answerTo(waiting.run).parts
      assert.equal(part?.type, 'answer')
      const foreign: ChatMessage = { id: 'm2', role: 'user', parts: [{ ...part, request: 'none-of-these' }] }
      await assertRefused({ soon, until }, run.answeredBy(foreign, conversationIn(waiting)).ask(), 'an answer to nothing', ['not_found'])
      assert.equal(world.started(), started, 'It has started something.')
    },
  },
  {
    title: 'can be stopped while it waits (rows 23, 25)',
    needs: ['asks', 'cancel', 'cancelStops'],
    answer: questioning,
    async check({ newRun }) {
      const run = newRun()
      const { place } = await asked(run)
      assert.deepEqual((await run.cancel(place.token)).state, { type: 'cancelled' })
    },
  },
  {
    title: 'stays stopped, and takes no answer any more, where it was stopped while it waited (rows 23, 25)',
    needs: ['asks', 'answersOnce', 'cancel', 'cancelStops', 'poll'],
    answer: questioning,
    async check(bench) {
      const run = bench.newRun()
      const waiting = await asked(run)
      await run.cancel(waiting.place.token)
      assert.deepEqual((await run.poll(waiting.place.token)).state, { type: 'cancelled' })
      await assertTakesNone(bench, run, waiting)
    },
  },
  {
    title: 'takes one answer and no other (row 25)',
    needs: ['asks', 'answersOnce'],
    answer: questioning,
    async check(bench) {
      const run = bench.newRun()
      const waiting = await asked(run)
      const next = run.answeredBy(answerTo(waiting.run), conversationIn(waiting))
      await followToEnd(next, next.start())
      await assertTakesNone(bench, run, waiting)
    },
  },
  {
    title: 'takes no answer behind a message that has passed its question over (row 25)',
    needs: ['asks', 'answersOnce'],
    answer: questioning,
    async check(bench) {
      const run = bench.newRun()
      const waiting = await asked(run)
      // That one may ask as well.
      await run.next(userMessage('Never mind'), conversationIn(waiting)).start().rest()
      await assertTakesNone(bench, run, waiting)
    },
  },
]

/** An answer that comes too late starts nothing. */
async function assertTakesNone({ world, soon, until }: Bench, run: BenchRun, waiting: Leg): Promise<void> {
  const started = world.started()
  const late = run.answeredBy(answerTo(waiting.run), conversationIn(waiting)).ask()
  await assertRefused({ soon, until }, late, 'an answer that comes too late', ['not_found'])
  assert.equal(world.started(), started, 'It has started something.')
}

/** Read to where it waits. */
async function asked(run: BenchRun): Promise<Leg> {
  let leg = await run.start().rest()
  for (let streams = 1; leg.updates.at(-1)?.type !== 'pause'; streams += 1) {
    assert.ok(streams < 5, `After ${streams} streams the run does not wait.`)
    leg = await run.resume(leg.place).rest()
  }
  assert.ok(isAsking(leg.run.state), `The run that asks is ${leg.run.state.type}.`)
  return leg
}

function requestIn(run: Run): RequestPart {
  const [request, ...others] = requestsIn({ parts: shownParts(run) })
  assert.ok(request, 'The run that waits asks nothing.')
  assert.deepEqual(others, [])
  return request
}

function answerTo(run: Run): ChatMessage {
  const { kind, id: request } = requestIn(run)
  const answer: AnswerPart = kind === 'input' ? { type: 'answer', kind, request, text: reply } : { type: 'answer', kind, request, approved: true }
  return { id: crypto.randomUUID(), role: 'user', parts: [answer] }
}

function conversationIn(leg: Leg): string | undefined {
  return leg.run.conversation ?? undefined
}

function textAround({ pieces }: ContractAnswer): readonly [string, string] {
  const at = pieces.findIndex(({ type }) => type === 'ask')
  const text = (some: typeof pieces): string => some.map((piece) => (piece.type === 'text' ? piece.delta : '')).join('')
  return [text(pieces.slice(0, at)), text(pieces.slice(at))]
}

function wordsIn(run: Run): string {
  return textIn({ parts: shownParts(run) })
}

function textIn({ parts }: Pick<ChatMessage, 'parts'>): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
