import assert from 'node:assert/strict'
import { batchesOf, isClosing, joinToken, textOf, type AgentResponseUpdate, type UpdateBatch } from '@rejoin/core'
import { type CaseDefinition } from '../contractCase.ts'
import { told } from '../leg.ts'
import { longAnswer, reasoningOfAnswer, shortAnswer, textOfAnswer } from '../plans.ts'

export const streamCases: readonly CaseDefinition[] = [
  {
    title: 'streams the answer: its text, its reasoning, its steps and its tools',
    answer: (can) => longAnswer(can),
    async check({ can, newRun, answer }) {
      const { run } = await newRun().start().rest()
      assert.deepEqual(told(run).outcome, { type: 'completed' })
      assert.equal(textOf(run), textOfAnswer(answer))
      const reasoning = run.parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join('')
      if (can.reasoning) assert.equal(reasoning, reasoningOfAnswer(answer))
      if (can.tools) assert.ok(run.parts.some(({ type }) => type === 'tool'), 'The tool is not among the parts.')
      if (!can.progress) return
      assert.ok(run.steps.length >= 2, `Of two steps ${run.steps.length} came.`)
      for (const { label, state } of run.steps) assert.equal(state, 'done', `The step ${label} is never done.`)
    },
  },
  {
    title: 'opens each stream with an open, and no other update with one',
    answer: () => shortAnswer(),
    async check({ can, newRun }) {
      const run = newRun()
      const leg = await run.start().rest()
      assertOpens(leg.updates)
      if (!can.resume) return
      for (const place of [leg.places[0], leg.place]) if (place) assertOpens((await run.resume(place).rest()).updates)
    },
  },
  {
    title: 'ends a stream with its end, told once',
    answer: () => shortAnswer(),
    async check({ newRun }) {
      const { updates } = await newRun().start().rest()
      const ends = updates.flatMap(({ type }, at) => (type === 'end' ? [at] : []))
      assert.deepEqual(ends, [updates.length - 1], `Of ${updates.length} updates these are ends.`)
    },
  },
  {
    title: 'moves its cursor forward only',
    answer: (can) => longAnswer(can),
    async check({ newRun }) {
      const { updates } = await newRun().start().rest()
      for (const [at, { type, cursor }] of updates.entries()) {
        const before = updates[at - 1]?.cursor ?? ''
        assert.ok(cursor > before || (type === 'end' && cursor === before), `Update ${at} (${type}) is at ${cursor}, behind one at ${before}.`)
      }
    },
  },
  {
    title: 'gives plain data: updates and answers survive JSON and structuredClone',
    answer: (can) => longAnswer(can),
    async check({ newRun, soon }) {
      const { updates } = await newRun().start().rest()
      for (const [at, update] of updates.entries()) assertPlain(update, `Update ${at} (${update.type})`)
      assertPlain(await soon(newRun().ask(), 'the answer'), 'The answer of run')
    },
  },
  {
    title: 'says how long a run has taken, with its first update, its last and its answer',
    answer: () => shortAnswer(),
    async check({ newRun, soon }) {
      const { updates } = await newRun().start().rest()
      for (const [at, update] of updates.entries()) {
        if ('elapsedMs' in update) assertDuration(update.elapsedMs, `Update ${at} (${update.type})`)
      }
      const { elapsedMs } = await soon(newRun().ask(), 'the answer')
      assertDuration(elapsedMs, 'The answer of run')
    },
  },
  {
    title: 'tells the same in batches as update by update',
    needs: ['resume'],
    answer: (can) => longAnswer(can),
    async check({ newRun, world, soon }) {
      const { runId, session, start } = newRun()
      const [first] = (await start().rest()).places
      assert.ok(first, 'The stream has no token.')
      const options = { runId, session, continuationToken: first.token }
      const stream = (): AsyncIterable<AgentResponseUpdate> => world.agent.runStreaming([], options)
      const single = await soon(collect(stream()), 'the stream')
      const batched = await soon(collect(unbatched(batchesOf(stream()))), 'the stream in batches')
      assert.deepEqual(batched.map(comparable), single.map(comparable))
    },
  },
]

async function collect(stream: AsyncIterable<AgentResponseUpdate>): Promise<AgentResponseUpdate[]> {
  const updates: AgentResponseUpdate[] = []
  for await (const update of stream) updates.push(update)
  return updates
}

async function* unbatched(batches: AsyncIterable<UpdateBatch>): AsyncGenerator<AgentResponseUpdate> {
  for await (const { handle, updates } of batches) {
    for (const update of updates) {
      const over = handle === null || isClosing(update)
      yield { ...update, continuationToken: over ? null : joinToken(handle, update.cursor) }
    }
  }
}

/** Two streams of one run differ in when they were read, and what they seal may be sealed anew. */
function comparable({ continuationToken, ...update }: AgentResponseUpdate): object {
  return {
    ...update,
    ...('elapsedMs' in update && { elapsedMs: 0 }),
    ...('conversation' in update && { conversation: update.conversation?.length }),
    tokenLength: continuationToken?.length ?? null,
  }
}

function assertOpens(updates: readonly AgentResponseUpdate[]): void {
  const opens = updates.flatMap(({ type }, at) => (type === 'open' ? [at] : []))
  assert.deepEqual(opens, [0], `Of ${updates.length} updates these are opens.`)
}

function assertPlain(value: unknown, what: string): void {
  assert.deepEqual(structuredClone(value), value, `${what} does not survive structuredClone.`)
  assert.deepEqual(JSON.parse(JSON.stringify(value)), value, `${what} does not survive JSON.`)
}

function assertDuration(ms: number, what: string): void {
  assert.ok(Number.isFinite(ms) && ms >= 0, `${what} says that ${ms} ms have passed.`)
}
