import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cursorOf,
  encodeToken,
  encodeUpdate,
  hasEnded,
  header,
  heartbeat,
  isClosing,
  isCursor,
  isRejoinError,
  joinToken,
  newRun,
  proxyAgent,
  reduce,
  shownParts,
  startCursor,
  textOf,
  userMessage,
} from '@rejoin/core'
import type { Agent, AgentResponseUpdate, Run, Update } from '@rejoin/core'
import { anyLog, anyText } from './arbitraries.ts'
import { runStart } from './runStoreContract.ts'
import { patience, tries } from './tries.ts'

const run = { session: 'main', runId: 'run-1' }
const question = [userMessage('A question')]
const handle = 'sealed'
const utf8 = new TextEncoder()

/** What becomes of a body once its pieces have been read. */
type Finish = 'closes' | 'breaks' | { readonly asksForMore: () => void }

function response(pieces: Iterable<Uint8Array>, finish: Finish = 'closes'): Response {
  const left = pieces[Symbol.iterator]()
  const body = new ReadableStream<Uint8Array>(
    {
      // An error discards what is queued, so each piece waits until it is asked for.
      pull(controller) {
        const { done, value } = left.next()
        if (!done) controller.enqueue(value)
        else if (finish === 'closes') controller.close()
        else if (finish === 'breaks') controller.error(new TypeError('cut'))
        else finish.asksForMore()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
}

function agentOn(fetch: (init: RequestInit) => Response): Agent {
  return proxyAgent({ url: '/api/agent', fetch: async (_url, init) => fetch(init) })
}

/** All that a leg brings, read through the agent, whichever way it ends. */
async function read(agent: Agent, token: string | null = null): Promise<AgentResponseUpdate[]> {
  const updates: AgentResponseUpdate[] = []
  try {
    const stream = agent.runStreaming(token === null ? question : [], { ...run, continuationToken: token })
    for await (const update of stream) updates.push(update)
  } catch (error) {
    if (!isRejoinError(error) || error.code !== 'unreachable') throw error
  }
  return updates
}

const readPieces = (pieces: Iterable<Uint8Array>, finish?: Finish): Promise<AgentResponseUpdate[]> => read(agentOn(() => response(pieces, finish)))

function* pieces(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  let from = 0
  for (const to of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.slice(from, to)
    from = to
  }
}

/** How an event is written: all that SSE allows. */
interface Dress {
  readonly ending: '\n' | '\r\n' | '\r'
  readonly space: boolean
  readonly before: readonly string[]
  readonly between: readonly string[]
  readonly idLast: boolean
  readonly linesOfData: boolean
}

const strayLine = fc.oneof(
  anyText(4).map((text) => `:${text.replace(/[\r\n]/g, '')}`),
  fc.constantFrom('retry:10', 'retry:soon', 'event:', 'unknown:x', 'unknown', ':'),
)
const anyDress: fc.Arbitrary<Dress> = fc.record({
  ending: fc.constantFrom('\n' as const, '\r\n' as const, '\r' as const),
  space: fc.boolean(),
  before: fc.array(strayLine, { maxLength: 2 }),
  between: fc.array(strayLine, { maxLength: 2 }),
  idLast: fc.boolean(),
  linesOfData: fc.boolean(),
})

/** The same event in other words: `event` is as the proxy writes it. */
function dressed(event: string, { ending, space, before, between, idLast, linesOfData }: Dress): string {
  const lines = event.trimEnd().split('\n')
  const id = lines.filter((line) => line.startsWith('id:'))
  const data = lines.filter((line) => line.startsWith('data:'))
  const parted = linesOfData ? data.flatMap((line) => ['data:{', `data:${line.slice('data:{'.length, -1)}`, 'data:}']) : data
  const fields = idLast ? [...parted, ...id] : [...id, ...parted]
  const [first = '', ...rest] = space ? fields.map((line) => line.replace(':', ': ')) : fields
  return [...before, first, ...between, ...rest, '', ''].join(ending)
}

/** A stream as some proxy may write it, and what it says. */
const anyStream = fc
  .tuple(anyLog(6), fc.infiniteStream(anyDress), fc.boolean(), fc.nat(7))
  .map(([log, dresses, bom, tokenAt]) => {
    const dress = dresses[Symbol.iterator]()
    const write = (event: string): string => {
      const { value } = dress.next()
      return value === undefined ? event : dressed(event, value)
    }
    const token = write(encodeToken(handle))
    const events = log.map((update) => write(encodeUpdate(update)))
    const bytes = utf8.encode((bom ? '\uFEFF' : '') + events.toSpliced(tokenAt, 0, token).join(heartbeat))
    const plain: Update[] = JSON.parse(JSON.stringify(log))
    // A token counts for what comes behind it.
    const said = plain.map((update, at) => ({ ...update, continuationToken: at >= tokenAt && !isClosing(update) ? joinToken(handle, update.cursor) : null }))
    return { bytes, said }
  })

describe('a stream of events, whatever its texts and however it is written', () => {
  it('says what was written, in one piece (row 74)', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, async ({ bytes, said }) => {
        expect(await readPieces([bytes])).toEqual(said)
      }),
      tries(300),
    )
  })

  it('says the same in every two pieces (row 74)', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, async ({ bytes, said }) => {
        for (let cut = 0; cut <= bytes.length; cut += 1) expect(await readPieces(pieces(bytes, [cut]))).toEqual(said)
      }),
      tries(2),
    )
  })

  it('says the same byte by byte (row 74)', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, async ({ bytes, said }) => {
        expect(await readPieces(pieces(bytes, [...bytes.keys()]))).toEqual(said)
      }),
      tries(40),
    )
  })

  it('says the same in any pieces, empty ones among them (row 74)', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, fc.array(fc.nat(), { maxLength: 12 }), async ({ bytes, said }, cuts) => {
        expect(await readPieces(pieces(bytes, cuts.map((cut) => cut % (bytes.length + 1))))).toEqual(said)
      }),
      tries(300),
    )
  })

  it('tells at once what has come whole, however its lines end: it waits for no byte of the next (row 74)', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, fc.array(fc.nat(), { maxLength: 4 }), async ({ bytes, said }, cuts) => {
        const told: AgentResponseUpdate[] = []
        const leaving = new AbortController()
        const waits = new Promise<void>((asksForMore) => {
          const agent = agentOn(() => response(pieces(bytes, cuts.map((cut) => cut % (bytes.length + 1))), { asksForMore }))
          const stream = agent.runStreaming(question, { ...run, signal: leaving.signal })
          void (async () => {
            for await (const update of stream) told.push(update)
          })().catch(() => {})
        })
        await waits
        expect(told).toEqual(said)
        leaving.abort()
      }),
      tries(200),
    )
  })
})

