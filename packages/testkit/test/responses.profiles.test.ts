import { type ResponsesProfile, type ResponsesScript } from '@rejoin/testkit'
import OpenAI, { AzureOpenAI } from 'openai'
import { type ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { all, failureOf, first, idOf, inBackground, numbersOf, question, served, textOf, typesOf, type Served } from './responses/served.ts'
import { pass, useFakeTime } from './responses/time.ts'

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }
const streaming = { ...inBackground, stream: true } as const

useFakeTime()

/** A response that has had six events, the last of them its first text, and a stream of it. */
async function running(profile: ResponsesProfile): Promise<Served & { id: string; rest: Promise<ResponseStreamEvent[]> }> {
  const server = await served({ profile, answer, paceMs: 100 })
  const stream = await server.client.responses.create(streaming)
  const events = stream[Symbol.asyncIterator]()
  const { value: created } = await events.next()
  if (created?.type !== 'response.created') throw new Error('It was not created.')
  const rest = all({ [Symbol.asyncIterator]: () => events })
  await pass(500)
  return { ...server, id: created.response.id, rest }
}

async function readUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('openai', () => {
  it('resumes after the cursor and sends nothing twice', async () => {
    const { client, emulator } = await served({ answer })
    const id = idOf(await first(5, await client.responses.create(streaming)))
    const rest = await all(await client.responses.retrieve(id, { stream: true, starting_after: 4 }))
    expect(numbersOf(rest)[0]).toBe(5)
    expect(emulator.requests[1]).toMatchObject({ responseId: id, sent: numbersOf(rest), end: 'complete' })
    expect(await all(await client.responses.retrieve(id, { stream: true, starting_after: 99 }))).toEqual([])
    expect(await all(await client.responses.retrieve(id, { stream: true }))).toHaveLength(13)
  })

  it('resumes no stream once the window is over, but answers polls', async () => {
    const { client } = await served({ answer })
    const id = idOf(await all(await client.responses.create(streaming)))
    await pass(299_999)
    expect(await all(await client.responses.retrieve(id, { stream: true, starting_after: 9 }))).toHaveLength(3)
    await pass(1)
    const late = await failureOf(client.responses.retrieve(id, { stream: true, starting_after: 9 }))
    expect(late).toBeInstanceOf(OpenAI.BadRequestError)
    expect(late).toMatchObject({
      error: { message: 'This response can no longer be streamed because it is more than 5 minutes old.' },
      param: 'stream',
    })
    expect(await client.responses.retrieve(id)).toMatchObject({ output_text: 'Because of it.' })
  })

  it('streams only what was created with background and stream', async () => {
    const { client } = await served({ answer })
    const polled = await client.responses.create(inBackground)
    const direct = await client.responses.create(question)
    for (const { id } of [polled, direct]) {
      const refused = await failureOf(client.responses.retrieve(id, { stream: true, starting_after: 0 }))
      expect(refused).toBeInstanceOf(OpenAI.BadRequestError)
    }
  })

  it('sends keepalives before there is an id', async () => {
    const { client, emulator } = await served({ answer, keepalives: { count: 2, everyMs: 30_000 } })
    const reading = client.responses.create(streaming).then(all)
    await readUntil(() => emulator.requests[0]?.status === 200)
    await pass(30_000)
    await pass(30_000)
    const events = await reading
    expect(events.slice(0, 3)).toMatchObject([
      { type: 'keepalive', sequence_number: 0 },
      { type: 'keepalive', sequence_number: 1 },
      { type: 'response.created', sequence_number: 2, response: { created_at: 1_800_000_060 } },
    ])
  })

  it('ends the streams of a cancelled response, and says nothing in them', async () => {
    const { client, id, rest, emulator } = await running('openai')
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' })
    expect(typesOf(await rest)).not.toContain('response.completed')
    await pass(60_000)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled', output: [], completed_at: null })
    expect(numbersOf(await all(await client.responses.retrieve(id, { stream: true, starting_after: 3 })))).toEqual([4, 5])
    expect(emulator.responses).toMatchObject([{ status: 'cancelled', events: 6 }])
  })

  it('knows what was not stored no more', async () => {
    const { client } = await served({ answer })
    const { id } = await client.responses.create({ ...question, store: false })
    expect(await failureOf(client.responses.retrieve(id))).toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('stops a response in the foreground that is left', async () => {
    const { client, emulator } = await served({ answer, paceMs: 100 })
    await first(1, await client.responses.create({ ...question, stream: true }))
    await readUntil(() => emulator.requests[0]?.end === 'left')
    await pass(10_000)
    expect(emulator.responses).toMatchObject([{ status: 'cancelled' }])
  })
})

describe('azure', () => {
  it('answers a cancel, and completes all the same', async () => {
    const { client, id, rest } = await running('azure')
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' })
    await pass(10_000)
    expect(textOf(await rest)).toBe('Because of it.')
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'completed', output_text: 'Because of it.' })
  })

  it('takes an api-key with an api-version, or a bearer token below /openai/v1', async () => {
    const { url, emulator } = await served({ profile: 'azure', answer, apiKey: 'key' })
    const azure = new AzureOpenAI({ endpoint: url, apiKey: 'key', apiVersion: '2025-04-01-preview', maxRetries: 0 })
    const { id } = await azure.responses.create(question)
    expect(await azure.responses.retrieve(id)).toMatchObject({ output_text: 'Because of it.' })
    const bearer = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: 'key', maxRetries: 0 })
    expect(await bearer.responses.retrieve(id)).toMatchObject({ output_text: 'Because of it.' })
    expect(await failureOf(azure.withOptions({ apiKey: 'other' }).responses.retrieve(id))).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(emulator.requests[0]?.path).toBe('/openai/responses')
    expect(emulator.requests[0]?.search.get('api-version')).toBe('2025-04-01-preview')
    expect(JSON.stringify(emulator.requests)).not.toContain('"key"')
  })

  it('has no deployments in its path, and no preview path without an api-version', async () => {
    const { url } = await served({ profile: 'azure', answer })
    for (const base of [`${url}/openai/deployments/mine`, `${url}/openai`]) {
      const client = new OpenAI({ baseURL: base, apiKey: 'key', maxRetries: 0 })
      expect(await failureOf(client.responses.create(question))).toBeInstanceOf(OpenAI.NotFoundError)
    }
  })
})

