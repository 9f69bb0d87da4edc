import { cursorOf, encodeUpdate, heartbeat, joinToken, RejoinError, startCursor, userMessage, type Agent, type RunOutcome } from '@rejoin/core'
import { backgroundAgent } from '@rejoin/proxy'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { framesIn } from './framesIn.ts'
import { end, open, puppetAgent, text } from './puppetAgent.ts'
import { chunksOf, collect, post, runId, serve, settle, sse, startBody, textIn, withToken, type Served } from './serve.ts'

afterEach(() => void vi.useRealTimers())

const run = { runId, session: 'support', background: true }
const ask = [userMessage('Hello?')]

describe('a stream', () => {
  test('has headers that keep what lies between from collecting or changing it', async () => {
    const agent = puppetAgent()
    const response = serve(agent).fetch('/runs', post(startBody(), sse))
    ;(await agent.leg()).send('handle', open())
    const { headers, status } = await response
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'rejoin-version': '1',
    })
  })

  test('says the sealed part once, then one chunk for each batch of the agent', async () => {
    const agent = puppetAgent()
    const response = serve(agent).fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.send('handle', open())
    const chunks = chunksOf(await response)
    expect(framesIn((await chunks.next()) ?? '')).toMatchObject([{ kind: 'token' }, { kind: 'update', update: { type: 'open' } }])
    const many = Array.from({ length: 1_000 }, (_, n) => text(n + 1, `${n} `))
    leg.send('handle', ...many)
    expect(await chunks.next()).toBe(many.map(encodeUpdate).join(''))
    leg.send('handle', end(1_001))
    expect(framesIn((await chunks.next()) ?? '')).toMatchObject([{ update: { type: 'end' } }])
    expect(await chunks.next()).toBeNull()
  })

  test('closes after the end, even if the agent does not', async () => {
    const agent = puppetAgent()
    const response = serve(agent).fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.send('handle', open(), end(1))
    const chunks = chunksOf(await response)
    await chunks.next()
    expect(leg.signal.aborted).toBe(true)
    expect(await chunks.next()).toBeNull()
  })

  test('passes over a batch with nothing in it', async () => {
    const agent = puppetAgent()
    const updates = collect(serve(agent).as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send('handle', open())
    leg.send('handle')
    leg.send('handle', text(1, 'a'), end(2))
    expect(textIn(await updates)).toBe('a')
  })

  test('of a resumed run has tokens even where the agent says its handle no more (row 9)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const first = served.as('ada').runStreaming(ask, run)[Symbol.asyncIterator]()
    const opened = first.next()
    ;(await agent.leg()).send('handle', open())
    const continuationToken = (await opened).value?.continuationToken
    const updates = collect(served.as('ada').runStreaming([], { ...run, continuationToken }))
    ;(await agent.leg(1)).send(null, open(), text(1, 'a'), end(2))
    expect((await updates).map((update) => update.continuationToken !== null)).toEqual([true, true, false])
  })

  test('that the agent ends without a terminal update just closes: the run is not over (row 20)', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    const leg = await agent.leg()
    leg.send('handle', open(), text(1, 'a'))
    leg.close()
    const seen = await updates
    expect(seen.at(-1)).toMatchObject({ type: 'text', continuationToken: expect.any(String) })
    const rest = collect(served.as('ada').runStreaming([], { ...run, continuationToken: seen.at(-1)?.continuationToken }))
    const resumed = await agent.leg(1)
    expect(resumed.options).toMatchObject({ runId, session: 'support', user: 'ada', continuationToken: joinToken('handle', cursorOf(0, 1)) })
    resumed.send('handle', open(), end(2))
    expect((await rest).at(-1)).toMatchObject({ type: 'end' })
  })

  test('that breaks after its beginning says so in our own words, and the run can be resumed', async () => {
    const agent = puppetAgent()
    const served = serve(agent)
    const response = served.fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.send('handle', open(), text(1, 'a'))
    leg.fail(new Error('upstream said: sk-live-1234'))
    const body = await (await response).text()
    expect(framesIn(body).at(-1)).toEqual({ kind: 'error', code: 'internal' })
    expect(body).not.toContain('sk-live')
    expect(served.errors).toMatchObject([{ where: 'start', error: { message: 'upstream said: sk-live-1234' } }])
    void collect(served.as('ada').runStreaming([], run))
    expect((await agent.leg(1)).messages).toEqual([])
  })

  test.each([
    [new RejoinError('expired'), 410, 'expired'],
    [new RejoinError('unavailable', { retryAfterMs: 3_000 }), 503, 'unavailable'],
    [new RejoinError('stalled'), 503, 'unavailable'],
    [new RejoinError('token_invalid'), 410, 'expired'],
    [new TypeError('fetch failed'), 500, 'internal'],
  ])('that breaks before its beginning is an HTTP problem: %s', async (thrown, status, code) => {
    const agent = puppetAgent()
    const served = serve(agent)
    const first = served.fetch('/runs', post(startBody(), sse))
    ;(await agent.leg()).send('handle', open())
    await first
    const resumed = served.fetch(`/runs/${runId}`, { headers: sse })
    ;(await agent.leg(1)).fail(thrown)
    const response = await resumed
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect({ status: response.status, code: (await response.json()).code }).toEqual({ status, code })
  })

  test('names an end by code; what an agent put in its place is not passed on', async () => {
    const agent = puppetAgent()
    const updates = collect(serve(agent).as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), end(1, { type: 'failed', code: 'Error: key sk-live-1234 is over quota' }))
    expect((await updates).at(-1)).toMatchObject({ outcome: { type: 'failed', code: 'agent_failed' } })
  })

  test.each([
    { type: 'failed', code: 'server_error' } as const,
    { type: 'incomplete', reason: 'content_filter' } as const,
    { type: 'expired' } as const,
  ])('passes an end on as it is, without a token: $type', async (outcome) => {
    const agent = puppetAgent()
    const updates = collect(serve(agent).as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), text(1, 'partial'), end(2, outcome))
    const seen = await updates
    expect(textIn(seen)).toBe('partial')
    expect(seen.at(-1)).toMatchObject({ type: 'end', outcome, continuationToken: null })
  })
})

