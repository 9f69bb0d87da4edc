import { shownParts, textOf, type AgentResponseUpdate } from '@rejoin/core'
import { describe, expect, it } from 'vitest'
import { ask, collect, endOf, failureOf, run, shown, textIn } from '../runs.ts'
import { eventOf, faked, open, refusal, result, stream, task, token, tokenSince } from './support/faked.ts'

const resumed = { ...run, continuationToken: token }

function status(state: string, timestamp?: string) {
  return { statusUpdate: { taskId: 'task', contextId: 'context', status: { state: `TASK_STATE_${state}`, ...(timestamp !== undefined && { timestamp }) } } }
}

function piece(text: string, more: object = {}) {
  return { artifactUpdate: { taskId: 'task', contextId: 'context', append: true, artifact: { artifactId: 'answer', parts: [{ text }] }, ...more } }
}

function epochs(updates: readonly AgentResponseUpdate[]): string[] {
  return [...new Set(updates.map(({ cursor }) => cursor.slice(0, 4)))]
}

describe('an end that an A2A server has streamed and does not keep', () => {
  it('counts after a while, whole where the stream was', async () => {
    const { agent, methods } = faked(
      {
        SendStreamingMessage: () => stream({ task: task('WORKING', 'One ') }, piece('two'), status('COMPLETED', '2026-01-01T00:00:01Z')),
        // Its clock may be another.
        GetTask: () => result(task('WORKING', 'One ', { timestamp: '2026-01-01T00:00:02Z' })),
      },
      { keptMs: 60 },
    )
    const begunAt = performance.now()
    const updates = await collect(agent.runStreaming(ask, run))
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(59)
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two' }], state: { type: 'completed' } })
    expect(endOf(updates)).toMatchObject({ length: 7 })
    expect(methods).not.toContain('SubscribeToTask')
    expect(methods.length).toBeGreaterThan(2)
  })

  it('counts after a while where the stream was joined, too, and takes nothing away', async () => {
    const { agent } = faked(
      {
        SubscribeToTask: () => open({ first: eventOf({ task: task('WORKING', 'One ') }) + eventOf(piece('two')) + eventOf(status('COMPLETED')) }),
        GetTask: () => result(task('WORKING', 'One ')),
      },
      { keptMs: 60 },
    )
    const end = endOf(await collect(agent.runStreaming([], resumed)))
    expect(end).toMatchObject({ outcome: { type: 'completed' } })
    expect(end).not.toHaveProperty('parts')
    expect(end).not.toHaveProperty('length')
  })

  it('is whole where its task is forgotten at once', async () => {
    const { agent, methods } = faked({ SendStreamingMessage: () => stream({ task: task('WORKING', 'One ') }, piece('two'), status('COMPLETED')) })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two' }], state: { type: 'completed' } })
    expect(methods).toEqual(['SendStreamingMessage', 'GetTask'])
  })
})

describe('an A2A task that waits on its stream, and is kept as one that has gone on', () => {
  it('is followed to its end: the person has signed in elsewhere', async () => {
    let reads = 0
    const { agent, methods } = faked({
      SendStreamingMessage: () => stream({ task: task('WORKING', 'One ', { timestamp: '2026-01-01T00:00:00Z' }) }, status('AUTH_REQUIRED', '2026-01-01T00:00:01Z')),
      GetTask: () => result((reads += 1) === 1 ? task('WORKING', '', { timestamp: '2026-01-01T00:00:00Z' }) : task('WORKING', 'One two ', { timestamp: '2026-01-01T00:00:02Z' })),
      SubscribeToTask: () => stream({ task: task('COMPLETED', 'One two three') }),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two three' }], state: { type: 'completed' } })
    expect(methods).toEqual(['SendStreamingMessage', 'GetTask', 'GetTask', 'SubscribeToTask'])
    expect(updates.flatMap((update) => (update.type === 'snapshot' ? update.parts : []))).toMatchObject([{ text: 'One two ' }])
  })
})

describe('an A2A task that has gone on from where it waited, and is forgotten then', () => {
  it('has expired, and does not wait', async () => {
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: task('WORKING', 'One ') }, status('AUTH_REQUIRED', '2026-01-01T00:00:01Z')),
      GetTask: () => result(task('WORKING', 'One two ', { timestamp: '2026-01-01T00:00:02Z' })),
    })
    expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'expired' })
  })
})

describe('what is kept of an A2A task, beside what its stream has told', () => {
  it('is a new base where it is less, and takes nothing off the screen', async () => {
    let reads = 0
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: task('WORKING', 'One ') }, piece('two ')),
      SubscribeToTask: () => ((reads += 1) === 1 ? stream({ task: task('WORKING', 'One ') }) : stream({ task: task('COMPLETED', 'One two three') })),
      GetTask: () => result(task('WORKING', 'One two ')),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(epochs(updates)).toEqual(['0000', '0001'])
    expect(updates.find(({ type }) => type === 'snapshot')).toMatchObject({ parts: [{ text: 'One ' }], cursor: expect.stringMatching(/^0001/) })
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two three' }], state: { type: 'completed' } })
  })

  it('has a base in the last epoch there is, and goes on behind the cursor', async () => {
    const { agent } = faked({ SubscribeToTask: () => stream({ task: task('COMPLETED', 'One') }) })
    const cursor = '9999.0000000041'
    const updates = await collect(agent.runStreaming([], { ...run, continuationToken: token.replace(/\d{4}\.\d{10}$/, cursor) }))
    expect(epochs(updates)).toEqual(['9999'])
    expect(updates.slice(1).every((update) => update.cursor > cursor)).toBe(true)
    expect(shown(updates).state).toEqual({ type: 'completed' })
  })
})

