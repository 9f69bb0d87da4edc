import { type ResponsesProfile, type ResponsesScript } from '@rejoin/testkit'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { all, failureOf, first, idOf, inBackground, numbersOf, question, served, textOf, typesOf } from './responses/served.ts'
import { pass, useFakeTime } from './responses/time.ts'

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }
const profiles: readonly ResponsesProfile[] = ['openai', 'azure', 'inclusive', 'replay', 'hangs', 'foreground', 'foundry']
const resumable = profiles.filter((profile) => profile !== 'foreground')

useFakeTime()

describe.each(profiles)('the official client with the profile %s', (profile) => {
  it('creates a response and reads it again', async () => {
    const { client } = await served({ profile, answer })
    const response = await client.responses.create(question)
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      output_text: 'Because of it.',
      background: false,
      model: 'gpt-5',
      created_at: 1_800_000_000,
      completed_at: 1_800_000_000,
      error: null,
      incomplete_details: null,
      previous_response_id: null,
    })
    expect(response.usage).toMatchObject({ output_tokens: 4 })
    expect(await client.responses.retrieve(response.id)).toEqual(response)
  })

  it('streams a response', async () => {
    const { client, emulator } = await served({ profile, answer })
    const events = await all(await client.responses.create({ ...question, stream: true }))
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...Array.from({ length: 4 }, () => 'response.output_text.delta'),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(numbersOf(events).slice(0, -1)).toEqual(events.slice(0, -1).map((_, at) => at))
    expect(emulator.requests).toMatchObject([{ method: 'POST', status: 200, sent: numbersOf(events), end: 'complete' }])
    expect(emulator.responses).toMatchObject([{ status: 'completed', events: events.length }])
  })

  it('gets its error classes', async () => {
    const { client } = await served({ profile, answer, apiKey: 'key' })
    const unknown = await failureOf(client.responses.retrieve('resp_unknown'))
    expect(unknown).toBeInstanceOf(OpenAI.NotFoundError)
    expect(unknown).toMatchObject({ error: { type: 'invalid_request_error', param: null, code: null } })
    expect(await failureOf(client.responses.cancel('resp_unknown'))).toBeInstanceOf(OpenAI.NotFoundError)
    const contradiction = await failureOf(client.responses.create({ ...inBackground, store: false }))
    expect(contradiction).toBeInstanceOf(OpenAI.BadRequestError)
    expect(contradiction).toMatchObject({ param: 'background', code: 'unsupported_parameter' })
    const other = client.withOptions({ apiKey: 'other' })
    expect(await failureOf(other.responses.create(question))).toBeInstanceOf(OpenAI.AuthenticationError)
    const previous_response_id = 'resp_unknown'
    expect(await failureOf(client.responses.create({ ...question, previous_response_id }))).toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
    })
  })

  it('continues a conversation with the result of a function', async () => {
    const { client, emulator } = await served({
      profile,
      answer: ({ input }) =>
        input.some(({ type }) => type === 'function_call_output')
          ? { output: ['It is 4.'] }
          : { output: [{ type: 'functionCall', name: 'add', arguments: ['{"a":2,', '"b":2}'] }] },
    })
    const { id, output } = await client.responses.create(question)
    const [call] = output
    if (call?.type !== 'function_call') throw new Error('There is no call.')
    expect(JSON.parse(call.arguments)).toEqual({ a: 2, b: 2 })
    const next = { ...question, previous_response_id: id }
    expect(await failureOf(client.responses.create(next))).toBeInstanceOf(OpenAI.BadRequestError)
    const input = [{ type: 'function_call_output' as const, call_id: call.call_id, output: '4' }]
    const response = await client.responses.create({ ...next, input })
    expect(response).toMatchObject({ output_text: 'It is 4.', previous_response_id: id })
    expect(emulator.responses).toHaveLength(2)
  })
})

describe.each(resumable)('the official client in the background with the profile %s', (profile) => {
  it('polls until a response has completed', async () => {
    const { client } = await served({ profile, answer: { ...answer, queuedMs: 500 }, paceMs: 100, pollAfterMs: 700 })
    const statuses: unknown[] = []
    const waits: unknown[] = []
    let { data, response } = await client.responses.create(inBackground).withResponse()
    while (data.status === 'queued' || data.status === 'in_progress') {
      statuses.push(data.status)
      expect(data.output).toEqual([])
      await pass(500)
      ;({ data, response } = await client.responses.retrieve(data.id).withResponse())
      waits.push(response.headers.get('openai-poll-after-ms'))
    }
    expect(statuses).toEqual(['queued', 'queued', 'in_progress', 'in_progress'])
    expect(data).toMatchObject({ status: 'completed', output_text: 'Because of it.', completed_at: 1_800_000_001 })
    expect(waits).toEqual(['700', '700', '700', null])
  })

  it('resumes a stream at every event', async () => {
    const { client } = await served({ profile, answer })
    const stream = { ...inBackground, stream: true } as const
    const whole = await all(await client.responses.create(stream))
    expect(textOf(whole)).toBe('Because of it.')
    for (let read = 1; read < whole.length; read += 1) {
      const events = await first(read, await client.responses.create(stream))
      const starting_after = events.at(-1)?.sequence_number ?? 0
      const rest = await all(await client.responses.retrieve(idOf(events), { stream: true, starting_after }))
      const unseen = rest.filter(({ sequence_number }) => sequence_number > starting_after)
      expect(numbersOf([...events, ...unseen])).toEqual(numbersOf(whole))
      expect(textOf([...events, ...unseen])).toBe('Because of it.')
      expect(rest.at(-1)?.type).toBe('response.completed')
    }
  })

  it('finds a response that went on while nobody was connected', async () => {
    const { client } = await served({ profile, answer, paceMs: 100 })
    const events = await first(1, await client.responses.create({ ...inBackground, stream: true }))
    await pass(10_000)
    expect(await client.responses.retrieve(idOf(events))).toMatchObject({ status: 'completed' })
  })

  it('cancels a response that runs, and none that has ended', async () => {
    const { client } = await served({ profile, answer, paceMs: 100 })
    const { id } = await client.responses.create(inBackground)
    await pass(250)
    expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled', output: [] })
    expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' })
    const ended = await client.responses.create(inBackground)
    await pass(10_000)
    const refused = await failureOf(client.responses.cancel(ended.id))
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError)
    expect(refused).toMatchObject({ error: { message: 'Cannot cancel a completed response.' } })
  })

  it('cancels no response in the foreground', async () => {
    const { client } = await served({ profile, answer })
    const { id } = await client.responses.create(question)
    const refused = await failureOf(client.responses.cancel(id))
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError)
    expect(refused).toMatchObject({ error: { message: 'Cannot cancel a synchronous response.' } })
  })
})
