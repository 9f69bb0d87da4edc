import assert from 'node:assert/strict'
import {
  isOutcome,
  newRun,
  reduce,
  shownParts,
  textOf,
  userMessage,
  type AgentResponseUpdate,
  type MessagePart,
  type ProgressStep,
  type Run,
  type RunOutcome,
} from '@rejoin/core'
import { type Patience } from './patience.ts'

/** What is left of a run when its times and cursors are forgotten. */
export interface Told {
  readonly parts: readonly MessagePart[]
  readonly steps: readonly ProgressStep[]
  readonly outcome: RunOutcome | null
}

/** Where to go on: right after the update that had the token, with what was known then. */
export interface Place {
  readonly token: string
  readonly run: Run
  /** Which update it was, from 0. */
  readonly at: number
}

/** One stream, read as far as a case wants it, on top of what was known before. */
export interface Leg {
  readonly updates: readonly AgentResponseUpdate[]
  /** What is known by now. */
  readonly run: Run
  /** One for each update that had a token. */
  readonly places: readonly Place[]
  /** The last of them. */
  readonly place: Place
  next(): Promise<AgentResponseUpdate | null>
  /** Reads until there are so many updates. */
  take(count: number): Promise<Leg>
  /** Reads until the text is this. */
  reach(text: string): Promise<Leg>
  /** Reads until the stream is over. */
  rest(): Promise<Leg>
  /** Ends the iteration. */
  leave(): Promise<void>
}

export interface LegOptions {
  stream: AsyncIterable<AgentResponseUpdate>
  /** What was known before. */
  base: Run
  name: string
  patience: Patience
}

export function createLeg({ stream, base, name, patience }: LegOptions): Leg {
  const source = stream[Symbol.asyncIterator]()
  const updates: AgentResponseUpdate[] = []
  const places: Place[] = []
  let run = base

  async function next(): Promise<AgentResponseUpdate | null> {
    const { done, value } = await patience.soon(source.next(), `${name}, update ${updates.length}`)
    if (done) return null
    run = reduce(run, value)
    const { continuationToken: token } = value
    if (token !== null) places.push({ token, run, at: updates.length })
    updates.push(value)
    return value
  }

  const leg: Leg = {
    updates,
    get run() {
      return run
    },
    places,
    get place() {
      const place = places.at(-1)
      assert.ok(place, `${name}: none of ${updates.length} updates has a token.`)
      return place
    },
    next,
    async take(count) {
      while (updates.length < count) {
        assert.ok(await next(), `${name} is over after ${updates.length} updates, and ${count} are expected.`)
      }
      return leg
    },
    async reach(text) {
      if (updates.length === 0) await leg.take(1)
      while (textIn(run) !== text) {
        assert.ok(text.startsWith(textIn(run)), `${name}, update ${updates.length - 1}: the text is no longer the answer's: ${textIn(run)}`)
        assert.ok(await next(), `${name} is over before its text is ${JSON.stringify(text)}. It is: ${textIn(run)}`)
      }
      return leg
    },
    async rest() {
      while (await next());
      return leg
    },
    async leave() {
      await patience.soon(Promise.resolve(source.return?.()), `${name}: leaving it`)
    },
  }
  return leg
}

export function emptyRun(runId: string): Run {
  return newRun({ id: runId, session: '', message: userMessage('', runId), createdAt: 0 })
}

export function told(run: Run): Told {
  return { parts: shownParts(run), steps: run.steps, outcome: isOutcome(run.state) ? run.state : null }
}

export function textIn(run: Run): string {
  return textOf({ parts: shownParts(run) })
}
