import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cursorOf,
  decodeFrame,
  encodeError,
  encodeToken,
  encodeUpdate,
  isErrorCode,
  isPart,
  isRejoinError,
  lengthOf,
  newRun,
  problemContentType,
  problemOf,
  proxyAgent,
  reduce,
  retryAfterIn,
  shownParts,
  textOf,
} from '@rejoin/core'
import type { AgentResponse, Frame, RejoinErrorCode, Run, RunListing, Update } from '@rejoin/core'
import { anyJson, anyOutcome, anyPart, anyParts, anySteps, anyText, anyUpdate, anyUsage, placed } from './arbitraries.ts'
import { runStart } from './runStoreContract.ts'
import * as schema from './schema.ts'
import { patience, tries } from './tries.ts'

const codes: RejoinErrorCode[] = ['busy', 'expired', 'internal', 'invalid_request', 'not_found', 'rate_limited', 'too_large', 'too_many_runs', 'unauthorized', 'unavailable']
const anyCode = fc.constantFrom(...codes)
const anyCursor = fc.tuple(fc.nat(9_999), fc.nat(2 ** 31)).map(([epoch, n]) => cursorOf(epoch, n))
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value))

/** What an event of the wire says. */
function decoded(event: string): Frame | null {
  const [, id, data = ''] = /^(?:id:([^\n]*)\n)?data:([^\n]*)\n\n$/.exec(event) ?? []
  return decodeFrame(id, data)
}

/** A value that is almost right: one of its fields, however deep, is another value, or gone, or there is one more. */
function almost(sound: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.nat(), fc.constantFrom('other', 'gone', 'more'), fc.oneof(anyJson(1), sound, fc.constantFrom<unknown>('', -1, Infinity, null, [], {})))
  return fc.tuple(sound, fc.array(change, { minLength: 1, maxLength: 2 })).map(([value, changes]) => changes.reduce(changed, structuredClone(value)))
}

function changed(value: unknown, [at, how, shared]: readonly [number, string, unknown]): unknown {
  // A later change may be one of it.
  const other = structuredClone(shared)
  const places: [object, string][] = []
  const visit = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null) return
    for (const key of Object.keys(inner)) {
      places.push([inner, key])
      visit(Reflect.get(inner, key))
    }
  }
  visit(value)
  const [holder, key] = places[at % Math.max(1, places.length)] ?? []
  if (holder === undefined || key === undefined) return other
  if (how === 'gone') Reflect.deleteProperty(holder, key)
  else Reflect.set(holder, how === 'more' ? `${key}More` : key, other)
  return value
}

/** JSON that no decoder expects, and JSON that almost is what it expects. `1e999` is read as infinity. */
const anyContent = (sound: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: almost(sound).map((value) => JSON.stringify(value, (_key, inner: unknown) => (inner === Infinity ? 'INFINITE' : inner)).replaceAll('"INFINITE"', '1e999')) },
    { weight: 2, arbitrary: anyJson(3).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: anyText(20) },
  )

const anyContentOfUpdate: fc.Arbitrary<unknown> = anyUpdate.map(({ cursor: _cursor, ...content }) => content)
const anyEvent: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: anyContentOfUpdate },
  fc.record({ type: fc.constant('token'), sealed: anyText() }),
  fc.record({ type: fc.constant('error'), problem: anyCode.map(problemOf), retryAfterMs: fc.nat() }),
)

describe('a frame', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyUpdate, anyCursor, (update, cursor) => {
        expect(decoded(encodeUpdate(placed(update, cursor)))).toEqual({ kind: 'update', update: plain(placed(update, cursor)) })
      }),
      tries(500),
    )
  })

  it('of a token or an error is read as it was written', () => {
    fc.assert(
      fc.property(anyText(), anyCode, fc.option(fc.nat(), { nil: undefined }), (sealed, code, retryAfterMs) => {
        expect(decoded(encodeToken(sealed))).toEqual({ kind: 'token', sealed })
        expect(decoded(encodeError(code, retryAfterMs))).toEqual({ kind: 'error', code, ...(retryAfterMs !== undefined && { retryAfterMs }) })
      }),
      tries(100),
    )
  })

  it('is sound or none, whatever comes, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(anyCursor, anyText(), fc.constant(undefined)), anyContent(anyEvent), (id, data) => {
        schema.frame.parse(decodeFrame(id, data))
        expect(() => structuredClone(decodeFrame(id, data))).not.toThrow()
      }),
      tries(2_000),
    )
  })

  it('that has been let through does no harm: it is reduced, shown and stored like any other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyCursor, anyContent(anyContentOfUpdate)), { maxLength: 6 }), (events) => {
        const updates = events.flatMap(([cursor, data]): Update[] => {
          const frame = decodeFrame(cursor, data)
          return frame?.kind === 'update' ? [frame.update] : []
        })
        const run: Run = updates.reduce(reduce, newRun(runStart('a')))
        expect(structuredClone(run)).toEqual(run)
        expect(Number.isFinite(lengthOf(shownParts(run)))).toBe(true)
        expect(typeof textOf({ parts: shownParts(run) })).toBe('string')
      }),
      tries(500),
    )
  })

  it('says once more what it has said: what is read and written again is read the same', () => {
    fc.assert(
      fc.property(anyCursor, anyContent(anyContentOfUpdate), (cursor, data) => {
        const frame = decodeFrame(cursor, data)
        const again = frame?.kind === 'update' ? decoded(encodeUpdate(frame.update)) : frame
        expect(plain(again)).toEqual(plain(frame))
      }),
      tries(1_000),
    )
  })
})