describe('an artifact of an A2A task', () => {
  it('grows by a text and what follows it in one piece', async () => {
    const parts = [{ text: 'two ' }, { url: 'https://files.test/a.csv', mediaType: 'text/csv' }, { text: 'three' }]
    const kept = { ...task('COMPLETED', ''), artifacts: [{ artifactId: 'answer', parts: [{ text: 'One ' }, ...parts] }] }
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: task('WORKING', 'One ') }, piece('', { artifact: { artifactId: 'answer', parts } }), status('COMPLETED')),
      GetTask: () => result(kept),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    const streamed = shown(updates.slice(0, -1)).parts
    expect(streamed).toMatchObject([{ type: 'text', text: 'One two ' }, { type: 'file' }, { type: 'text', text: 'three' }])
    expect(shown(updates).parts).toEqual(streamed)
  })

  const long = [{ text: 'A draft that is long' }, { data: 1 }, { text: ', and has an end' }]

  it('is shown as it is at once where fewer and shorter parts take its place', async () => {
    const short = { artifactId: 'answer', parts: [{ text: 'Final' }] }
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: { ...task('WORKING', ''), artifacts: [{ artifactId: 'answer', parts: long }] } }, piece('', { append: false, artifact: short }), piece('.'), status('COMPLETED')),
      GetTask: () => result({ ...task('COMPLETED', ''), artifacts: [{ ...short, parts: [{ text: 'Final.' }] }] }),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    const texts = updates.map((_, at) => textIn(updates.slice(0, at + 1)))
    expect([...new Set(texts)]).toEqual(['', 'A draft that is long', 'A draft that is long, and has an end', 'Final', 'Final.'])
    expect(updates.some(({ type }) => type === 'snapshot')).toBe(false)
    expect(shown(updates).parts).toEqual([{ type: 'text', id: 'answer:0', text: 'Final.' }])
  })

  it('is shown as it is at its end where a leg begins behind that: until then a shorter snapshot takes nothing away', async () => {
    const shorter = { artifacts: [{ artifactId: 'answer', parts: [{ text: 'Final' }] }] }
    const { agent } = faked({
      SendStreamingMessage: () => stream({ task: { ...task('WORKING', ''), artifacts: [{ artifactId: 'answer', parts: long }] } }),
      SubscribeToTask: () => open({ first: eventOf({ task: { ...task('WORKING', ''), ...shorter } }) + eventOf(status('COMPLETED')) }),
      GetTask: () => result({ ...task('COMPLETED', ''), ...shorter }),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(textOf({ parts: shownParts(shown(updates.slice(0, -1))) })).toBe('A draft that is long, and has an end')
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'Final' }], state: { type: 'completed' } })
  })
})

describe('the streams of an A2A task', () => {
  it('are asked for no more often than the task itself where each closes at once', async () => {
    let joined = 0
    const { agent } = faked(
      { SubscribeToTask: () => stream({ task: task((joined += 1) < 4 ? 'WORKING' : 'COMPLETED', 'One') }), GetTask: () => result(task('WORKING', 'One')) },
      { poll: { intervalMs: 40, capMs: 40 } },
    )
    const begunAt = performance.now()
    await collect(agent.runStreaming([], resumed))
    expect(performance.now() - begunAt).toBeGreaterThan(3 * 40 - 5)
  })

  it('are asked for behind the task itself where a run began long ago, and has ended as likely as not', async () => {
    const ended = faked({ GetTask: () => result(task('COMPLETED', 'One')) })
    const old = { ...run, continuationToken: tokenSince(Date.now() - 3_600_000) }
    expect(textIn(await collect(ended.agent.runStreaming([], old)))).toBe('One')
    expect(ended.methods).toEqual(['GetTask'])
    const going = faked({ GetTask: () => result(task('WORKING', 'One')), SubscribeToTask: () => stream({ task: task('COMPLETED', 'One two') }) })
    expect(textIn(await collect(going.agent.runStreaming([], old)))).toBe('One two')
    expect(going.methods).toEqual(['GetTask', 'SubscribeToTask'])
  })
})

describe('an A2A task that can not be cancelled', () => {
  it('keeps what it has come to meanwhile (row 23)', async () => {
    let reads = 0
    const { agent, methods } = faked({
      GetTask: () => result(task((reads += 1) === 1 ? 'WORKING' : 'COMPLETED', 'One')),
      CancelTask: () => refusal(-32002),
    })
    expect(await agent.cancel(resumed)).toMatchObject({ state: { type: 'completed' }, message: { parts: [{ text: 'One' }] }, continuationToken: null })
    expect(methods).toEqual(['GetTask', 'CancelTask', 'GetTask'])
  })

  it('goes on where it is refused without a reason', async () => {
    const { agent } = faked({ GetTask: () => result(task('WORKING', 'One')), CancelTask: () => refusal(-32002) })
    expect(await agent.cancel(resumed)).toMatchObject({ state: { type: 'working' }, continuationToken: token })
  })
})