/** What the protocol's server sends of a log behind the cursor that it is asked with. */
function leg(log: readonly Update[], { headers }: RequestInit): Uint8Array {
  const given = new Headers(headers).get(header.lastEventId)
  const from = isCursor(given) ? given : startCursor
  const opening: Update = { type: 'open', cursor: from, mode: 'tail', elapsedMs: 1 }
  const rest = log.filter((update) => update.cursor > from)
  return utf8.encode(encodeToken(handle) + [opening, ...rest].map(encodeUpdate).join(heartbeat))
}

/** Reads a run in legs: one for each of `cuts`, which ends after so many bytes, and a whole one. */
async function resumed(log: readonly Update[], cuts: readonly number[], finish: Finish): Promise<{ run: Run; shown: string[] }> {
  let state = newRun(runStart('a'))
  let token: string | null = null
  const shown: string[] = []
  for (const cut of [...cuts, null]) {
    if (hasEnded(state)) break
    const agent = agentOn((init) => {
      const bytes = leg(log, init)
      return cut === null ? response([bytes]) : response([bytes.slice(0, cut % (bytes.length + 1))], finish)
    })
    for (const { continuationToken, ...update } of await read(agent, token)) {
      token = continuationToken ?? token
      state = reduce(state, update)
      shown.push(textOf({ parts: shownParts(state) }))
    }
  }
  return { run: state, shown }
}

describe('a run whose stream is cut', () => {
  const anyAnswer = fc.array(anyText(), { minLength: 1, maxLength: 5 }).map((texts): Update[] => [
    ...texts.map((delta, at): Update => ({ type: 'text', cursor: cursorOf(0, at + 1), delta })),
    { type: 'end', cursor: cursorOf(0, texts.length + 1), outcome: { type: 'completed' }, elapsedMs: 1 },
  ])

  it.each(['closes', 'breaks'] as const)('after any byte, so that it %s, says the same as one that is whole, and never shows anything else (rows 10, 61)', { timeout: patience }, async (finish) => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (log) => {
        const { run: whole } = await resumed(log, [], finish)
        const text = textOf(whole)
        for (let cut = 0; cut <= leg(log, {}).length; cut += 1) {
          const { run: after, shown } = await resumed(log, [cut], finish)
          expect(after).toEqual(whole)
          expect(shown.filter((words) => !text.startsWith(words))).toEqual([])
        }
      }),
      tries(3),
    )
  })

  it('any number of times, whatever its answer is made of, says the same as one that is whole (rows 10, 61)', { timeout: patience }, async () => {
    // A pause closes the leg: who has it asks no more.
    const anyOpenLog = anyLog(12).map((log) => log.filter(({ type }) => type !== 'pause'))
    await fc.assert(
      fc.asyncProperty(anyOpenLog, fc.array(fc.nat(3_000), { maxLength: 5 }), fc.constantFrom('closes' as const, 'breaks' as const), async (log, cuts, finish) => {
        expect((await resumed(log, cuts, finish)).run).toEqual((await resumed(log, [], finish)).run)
      }),
      tries(200),
    )
  })
})