describe('a part', () => {
  it('that an agent may write is one', () => {
    fc.assert(
      fc.property(anyPart, (part) => {
        expect(isPart(plain(part))).toBe(true)
      }),
      tries(300),
    )
  })

  it('is one exactly where its type says so, whatever comes', () => {
    fc.assert(
      fc.property(anyContent(anyPart), (data) => {
        const value: unknown = parsed(data)
        expect(isPart(value)).toBe(schema.part.safeParse(value).success)
      }),
      tries(1_500),
    )
  })
})

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

const anyState: fc.Arbitrary<AgentResponse['state']> = fc.oneof(
  anyOutcome,
  fc.constantFrom<AgentResponse['state']>({ type: 'queued' }, { type: 'working' }, { type: 'paused', reason: 'input' }, { type: 'paused', reason: 'auth' }),
)
const anyResponse: fc.Arbitrary<AgentResponse> = fc.record(
  {
    runId: fc.constant('run-1'),
    state: anyState,
    message: anyParts.map((parts): AgentResponse['message'] => ({ id: 'run-1', role: 'assistant', parts })),
    steps: anySteps,
    continuationToken: fc.option(anyText()),
    elapsedMs: fc.nat(),
    pollAfterMs: fc.nat(),
    conversation: anyText(),
    usage: anyUsage,
  },
  { requiredKeys: ['runId', 'state', 'message', 'continuationToken', 'elapsedMs'] },
)

/** What an agent makes of an answer: what it gives, or the code that it throws. */
async function asked<T>(body: string, status: number, headers: Record<string, string>, ask: (agent: ReturnType<typeof proxyAgent>) => Promise<T>): Promise<T | RejoinErrorCode> {
  try {
    return await ask(proxyAgent({ url: '/api/agent', fetch: async () => new Response(body, { status, headers }) }))
  } catch (error) {
    if (isRejoinError(error)) return error.code
    throw error
  }
}

const poll = (body: string, status = 200, type = 'application/json'): Promise<AgentResponse | RejoinErrorCode> =>
  asked(body, status, { 'content-type': type }, (agent) => agent.run([], { session: 'main', runId: 'run-1' }))

describe('a response', () => {
  it('is read as it was written', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyResponse, async (response) => {
        expect(await poll(JSON.stringify(response))).toEqual(plain(response))
      }),
      tries(200),
    )
  })

  it('is sound or `bad_response`, whatever comes', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyContent(anyResponse), async (body) => {
        const said = await poll(body)
        expect(said === 'bad_response' || schema.response.safeParse(said).success).toBe(true)
      }),
      tries(1_000),
    )
  })
})

describe('a problem', () => {
  it('gives its code, and of what is none of ours a code that its status means', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyCode, async (code) => {
        expect(await poll(JSON.stringify(problemOf(code)), problemOf(code).status, problemContentType)).toBe(code)
      }),
      tries(50),
    )
    await fc.assert(
      fc.asyncProperty(anyContent(anyCode.map(problemOf)), fc.integer({ min: 400, max: 599 }), async (body, status) => {
        expect(isErrorCode(await poll(body, status, problemContentType))).toBe(true)
      }),
      tries(500),
    )
  })

  it('of a status alone never says that a run is gone: nobody but the proxy knows (row 28)', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(anyText(), fc.integer({ min: 400, max: 599 }), async (body, status) => {
        expect(['not_found', 'expired']).not.toContain(await poll(body, status, 'text/html'))
      }),
      tries(200),
    )
  })

  it('asks to wait for a time that is none or not negative, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.nat().map(String), fc.bigInt({ min: 0n, max: 10n ** 400n }).map(String), fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()), fc.constant(null)), (value) => {
        const ms = retryAfterIn(value)
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true)
      }),
      tries(500),
    )
  })
})

describe('a list of runs', () => {
  const anyListing: fc.Arbitrary<RunListing> = fc.record({
    id: anyText(),
    session: anyText(),
    state: fc.constantFrom('running' as const, 'paused' as const),
    startedAt: fc.nat(),
  })

  const list = (body: string): Promise<readonly RunListing[] | RejoinErrorCode> =>
    asked(body, 200, { 'content-type': 'application/json' }, async (agent) => (await agent.list?.({})) ?? [])

  it('is read as it was written, and leaves out what is none', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyListing), anyJson(), async (runs, other) => {
        expect(await list(JSON.stringify({ runs }))).toEqual(runs)
        expect(await list(JSON.stringify({ runs: [...runs, [other]] }))).toEqual(runs)
      }),
      tries(100),
    )
  })
})