describe('a run that its agent has forgotten', () => {
  const ended = async (outcome: RunOutcome): Promise<{ served: Served; token: string }> => {
    const agent = puppetAgent()
    const served = serve(agent)
    const updates = collect(served.as('ada').runStreaming(ask, run))
    ;(await agent.leg()).send('handle', open(), text(1, 'partial'), end(2, outcome))
    const token = (await updates).at(-2)?.continuationToken ?? ''
    agent.onRun = async () => Promise.reject(new RejoinError('expired'))
    void agent.leg(1).then((leg) => leg.fail(new RejoinError('expired')))
    return { served, token }
  }

  test.each([
    { type: 'failed', code: 'content_policy' } as const,
    { type: 'cancelled' } as const,
  ])('still has the end it came to, whatever the cursor: $type (row 26)', async (outcome) => {
    const { served, token } = await ended(outcome)
    const resumed = await collect(served.as('ada').runStreaming([], { ...run, continuationToken: token }))
    expect(resumed).toMatchObject([{ type: 'open' }, { type: 'end', outcome }])
    expect(await served.as('ada').run([], { ...run, continuationToken: token })).toMatchObject({ state: outcome })
    expect(served.errors).toEqual([])
  })

  test('does not look as if its answer had been empty', async () => {
    const { served, token } = await ended({ type: 'completed' })
    const resumed = collect(served.as('ada').runStreaming([], { ...run, continuationToken: token }))
    await expect(resumed).rejects.toMatchObject({ code: 'expired' })
    await expect(served.as('ada').run([], { ...run, continuationToken: token })).rejects.toMatchObject({ code: 'expired' })
  })
})

describe('silence', () => {
  test('is filled with heartbeats, and ended by the next update', async () => {
    vi.useFakeTimers()
    const agent = puppetAgent()
    const response = serve(agent, { heartbeatMs: 100 }).fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.send('handle', open())
    const chunks = chunksOf(await response)
    await chunks.next()
    for (let beat = 0; beat < 3; beat += 1) {
      const next = chunks.next()
      await vi.advanceTimersByTimeAsync(99)
      await vi.advanceTimersByTimeAsync(1)
      expect(await next).toBe(heartbeat)
    }
    const next = chunks.next()
    leg.send('handle', text(1, 'a'))
    expect(framesIn((await next) ?? '')).toMatchObject([{ update: { type: 'text' } }])
    expect(leg.asked).toBe(2)
  })

  test('before the first update holds the headers back for a moment only', async () => {
    vi.useFakeTimers()
    const agent = puppetAgent()
    let answered = false
    const response = serve(agent).fetch('/runs', post(startBody(), sse))
    void response.then(() => (answered = true))
    await agent.leg()
    await vi.advanceTimersByTimeAsync(999)
    expect(answered).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await chunksOf(await response).next()).toBe(heartbeat)
  })

  test('on a resumed leg begins with the sealed part: it is known', async () => {
    vi.useFakeTimers()
    const agent = puppetAgent()
    const served = serve(agent)
    const first = served.fetch('/runs', post(startBody(), sse))
    ;(await agent.leg()).send('handle', open())
    const [frame] = framesIn((await chunksOf(await first).next()) ?? '')
    const token = joinToken(frame?.kind === 'token' ? frame.sealed : '', startCursor)
    const resumed = served.fetch(`/runs/${runId}`, { headers: withToken(token, sse) })
    await agent.leg(1)
    await vi.advanceTimersByTimeAsync(1_000)
    const chunk = (await chunksOf(await resumed).next()) ?? ''
    expect(framesIn(chunk)).toMatchObject([{ kind: 'token' }])
    expect(chunk.endsWith(heartbeat)).toBe(true)
  })

  test('of the idle time closes the leg, and never the run (row 86)', async () => {
    vi.useFakeTimers()
    const agent = puppetAgent()
    const response = serve(agent, { idleMs: 12_000 }).fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    leg.send('handle', open())
    const chunks = chunksOf(await response)
    await chunks.next()
    const rest = readToEnd(chunks)
    await vi.advanceTimersByTimeAsync(9_000)
    leg.send('handle', text(1, 'a'))
    await vi.advanceTimersByTimeAsync(11_999)
    expect(leg.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(framesIn(await rest)).toMatchObject([{ update: { type: 'text' } }])
    expect(leg.signal.aborted).toBe(true)
    expect(agent.cancels).toEqual([])
  })
})

