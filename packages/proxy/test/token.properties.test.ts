import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorLength, cursorOf, joinToken, splitToken, userMessage, type Agent } from '@rejoin/core'
import { backgroundAgent } from '@rejoin/proxy'
import { collect, post, refusal, serve, startBody, withToken, type Served } from './serve.ts'

/** `REJOIN_EFFORT` tries that many times as much, `REJOIN_SEED` repeats what a failure has named. */
const effort = Number(process.env.REJOIN_EFFORT ?? 1)
const { REJOIN_SEED: seed } = process.env
const tries = (numRuns: number): fc.Parameters<unknown> => ({ numRuns: Math.ceil(numRuns * effort), ...(seed !== undefined && { seed: Number(seed) }) })
const options = { timeout: 30_000 * Math.max(1, effort) }

/** Begins to write and then waits for ever, so that its runs can be asked for. */
function silent(): Agent {
  return backgroundAgent(async function* ({ signal }) {
    yield 'A word'
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
}

const anyRunId = fc.stringMatching(/^[A-Za-z0-9_-]{8,64}$/)
const anyUser = fc.stringMatching(/^[a-z0-9@.:-]{1,40}$/)
const anySession = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const anySecret = fc.string({ minLength: 32, maxLength: 60 })

interface Start {
  readonly user: string
  readonly id: string
  readonly session: string
}
const anyStart: fc.Arbitrary<Start> = fc.record({ user: anyUser, id: anyRunId, session: anySession })

async function tokenOf(served: Served, { user, id, session }: Start): Promise<string> {
  const answer = await served.fetch('/runs', { ...post(startBody({ id, session })), user })
  const { continuationToken }: { continuationToken: string } = await answer.json()
  return continuationToken
}

const get = (served: Served, { user, id }: Pick<Start, 'user' | 'id'>, token: string): Promise<Response> => served.fetch(`/runs/${id}`, { user, headers: withToken(token) })
const own = { background: true }

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A sealed part with something about it that is not as it was: any character, anywhere. */
const sendable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
const anyChange = fc.tuple(fc.constantFrom('other', 'more', 'less', 'cut', 'twice'), fc.nat(), sendable)

function changed(sealed: string, [how, place, other]: readonly [string, number, string]): string {
  const at = place % sealed.length
  const [before, after] = [sealed.slice(0, at), sealed.slice(at + 1)]
  if (how === 'other') return before + other + after
  if (how === 'more') return before + other + sealed.slice(at)
  if (how === 'less') return before + after
  return how === 'cut' ? before : sealed + sealed.slice(at)
}

describe('a sealed token', () => {
  test('opens for its caller and its run, whatever these are called (row 12)', options, async () => {
    const served = serve(silent())
    await fc.assert(
      fc.asyncProperty(anyStart, fc.nat(9_999), fc.nat(), async (start, epoch, n) => {
        const { handle } = splitToken(await tokenOf(served, start))
        const answer = await get(served, start, joinToken(handle, cursorOf(epoch, n)))
        expect(answer.status).toBe(200)
        expect(await answer.json()).toMatchObject({ runId: start.id, state: { type: 'working' } })
        // Cleared away, since a caller may not have too many.
        await served.as(start.user).cancel({ session: start.session, runId: start.id, continuationToken: null })
      }),
      tries(50),
    )
  })

  test('opens no more once any character of it is another, gone or added: one and the same 404 (rows 12, 80)', options, async () => {
    const served = serve(silent())
    const start = { user: 'ada', id: 'run-of-ada', session: 'support' }
    const token = await tokenOf(served, start)
    const { handle, cursor } = splitToken(token)
    const { status, body } = await refusal(served.fetch('/runs/a-guessed-run', { user: 'ada' }))
    expect(status).toBe(404)
    await fc.assert(
      fc.asyncProperty(anyChange, async (change) => {
        const other = changed(handle, change)
        fc.pre(other !== handle && other !== '')
        expect(await refusal(get(served, start, joinToken(other, cursor)))).toMatchObject({ status: 404, body })
      }),
      tries(800),
    )
    // Of the last character of each section some bits may say nothing: another one with the same others must not do either.
    const opened: string[] = []
    for (const [at, next] of [...handle.slice(1), '.'].entries()) {
      if (next !== '.') continue
      for (const other of alphabet) {
        const forged = handle.slice(0, at) + other + handle.slice(at + 1)
        if ((await get(served, start, joinToken(forged, cursor))).status === 200) opened.push(forged)
      }
    }
    expect(new Set(opened)).toEqual(new Set([handle]))
  })

  test('opens for no other caller and no other run: one and the same 404 (rows 12, 80)', options, async () => {
    const served = serve(silent())
    const unknown = await refusal(served.fetch('/runs/a-guessed-run', { user: 'ada' }))
    await fc.assert(
      fc.asyncProperty(anyStart, anyStart, fc.constantFrom('user', 'id', 'both'), async (start, other, what) => {
        const asked = { user: what === 'id' ? start.user : other.user, id: what === 'user' ? start.id : other.id }
        fc.pre(asked.user !== start.user || asked.id !== start.id)
        const token = await tokenOf(served, start)
        expect(await refusal(get(served, asked, token))).toEqual(unknown)
        await served.as(start.user).cancel({ session: start.session, runId: start.id, continuationToken: null })
      }),
      tries(50),
    )
  })

  test('opens under every ring that has its key, wherever that stands, and under no other (row 81)', options, async () => {
    const agent = silent()
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anySecret, { minLength: 2, maxLength: 5 }), fc.nat(), anyStart, async (secrets, place, start) => {
        const key = secrets[place % secrets.length] ?? ''
        const others = secrets.filter((secret) => secret !== key)
        const token = await tokenOf(serve(agent, { secret: [key, ...others] }), start)
        expect((await get(serve(agent, { secret: secrets }), start, token)).status).toBe(200)
        expect(await refusal(get(serve(agent, { secret: others }), start, token))).toMatchObject({ status: 404, code: 'not_found' })
        await serve(agent, { secret: key }).as(start.user).cancel({ session: start.session, runId: start.id, continuationToken: token })
      }),
      tries(30),
    )
  })

  test('has one length for a run, whatever is said in it and wherever it stands (row 12)', options, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 20 }), anyStart, async (words, { user, id, session }) => {
        const agent = backgroundAgent(async function* () {
          yield* words
        })
        const served = serve(agent)
        const run = { runId: id, session, ...own }
        const first = await collect(served.as(user).runStreaming([userMessage('A question?')], run))
        const tokens = first.flatMap(({ continuationToken }) => continuationToken ?? [])
        const again = await collect(served.as(user).runStreaming([], { ...run, continuationToken: tokens[0] ?? null }))
        const all = [...tokens, ...again.flatMap(({ continuationToken }) => continuationToken ?? [])]
        expect(new Set(all.map((token) => token.length)).size).toBe(1)
        expect(all.filter((token) => token.length <= cursorLength + 1)).toEqual([])
      }),
      tries(60),
    )
  })
})
