import { cursorOf, isRejoinError, joinToken, splitToken, startCursor, textOf, userMessage, type Agent } from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { collect, post, refusal, runId, secret, serve, withToken } from './serve.ts'

afterEach(() => void vi.useRealTimers())

const question = 'a question nobody else should read'
const answer = 'an answer nobody else should read'

/** Writes its answer and then goes on for ever. */
function endless(): Agent {
  return backgroundAgent(async function* ({ signal }) {
    yield answer
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
}

async function tokenFrom(agent: Agent, id = runId, session = 'support'): Promise<string> {
  const stream = agent.runStreaming([userMessage(question)], { runId: id, session, background: true })
  for await (const { type, continuationToken } of stream) {
    if (type === 'text' && continuationToken !== null) return continuationToken
  }
  throw new Error('No token came.')
}

describe('a token', () => {
  test('works for the caller and the run it was sealed for; everything else is one and the same 404 (rows 12, 80)', async () => {
    const served = serve(endless())
    const token = await tokenFrom(served.as('ada'))
    const other = await tokenFrom(served.as('ada'), `${runId}-2`, 'another')
    const get = (id: string, user: string, sealed: string): Promise<Response> =>
      served.fetch(`/runs/${id}`, { user, headers: withToken(sealed) })

    expect((await get(runId, 'ada', token)).status).toBe(200)
    const [header = '', ...rest] = token.split('.')
    const refusals = await Promise.all([
      refusal(get(runId, 'bob', token)),
      refusal(get(`${runId}-2`, 'ada', token)),
      refusal(get(runId, 'ada', other)),
      refusal(get(runId, 'ada', [`${header}A`, ...rest].join('.'))),
      refusal(get(runId, 'ada', flipped(token))),
      refusal(get(runId, 'ada', joinToken('', startCursor))),
      refusal(get(runId, 'ada', joinToken('nonsense', startCursor))),
      refusal(served.fetch(`/runs/${runId}`, { user: 'bob' })),
      refusal(served.fetch('/runs/018f2c4e-guessed')),
    ])
    for (const { status, code } of refusals) expect({ status, code }).toEqual({ status: 404, code: 'not_found' })
    expect(new Set(refusals.map(({ body }) => body)).size).toBe(1)
  })

  test('of another caller cancels nothing (row 80)', async () => {
    const served = serve(endless())
    const token = await tokenFrom(served.as('ada'))
    const cancel = post(JSON.stringify({ session: 'support' }), withToken(token))
    expect(await refusal(served.fetch(`/runs/${runId}/cancel`, { ...cancel, user: 'bob' }))).toMatchObject({ status: 404 })
    const state = await served.as('ada').run([], { runId, session: 'support', continuationToken: token })
    expect(state.state).toEqual({ type: 'working' })
  })

  test('lives for the retention from its last seal; after that its own caller hears 410, others 404 (rows 12, 80)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const served = serve(endless(), { retentionMs: 60_000 })
    const token = await tokenFrom(served.as('ada'))
    const get = (user: string): Promise<Response> => served.fetch(`/runs/${runId}`, { user, headers: withToken(token) })

    vi.setSystemTime(Date.now() + 50_000)
    const resealed = (await (await get('ada')).json()).continuationToken
    vi.setSystemTime(Date.now() + 20_000)
    expect(await refusal(get('ada'))).toMatchObject({ status: 410, code: 'expired' })
    expect(await refusal(get('bob'))).toMatchObject({ status: 404, code: 'not_found' })
    expect((await served.fetch(`/runs/${runId}`, { headers: withToken(resealed) })).status).toBe(200)
  })

  test('has one length through 12,000 updates, is JSON-safe, and holds neither question nor answer (row 12)', async () => {
    const agent = backgroundAgent(async function* () {
      for (let n = 0; n < 12_000; n += 1) yield answer
    })
    const updates = await collect(serve(agent).as('ada').runStreaming([userMessage(question)], { runId, session: 'support' }))
    const tokens = updates.slice(0, -1).map(({ continuationToken }) => continuationToken)
    expect(tokens).toHaveLength(12_001)
    expect(new Set(tokens.map((token) => token?.length)).size).toBe(1)
    expect(updates.at(-1)?.continuationToken).toBeNull()
    const token = tokens.at(-1) ?? ''
    expect(JSON.parse(JSON.stringify(token))).toBe(token)
    for (const part of token.split('.')) expect(atob(part.replaceAll('-', '+').replaceAll('_', '/'))).not.toMatch(/read|ada|support/)
  })

  test('damaged, empty or of an agent that lost the run gives a typed error (row 12)', async () => {
    const served = serve(endless())
    const token = await tokenFrom(served.as('ada'))
    const run = { runId, session: 'support' }
    const codeOf = async (continuationToken: string, agent = served.as('ada')): Promise<string> => {
      const error = await agent.run([], { ...run, continuationToken }).catch((error: unknown) => error)
      return isRejoinError(error) ? error.code : 'none'
    }
    expect(await codeOf('')).toBe('token_invalid')
    expect(await codeOf('damaged')).toBe('token_invalid')
    expect(await codeOf(flipped(token))).toBe('not_found')
    expect(await codeOf(token, serve(endless()).as('ada'))).toBe('expired')
  })
})

describe('secrets', () => {
  const older = 'the secret that is on its way out here'

  test('rotate: tokens of the old one open, new ones are sealed with the new (row 81)', async () => {
    const agent = endless()
    const before = serve(agent, { secret: older })
    const during = serve(agent, { secret: [secret, older] })
    const after = serve(agent, { secret })
    const get = (served: typeof before, token: string): Promise<Response> => served.fetch(`/runs/${runId}`, { headers: withToken(token) })

    const old = await tokenFrom(before.as('ada'))
    const answer = await get(during, old)
    expect(answer.status).toBe(200)
    const renewed = (await answer.json()).continuationToken
    expect((await get(after, renewed)).status).toBe(200)
    expect((await get(before, renewed)).status).toBe(404)
    expect((await get(after, old)).status).toBe(404)
  })

  test.each([undefined, [], 'short', [secret, 'short']])('missing or short ones are refused when the proxy is made: %s', (bad) => {
    const make = (): unknown => createAgentProxy({ agent: endless(), secret: bad, authorize: () => null })
    expect(make).toThrow(/openssl rand/)
  })
})

test('a cursor chooses a position in the run it came with and nothing more', async () => {
  const agent = backgroundAgent(async function* () {
    yield* ['a', 'b', 'c']
  })
  const served = serve(agent)
  const run = { runId, session: 'support' }
  const [opened] = await collect(served.as('ada').runStreaming([userMessage(question)], run))
  const { handle } = splitToken(opened?.continuationToken ?? '')
  const from = async (epoch: number, n: number): Promise<string[]> => {
    const stream = served.as('ada').runStreaming([], { ...run, continuationToken: joinToken(handle, cursorOf(epoch, n)) })
    return (await collect(stream)).map((update) => (update.type === 'text' ? update.delta : update.type))
  }
  expect(await from(0, 2)).toEqual(['open', 'c', 'end'])
  expect(await from(0, 9_999)).toEqual(['open', 'end'])
  expect(await from(7, 1)).toEqual(['open', 'end'])
  const whole = await served.as('ada').run([], { ...run, continuationToken: joinToken(handle, cursorOf(0, 2)) })
  expect(textOf(whole.message)).toBe('abc')
})

/** With one bit of its ciphertext changed. */
function flipped(token: string): string {
  const parts = token.split('.')
  const cipher = parts[3] ?? ''
  parts[3] = `${cipher.startsWith('A') ? 'B' : 'A'}${cipher.slice(1)}`
  return parts.join('.')
}
