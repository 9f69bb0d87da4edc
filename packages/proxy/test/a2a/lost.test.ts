import { joinToken, startCursor } from '@rejoin/core'
import { describe, expect, it } from 'vitest'
import { ask, run } from '../runs.ts'
import { faked, stream, task } from './support/faked.ts'

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
})
