import { joinToken, startCursor } from '@rejoin/core'
import { describe, expect, it, vi } from 'vitest'
import { ask, collect, failureOf, lastToken, run, textIn } from '../runs.ts'
import { eventOf, faked, open, refusal, result, stream, task, token } from './support/faked.ts'

describe('an A2A task whose server falters', () => {
  it.each([401, 429, 503])('is gone on with by a token once it has begun, in the foreground too, and not started again (status %i)', async (status) => {
    const { agent, methods } = faked({
      SendStreamingMessage: () => stream({ task: task('COMPLETED', 'One', { timestamp: '2026-01-01T00:00:00Z' }) }),
      GetTask: () => new Response('', { status }),
    })
    const response = await agent.run(ask, run)
    const continuationToken = joinToken('task/context/1767225600000', startCursor)
    expect(response).toMatchObject({ state: { type: 'working' }, message: { parts: [{ text: 'One' }] }, continuationToken })
    expect(methods).toEqual(['SendStreamingMessage', 'GetTask'])
  })

  const silent = [
    ['an answer that does not end', () => open({ type: 'application/json', first: '{' })],
    ['a stream that tells nothing', () => open({})],
    ['a stream that only pings', () => open({ pings: true })],
  ] as const
  const resumed = { ...run, continuationToken: token }

  it.each(silent)('is asked for again after %s (row 41)', async (_, answer) => {
    const { agent, methods } = faked({ SubscribeToTask: answer }, { answerMs: 30 })
    expect(await failureOf(collect(agent.runStreaming([], resumed)))).toMatchObject({ code: 'stalled' })
    expect(methods).toEqual(['SubscribeToTask'])
  })

  it.each(silent)('may have been started by %s, which is not waited for any longer', async (_, answer) => {
    const { agent } = faked({ SendStreamingMessage: answer }, { startMs: 30 })
    expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'start_unknown' })
  })

  it.each(silent)('is left at once at %s', async (_, answer) => {
    const left = new DOMException('Left.', 'AbortError')
    for (const method of ['SendStreamingMessage', 'SubscribeToTask'] as const) {
      const leaving = new AbortController()
      const body = answer()
      const { agent } = faked({
        [method]() {
          setTimeout(() => leaving.abort(left), 10)
          return body
        },
      })
      const starts = method === 'SendStreamingMessage'
      const options = { ...(starts ? run : resumed), signal: leaving.signal }
      expect(await failureOf(collect(agent.runStreaming(starts ? ask : [], options)))).toBe(left)
    }
  })

  it('is read without a stream where the first event of one is too large to be read', async () => {
    const large = { ...task('WORKING', 'One '), metadata: 'A'.repeat(17 * 1024 * 1024) }
    let reads = 0
    const { agent, methods } = faked({
      SubscribeToTask: () => open({ first: eventOf({ task: large }) }),
      GetTask: () => result((reads += 1) < 3 ? task('WORKING', 'One ') : task('COMPLETED', 'One two')),
    })
    const updates = await collect(agent.runStreaming([], resumed))
    expect(textIn(updates)).toBe('One two')
    expect(methods).toEqual(['SubscribeToTask', 'GetTask', 'GetTask', 'GetTask'])
  })

  it('is read without a stream where the subscription is answered with something else', async () => {
    const { agent, methods } = faked({
      SubscribeToTask: () => new Response('<html>'),
      GetTask: () => result(task('COMPLETED', 'One')),
    })
    expect(textIn(await collect(agent.runStreaming([], resumed)))).toBe('One')
    expect(methods).toEqual(['SubscribeToTask', 'GetTask'])
  })
})

describe('a subscription to an A2A task', () => {
  const resumed = { ...run, continuationToken: token }

  it.each([-32603, -32602, -32601, -32005])('passes on what is neither the end of a task nor an unknown one: error %i (row 53)', async (code) => {
    const { agent, methods } = faked({ SubscribeToTask: () => refusal(code), GetTask: () => result(task('COMPLETED', 'One')) })
    expect(await failureOf(collect(agent.runStreaming([], resumed)))).toMatchObject({ code: 'unavailable' })
    expect(methods).toEqual(['SubscribeToTask'])
  })

  it.each(['INPUT_REQUIRED', 'AUTH_REQUIRED'])('is closed once its task waits, since the server never does: %s (row 54)', async (state) => {
    const onClosed = vi.fn<() => void>()
    const aborted: boolean[] = []
    const { agent } = faked({
      SubscribeToTask(signal) {
        signal?.addEventListener('abort', () => aborted.push(true))
        return open({ first: eventOf({ task: task(state, 'Which one?') }), onClosed })
      },
    })
    expect(textIn(await collect(agent.runStreaming([], resumed)))).toBe('Which one?')
    await vi.waitFor(() => expect(onClosed).toHaveBeenCalledOnce())
    expect(aborted).toEqual([true])
  })
})