describe('inclusive', () => {
  it('sends the event at the cursor again', async () => {
    const { client } = await served({ profile: 'inclusive', answer })
    const id = idOf(await first(5, await client.responses.create(streaming)))
    const rest = await all(await client.responses.retrieve(id, { stream: true, starting_after: 4 }))
    expect(numbersOf(rest)[0]).toBe(4)
  })

  it('leaves out numbers before the last event', async () => {
    const { client } = await served({ profile: 'inclusive', answer })
    const numbers = numbersOf(await all(await client.responses.create(streaming)))
    expect(numbers.slice(-3)).toEqual([10, 11, 16])
  })

  it('answers 202 while a response runs', async () => {
    const { client } = await served({ profile: 'inclusive', answer, paceMs: 100 })
    const { data, response } = await client.responses.create(inBackground).withResponse()
    expect(response.status).toBe(202)
    expect((await client.responses.retrieve(data.id).asResponse()).status).toBe(202)
    await pass(10_000)
    expect((await client.responses.retrieve(data.id).asResponse()).status).toBe(200)
  })

  it('ends the streams of a cancelled response with an event', async () => {
    const { client, id, rest } = await running('inclusive')
    await client.responses.cancel(id)
    expect((await rest).at(-1)).toMatchObject({ type: 'response.cancelled', sequence_number: 10, response: { id, status: 'cancelled' } })
    const again = await all(await client.responses.retrieve(id, { stream: true, starting_after: 6 }))
    expect(typesOf(again)).toEqual(['response.cancelled'])
  })

  it('streams nothing for an id it does not know', async () => {
    const { client } = await served({ profile: 'inclusive', answer })
    expect(await all(await client.responses.retrieve('resp_unknown', { stream: true }))).toEqual([])
    expect(await failureOf(client.responses.retrieve('resp_unknown'))).toBeInstanceOf(OpenAI.NotFoundError)
  })
})

describe('replay', () => {
  it('sends everything again, whatever the cursor', async () => {
    const { client } = await served({ profile: 'replay', answer })
    const events = await all(await client.responses.create(streaming))
    const again = await all(await client.responses.retrieve(idOf(events), { stream: true, starting_after: 8 }))
    expect(again).toEqual(events)
  })
})

describe('hangs', () => {
  const outcomes = [
    { status: 'failed', code: 'server_error', message: 'It broke.' },
    { status: 'incomplete', reason: 'content_filter' },
  ] as const

  it.each(outcomes)('leaves the stream of a response open that is $status, and tells a poll', async (outcome) => {
    const { client, emulator } = await served({ profile: 'hangs', answer: { ...answer, outcome } })
    const events = await client.responses.create(streaming)
    let seen = 0
    let ended = false
    const reading = (async () => {
      for await (const event of events) seen = event.sequence_number
      ended = true
    })()
    await readUntil(() => seen >= 8)
    await pass(3_600_000)
    expect(ended).toBe(false)
    const [response] = emulator.responses
    expect(await client.responses.retrieve(response?.id ?? '')).toMatchObject({ status: outcome.status })
    events.controller.abort()
    await reading
    await readUntil(() => emulator.requests[0]?.end === 'left')
  })
})

describe('foreground', () => {
  it('takes no notice of background', async () => {
    const { client } = await served({ profile: 'foreground', answer })
    expect(await client.responses.create(inBackground)).toMatchObject({ background: false, status: 'completed' })
    const events = await all(await client.responses.create(streaming))
    expect(typesOf(events)).not.toContain('response.queued')
    const resumed = await failureOf(client.responses.retrieve(idOf(events), { stream: true, starting_after: 2 }))
    expect(resumed).toBeInstanceOf(OpenAI.BadRequestError)
    expect(await client.responses.retrieve(idOf(events))).toMatchObject({ background: false, status: 'completed' })
  })

  it('stops when its stream is left', async () => {
    const { client, emulator } = await served({ profile: 'foreground', answer, paceMs: 100 })
    const stream = await client.responses.create(streaming)
    const id = idOf(await first(1, stream))
    await readUntil(() => emulator.requests[0]?.end === 'left')
    await pass(10_000)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled', output: [] })
  })

  it('has no response yet while it runs', async () => {
    const { client, id, rest } = await running('foreground')
    expect(await failureOf(client.responses.retrieve(id))).toBeInstanceOf(OpenAI.NotFoundError)
    await pass(10_000)
    expect(textOf(await rest)).toBe('Because of it.')
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'completed' })
  })
})

describe('foundry', () => {
  it('ends the streams of a cancelled response as failed, with the status cancelled', async () => {
    const { client, id, rest } = await running('foundry')
    await client.responses.cancel(id)
    expect((await rest).at(-1)).toMatchObject({
      type: 'response.failed',
      response: { id, status: 'cancelled', error: null, output: [] },
    })
  })
})
