import { azureOpenAIAgent } from '@rejoin/proxy/azure'
import { type StandardSchema } from '@rejoin/proxy/openai'
import { serve } from '@rejoin/testkit/server'
import { describe, expect, test, vi } from 'vitest'
import { openPage, serveProxy } from './browser.ts'
import { createOddProvider } from './openai/support/provider.ts'
import { ask, collect, collectUntil, endOf, inBackground, lastToken, run, textIn } from './runs.ts'
import { broken, created, done, isCreate, isStream, itemAdded, message, responseBody, silent, streamed, textDelta } from './responsesWire.ts'

describe('a response goes on from its token', () => {
  test.each([
    ['has parts of a second', 1_700_000_000.25],
    ['is in milliseconds', 1_700_000_000_123],
    ['is no moment', -5],
    ['is no moment at all', 1e300],
  ])('where its creation %s', async (_what, createdAt) => {
    const of = { created_at: createdAt }
    const { agent } = createOddProvider((request) =>
      isCreate(request)
        ? silent([created(of, 0), textDelta('one ', 1)])
        : streamed([textDelta('two', 2), done([message('one two')], 3, of)]),
    )
    const first = await collectUntil(agent().runStreaming(ask, inBackground), ({ type }) => type === 'text')
    const rest = await collect(agent().runStreaming([], { ...inBackground, continuationToken: lastToken(first) }))
    expect(textIn([...first, ...rest])).toBe('one two')
  })

  test('where its id has an at sign in it', async () => {
    const asked: string[] = []
    const { agent } = createOddProvider((request) => {
      asked.push(new URL(request.url).pathname)
      const of = { id: 'resp@host/1' }
      return isCreate(request) ? silent([created(of, 0), textDelta('one ', 1)]) : streamed([done([message('one ')], 2, of)])
    })
    const first = await collectUntil(agent().runStreaming(ask, inBackground), ({ type }) => type === 'text')
    const rest = await collect(agent().runStreaming([], { ...inBackground, continuationToken: lastToken(first) }))
    expect(endOf(rest).outcome).toEqual({ type: 'completed' })
    expect(asked.at(-1)).toBe('/v1/responses/resp%40host%2F1')
  })

  test('where the server numbers nothing and sends everything again (row 34)', async () => {
    const { agent } = createOddProvider((request) => {
      const start = [created({}), textDelta('one '), textDelta('two ')]
      return isCreate(request) ? silent(start) : streamed([...start, textDelta('three'), done([message('one two three')])])
    })
    const first = await collectUntil(agent().runStreaming(ask, inBackground), (update) => update.type === 'text' && update.delta === 'two ')
    const rest = await collect(agent().runStreaming([], { ...inBackground, continuationToken: lastToken(first) }))
    expect(rest.flatMap((update) => (update.type === 'text' ? [update.delta] : []))).toEqual(['three'])
    expect(textIn([...first, ...rest])).toBe('one two three')
  })
})

test.each([1.7e12, 99_999_990, 0.123, -5])('numbers of events that are none (from %s on) lose no text', async (from) => {
  const { agent } = createOddProvider(() =>
    streamed([created({}, from), ...['a', 'b', 'c'].map((delta, at) => textDelta(delta, from + 1 + at)), done([message('abc')], from + 5)]),
  )
  const updates = await collect(serveProxy(agent()).agent.runStreaming(ask, inBackground))
  expect(textIn(updates)).toBe('abc')
  expect(endOf(updates).outcome).toEqual({ type: 'completed' })
})

test('items whose text comes out of turn stand in the order of the output in the end', async () => {
  const { agent } = createOddProvider(() =>
    streamed([
      created({}, 0),
      itemAdded(0, 1),
      itemAdded(1, 2),
      textDelta('two', 3, 1),
      textDelta('one', 4, 0),
      done([message('one'), message('two')], 5),
    ]),
  )
  expect(textIn(await collect(agent().runStreaming(ask, inBackground)))).toBe('onetwo')
})