describe('the token of an A2A task', () => {
  it.each(['0001-01-01T00:00:00Z', '1999-12-31T23:59:59Z', '2100-01-01T00:00:00Z', '+275000-01-01T00:00:00Z'])('counts from the start where the server says %s', async (timestamp) => {
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: task('WORKING', 'One', { timestamp }) }),
      SubscribeToTask: () => stream({ task: task('COMPLETED', 'One', { timestamp }) }),
      GetTask: () => result(task('COMPLETED', 'One', { timestamp })),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates[0]).toMatchObject({ elapsedMs: expect.toSatisfy((ms: number) => ms < 5_000) })
    const polled = await agent.run([], { ...run, continuationToken: lastToken(updates) })
    expect(polled).toMatchObject({ state: { type: 'completed' }, elapsedMs: expect.toSatisfy((ms: number) => ms < 5_000) })
  })

  it.each([
    ['one that is too long', 'x'.repeat(1025)],
    ['one that is too long once encoded', 'ü'.repeat(171)],
    ['half a character', 'a\ud800'],
  ])('is not made of an id that it could not carry: %s', async (_, id) => {
    for (const named of [{ id }, { contextId: id }]) {
      const kept = { ...task('COMPLETED', 'One'), ...named }
      const { agent } = faked({ SendStreamingMessage: () => stream({ task: kept }), GetTask: () => result(kept) })
      expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'start_unknown', cause: { code: 'bad_response' } })
      expect(await failureOf(agent.run(ask, run))).toMatchObject({ code: 'start_unknown' })
      expect(await failureOf(agent.run([], { ...run, continuationToken: token }))).toMatchObject({ code: 'bad_response' })
    }
  })

  it('carries the longest id that is not refused', async () => {
    const id = 'ü'.repeat(170)
    const kept = task('COMPLETED', 'One', { id })
    const { agent } = faked({ SendStreamingMessage: () => stream({ task: kept }), GetTask: () => result(kept) })
    const updates = await collect(agent.runStreaming(ask, run))
    const polled = await agent.run([], { ...run, continuationToken: lastToken(updates) })
    expect(polled).toMatchObject({ state: { type: 'completed' } })
  })
})

describe('an A2A task that is asked for from time to time', () => {
  it('is asked for as often as it moves, also where a text of it grows', async () => {
    let reads = 0
    const { agent } = faked(
      { SubscribeToTask: () => refusal(-32004), GetTask: () => result(task((reads += 1) < 12 ? 'WORKING' : 'COMPLETED', 'x'.repeat(reads))) },
      { poll: { intervalMs: 10, capMs: 60_000 } },
    )
    const begunAt = performance.now()
    await collect(agent.runStreaming([], { ...run, continuationToken: token }))
    // Slowed down by half each time, it would take more than two seconds.
    expect(performance.now() - begunAt).toBeLessThan(1_000)
  })
})

describe('an event of another A2A task', () => {
  const others = [
    { artifactUpdate: { taskId: 'other', contextId: 'context', append: true, artifact: { artifactId: 'answer', parts: [{ text: 'Gringotts' }] } } },
    { statusUpdate: { taskId: 'other', contextId: 'context', status: { state: 'TASK_STATE_COMPLETED' } } },
    { task: task('COMPLETED', 'Gringotts', { id: 'other' }) },
  ]

  it('is nothing to the stream that starts a task', async () => {
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: task('WORKING', 'One') }, ...others),
      SubscribeToTask: () => stream({ task: task('COMPLETED', 'One two') }),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(JSON.stringify(updates)).not.toContain('Gringotts')
    expect(textIn(updates)).toBe('One two')
  })

  it('is nothing to a subscription', async () => {
    const { agent, methods } = faked({ SubscribeToTask: () => stream(...others.toReversed(), { task: task('COMPLETED', 'One') }) })
    const updates = await collect(agent.runStreaming([], { ...run, continuationToken: token }))
    expect(JSON.stringify(updates)).not.toContain('Gringotts')
    expect(textIn(updates)).toBe('One')
    expect(methods).toEqual(['SubscribeToTask'])
  })
})
