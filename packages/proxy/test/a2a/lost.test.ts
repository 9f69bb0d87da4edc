import { joinToken, startCursor } from '@rejoin/core'
import { describe, expect, it } from 'vitest'
import { ask, collect, failureOf, run } from '../runs.ts'
import { faked, open, stream, task, token } from './support/faked.ts'

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
})