describe('a client', () => {
  test('that leaves closes its leg; the agent keeps working (rows 17, 83)', async () => {
    let finished = false
    let goOn = (): void => {}
    const agent = backgroundAgent(async function* ({ signal }) {
      yield 'before '
      await new Promise<void>((resolve) => (goOn = resolve))
      yield signal.aborted ? 'aborted' : 'after'
      finished = true
    })
    const served = serve(agent)
    const ada = served.as('ada')
    for await (const { type } of ada.runStreaming(ask, run)) if (type === 'text') break
    goOn()
    await vi.waitUntil(() => finished)
    expect(textIn(await collect(ada.runStreaming([], run)))).toBe('before after')
  })

  test.each(['cancelled body', 'aborted request'])('that leaves ends the leg on the agent: %s (row 24)', async (how) => {
    const agent = puppetAgent()
    const leaving = new AbortController()
    const served = serve(agent)
    const response = served.fetch('/runs', { ...post(startBody(), sse), signal: leaving.signal })
    const leg = await agent.leg()
    leg.send('handle', open())
    const chunks = chunksOf(await response)
    await chunks.next()
    if (how === 'aborted request') leaving.abort()
    else await chunks.cancel()
    await settle()
    expect(leg.signal.aborted).toBe(true)
    expect([agent.cancels, served.errors]).toEqual([[], []])
    await Promise.all(served.tasks)
  })

  test('that leaves lets the agent close what it has open', async () => {
    let closed = false
    const agent = {
      ...puppetAgent(),
      async *runStreaming() {
        try {
          yield { ...open(), continuationToken: joinToken('handle', startCursor) }
          yield { ...text(1, 'a'), continuationToken: joinToken('handle', cursorOf(0, 1)) }
        } finally {
          closed = true
        }
      },
    }
    const chunks = chunksOf(await serve(agent).fetch('/runs', post(startBody(), sse)))
    await chunks.next()
    await chunks.cancel()
    await settle()
    expect(closed).toBe(true)
  })

  test('that reads slowly does not make the proxy read ahead (row 83)', async () => {
    const agent = puppetAgent()
    const response = serve(agent).fetch('/runs', post(startBody(), sse))
    const leg = await agent.leg()
    for (let n = 0; n < 100; n += 1) leg.send('handle', text(n, 'x'))
    const chunks = chunksOf(await response)
    await settle()
    expect(leg.asked).toBe(1)
    await chunks.next()
    await chunks.next()
    await settle()
    expect(leg.asked).toBe(2)
  })
})

describe('a run resumed after any update (row 10)', () => {
  const words = Array.from({ length: 40 }, (_, n) => `w${n} `)

  test('has the same text, nothing lost, doubled or out of order (row 8)', async () => {
    const served = serve(
      backgroundAgent(async function* () {
        yield { type: 'status', status: 'queued' }
        yield* words
        yield { type: 'progress', step: { id: 'a', label: 'Checking', state: 'done' } }
      }),
    )
    const all = await collect(served.as('ada').runStreaming(ask, run))
    expect(textIn(all)).toBe(words.join(''))
    for (let k = 0; k < all.length - 1; k += 1) {
      const resumed = await collect(served.as('ada').runStreaming([], { ...run, continuationToken: all[k]?.continuationToken }))
      expect(resumed[0]).toMatchObject({ type: 'open', mode: 'tail', cursor: all[k]?.cursor })
      expect(without(resumed.slice(1))).toEqual(without(all.slice(k + 1)))
    }
  })

  test('while it is being written, over and over: the loop of the samples (row 11)', async () => {
    const agent: Agent = serve(
      backgroundAgent(async function* () {
        for (const word of words) {
          yield word
          await Promise.resolve()
        }
      }),
    ).as('ada')
    let continuationToken: string | null = null
    let got = ''
    let ended = false
    while (!ended) {
      const stream = agent.runStreaming(continuationToken === null ? ask : [], { ...run, continuationToken })
      for await (const update of stream) {
        continuationToken = update.continuationToken ?? continuationToken
        ended = update.type === 'end'
        if (update.type !== 'text') continue
        got += update.delta
        break
      }
    }
    expect(got).toBe(words.join(''))
  })
})

async function readToEnd(chunks: ReturnType<typeof chunksOf>): Promise<string> {
  let text = ''
  for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) text += chunk
  return text
}

/** Without the tokens, which each leg seals anew. */
/** What is sealed is sealed anew each time. */
function without(updates: readonly { continuationToken: string | null }[]): unknown[] {
  return updates.map((update) => ({ ...update, continuationToken: null, ...('conversation' in update && { conversation: null }) }))
}