test('a poll that breaks off in the middle of its answer does not hide a response that has a name', async () => {
  let polls = 0
  const { agent } = createOddProvider((request) => {
    if (isCreate(request)) return streamed([created({ status: 'queued' }, 0)])
    if (isStream(request)) return new Response('{}', { status: 400 })
    polls += 1
    return polls === 1 ? broken('application/json') : Response.json(responseBody({ status: 'completed', output: [message('abc')] }))
  })
  const { continuationToken } = await agent().run(ask, inBackground)
  expect(await agent().run([], { ...inBackground, continuationToken })).toMatchObject({ state: { type: 'completed' } })
})

test('a schema that throws makes the answer incomplete, and the run does not go on for ever', async () => {
  const { agent } = createOddProvider(() => streamed([created({}, 0), textDelta('{}', 1), done([message('{}')], 2)]))
  const schema: StandardSchema<unknown> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      jsonSchema: { input: () => ({}), output: () => ({}) },
      validate: () => {
        throw new Error('no')
      },
    },
  }
  const page = openPage({ fetch: serveProxy(agent({ output: { schema } })).fetch })
  await page.chat.send('?')
  await vi.waitFor(() => expect(page.state()).toEqual({ type: 'incomplete', reason: 'invalid_output' }))
})

test('a refusal whose body never ends is heard all the same', async () => {
  const { agent } = createOddProvider(() => new Response(new ReadableStream(), { status: 429 }))
  const refused = collect(agent({ answerMs: 20 }).runStreaming(ask, inBackground))
  await expect(refused).rejects.toMatchObject({ code: 'rate_limited' })
})

test('a stream that does not even begin is not waited for, the response is polled (row 41)', async () => {
  let polls = 0
  const { agent } = createOddProvider((request) => {
    if (isCreate(request)) return streamed([created({}, 0)])
    if (isStream(request)) return new Promise<never>(() => {})
    polls += 1
    return Response.json(responseBody(polls === 1 ? {} : { status: 'completed', output: [message('abc')] }))
  })
  expect(textIn(await collect(agent({ answerMs: 20 }).runStreaming(ask, inBackground)))).toBe('abc')
})

test('an answer that is no stream is let go of', async () => {
  const cancelled = vi.fn<() => void>()
  const { agent } = createOddProvider(
    () => new Response(new ReadableStream({ cancel: cancelled }), { headers: { 'content-type': 'text/html' } }),
  )
  await expect(collect(agent().runStreaming(ask, inBackground))).rejects.toMatchObject({ code: 'start_unknown' })
  await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
})

test('how long a refusal asks to wait is heard after the headers too (row 4)', async () => {
  const { agent, calls } = createOddProvider(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return new Response('{}', { status: 429, headers: { 'retry-after': '30' } })
  })
  const refused = collect(serveProxy(agent(), { firstBatchMs: 1 }).agent.runStreaming(ask, inBackground))
  await expect(refused).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 30_000 })
  expect(calls).toHaveLength(1)
})

test('a stop of what was stopped before says so again, also when the provider has forgotten it (row 23)', async () => {
  let gone = false
  const { agent } = createOddProvider((request) => {
    if (gone) return new Response('{}', { status: 404 })
    return isCreate(request) ? silent([created({}, 0)]) : Response.json(responseBody({ status: 'cancelled' }))
  })
  const page = serveProxy(agent()).agent
  const first = await collectUntil(page.runStreaming(ask, inBackground), ({ continuationToken }) => continuationToken !== null)
  const stop = { ...run, continuationToken: lastToken(first) }
  expect(await page.cancel(stop)).toMatchObject({ state: { type: 'cancelled' } })
  gone = true
  expect(await page.cancel(stop)).toMatchObject({ state: { type: 'cancelled' } })
})

test('neither the key nor the conversation follows a redirect (row 82)', async () => {
  const received: string[] = []
  const other = await serve((request) => {
    received.push(request.url)
    return new Response('{}', { status: 500 })
  })
  const provider = await serve(() => new Response(null, { status: 307, headers: { location: other.url } }))
  const agent = azureOpenAIAgent({ endpoint: provider.url, apiKey: 'key', apiVersion: '2025-04-01-preview', model: 'm' })
  await expect(collect(agent.runStreaming(ask, inBackground))).rejects.toMatchObject({ code: 'agent_failed' })
  await expect(agent.cancel({ ...run, continuationToken: 'resp_1.0000.0000000000' })).rejects.toMatchObject({ code: 'unavailable' })
  expect(received).toEqual([])
  await Promise.all([provider.close(), other.close()])
})
