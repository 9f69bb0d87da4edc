import {
  cursorOf,
  delay,
  parseCursor,
  RejoinError,
  splitToken,
  startCursor,
  streamOf,
  type Agent,
  type AgentResponse,
  type AgentRunOptions,
  type Cursor,
  type RequestPart,
  type RunOutcome,
  type RunPause,
  type Update,
  type UpdateBatch,
} from '@rejoin/core'
import { type SeededRandom } from '@rejoin/testkit'

/** One answer, told at its own pace to whoever asks for it, over connections that break. */
export interface Answer {
  /** All of it, with what it asks. */
  readonly text: string
  /** The agent as one tab sees it until `life` ends; its connections then close. */
  agent(life: AbortSignal): Agent
  /** What nobody may ever ask, the first of all. */
  fault(): string | null
}

export interface AnswerOptions {
  /** Whether now and then a snapshot comes that knows less than what was said before, and the rest of it after that. */
  snapshots: boolean
  /** What is asked at its end, in place of an end. */
  asks?: RequestPart
}

export function createAnswer(random: SeededRandom, { snapshots, asks }: AnswerOptions): Answer {
  const { updates, text } = updatesOf(random, snapshots, asks)
  const gapMs = random.int(10, 70)
  const runs = new Set<string>()
  let startedAt: number | null = null
  /** How much had been said when it was stopped. */
  let stoppedAt: number | null = null
  let connections = 0
  let fault: string | null = null

  function note(what: string): void {
    fault ??= what
  }

  function said(): number {
    if (startedAt === null) return 0
    return Math.min(Math.floor((Date.now() - startedAt) / gapMs), stoppedAt ?? updates.length, updates.length)
  }

  function outcome(): RunOutcome | null {
    if (stoppedAt !== null) return { type: 'cancelled' }
    return said() === updates.length && !asks ? { type: 'completed' } : null
  }

  function paused(): RunPause | null {
    return asks && stoppedAt === null && said() === updates.length ? { type: 'paused', reason: asks.kind } : null
  }

  function response({ runId, continuationToken = null }: Pick<AgentRunOptions, 'runId' | 'continuationToken'>): AgentResponse {
    const ended = outcome() ?? paused()
    const whole = ended?.type === 'completed' || ended?.type === 'paused'
    const parts = whole ? [{ type: 'text' as const, text: asks ? text.slice(0, -asks.prompt.length) : text }, ...(asks ? [asks] : [])] : []
    const message = { id: runId, role: 'assistant' as const, parts }
    return { runId, state: ended ?? { type: 'working' }, message, continuationToken: ended ? null : continuationToken, elapsedMs: 1 }
  }

  /** Where a leg begins. A later start under the same id joins the run that is there. */
  function place({ runId, continuationToken }: AgentRunOptions): Cursor {
    if (continuationToken == null) {
      runs.add(runId)
      if (runs.size > 1) note(`${runs.size} runs were started`)
      startedAt ??= Date.now()
      return startCursor
    }
    const { handle, cursor } = splitToken(continuationToken)
    if (handle !== handleAt(cursor)) note(`the token of another epoch was used: ${continuationToken}`)
    return cursor
  }

  async function* leg(options: AgentRunOptions, signal: AbortSignal): AsyncGenerator<UpdateBatch> {
    await delay(random.int(0, 40), signal)
    const from = place(options)
    yield { handle: handleAt(from), updates: [{ type: 'open', cursor: from, mode: 'tail', elapsedMs: 1 }] }
    let next = updates.findIndex(({ cursor }) => cursor > from)
    if (next === -1) next = updates.length - 1
    const breaksAt = random.chance(0.5) ? next + random.int(0, 9) : Infinity
    while (next < updates.length) {
      const batch = nextBatch(next)
      next += batch.length
      const [first] = batch
      if (first) yield { handle: handleAt(first.cursor), updates: batch }
      if (stoppedAt !== null && next >= stoppedAt) {
        const cursor = updates[next - 1]?.cursor ?? startCursor
        yield { handle: null, updates: [{ type: 'end', cursor, outcome: { type: 'cancelled' }, elapsedMs: 1 }] }
        return
      }
      if (next >= breaksAt) {
        if (random.chance(0.5)) return
        throw new RejoinError('unreachable')
      }
      await delay(random.int(5, 25), signal)
    }
  }

  /** What has been said since, as far as it is of one epoch: the next has another handle. */
  function nextBatch(from: number): readonly Update[] {
    const fresh = updates.slice(from, said())
    const other = fresh.findIndex(({ cursor }) => handleAt(cursor) !== handleAt(fresh[0]?.cursor ?? cursor))
    return other === -1 ? fresh : fresh.slice(0, other)
  }

  return {
    text,
    fault: () => fault,
    agent: (life) => ({
      async run(_messages, options) {
        await delay(20)
        return await alive(life, response(options))
      },
      runStreaming: (_messages, options) =>
        streamOf(async function* () {
          if (life.aborted) return await alive(life, undefined)
          connections += 1
          if (connections > 1) note(`${connections} connections were open at once`)
          const signal = options.signal ? AbortSignal.any([life, options.signal]) : life
          const close = (): void => void (connections -= 1)
          signal.addEventListener('abort', close, { once: true })
          try {
            yield* leg(options, signal)
          } catch (error) {
            // A tab that is gone hears of no error either.
            await alive(life, undefined)
            throw error
          } finally {
            signal.removeEventListener('abort', close)
            if (!signal.aborted) close()
          }
        }),
      async cancel(options) {
        await delay(random.int(5, 65))
        if (random.chance(0.3)) throw new RejoinError('unreachable')
        if (life.aborted) return await alive(life, response(options))
        if (outcome() === null) stoppedAt = said()
        // A stop for a run not seen yet: whoever starts it later finds it stopped.
        startedAt ??= Date.now()
        return response(options)
      },
    }),
  }
}

/** What a tab that is gone waits for never comes. */
async function alive<T>(life: AbortSignal, value: T): Promise<T> {
  return life.aborted ? await new Promise(() => {}) : value
}

function handleAt(cursor: Cursor): string {
  return `epoch-${parseCursor(cursor).epoch}`
}

function updatesOf(random: SeededRandom, snapshots: boolean, asks: RequestPart | undefined): { updates: Update[]; text: string } {
  const updates: Update[] = []
  let text = ''
  let epoch = 0
  let n = 0

  function say(delta: string): void {
    n += 1
    updates.push({ type: 'text', cursor: cursorOf(epoch, n), delta })
  }

  const words = random.int(20, 60)
  for (let word = 0; word < words; word += 1) {
    if (snapshots && random.chance(0.08)) {
      epoch += 1
      n = 0
      const kept = random.int(0, text.length)
      const parts = [{ type: 'text' as const, text: text.slice(0, kept) }]
      updates.push({ type: 'snapshot', cursor: cursorOf(epoch, 0), parts, steps: [] })
      say(text.slice(kept))
    }
    say(`${word},`)
    text += `${word},`
  }
  if (asks) {
    updates.push({ type: 'part', cursor: cursorOf(epoch, n + 1), part: asks })
    updates.push({ type: 'pause', cursor: cursorOf(epoch, n + 2), reason: asks.kind, elapsedMs: 5 })
    return { updates, text: text + asks.prompt }
  }
  updates.push({ type: 'end', cursor: cursorOf(epoch, n + 1), outcome: { type: 'completed' }, elapsedMs: 5 })
  return { updates, text }
}
