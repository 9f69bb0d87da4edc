import { faultyFetch, handlerFetch, responsesEmulator, type ResponsesEmulatorOptions, type ResponsesInterlude } from '@rejoin/testkit'
import OpenAI from 'openai'
import { describe, expect, it, vi } from 'vitest'
import { all, failureOf, idOf, inBackground, numbersOf, question, textOf, typesOf } from './responses/served.ts'
import { pass, useFakeTime } from './responses/time.ts'

const answer = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] } as const
const streaming = { ...inBackground, stream: true } as const

useFakeTime({ leavesNoTimers: true })

function direct(options: ResponsesEmulatorOptions) {
  const emulator = responsesEmulator(options)
  const fetch = handlerFetch(emulator.handler)
  const create = (body: object, signal?: AbortSignal) =>
    fetch('/v1/responses', { method: 'POST', body: JSON.stringify(body), ...(signal && { signal }) })
  return { emulator, fetch, create }
}

/** The official client, with no network at all. */
function clientOf({ fetch }: { fetch: ReturnType<typeof handlerFetch> }, maxRetries = 0): OpenAI {
  return new OpenAI({
    apiKey: 'key',
    baseURL: 'http://localhost/v1',
    maxRetries,
    timeout: 2 ** 30,
    fetch: (url, init) => fetch(String(url), init),
  })
}

/** A message with this in its middle. */
function withIn(...interludes: ResponsesInterlude[]) {
  return { output: [{ type: 'message', text: ['Be', ...interludes, 'cause.'] }] } as const
}

/** Reads what there is, for as long as something comes without waiting. */
function reading(response: Response) {
  const read = { text: '', end: null as 'done' | 'error' | null }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  async function readAll(): Promise<void> {
    while (true) {
      const next = await reader?.read()
      if (next === undefined || next.done) return
      read.text += next.value
    }
  }
  readAll().then(
    () => (read.end = 'done'),
    () => (read.end = 'error'),
  )
  return read
}

describe('a stream', () => {
  it('keeps the time of the script', async () => {
    const { create } = direct({ answer: withIn({ wait: 1_000 }), paceMs: 10 })
    const read = reading(await create(streaming))
    await pass(50)
    expect(read.text).toContain('"delta":"Be"')
    await pass(1_009)
    expect(read.text).not.toContain('"delta":"cause."')
    await pass(1)
    expect(read.text).toContain('"delta":"cause."')
    expect(read.end).toBeNull()
    await pass(40)
    expect(read.end).toBe('done')
  })

  it('has an event line and a data line for each event, and its number in the data', async () => {
    const { create } = direct({ answer: { output: [] } })
    const response = await create({ ...question, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const blocks = (await response.text()).trimEnd().split('\n\n')
    expect(blocks).toHaveLength(3)
    for (const [at, block] of blocks.entries()) {
      expect(block).toMatch(/^event: response\.\w+\ndata: \{"type":"response\.\w+","sequence_number":\d,"response":\{.*\}\}$/)
      expect(block).toContain(`"sequence_number":${at},`)
    }
  })

  it('takes no more than a slow reader reads', async () => {
    const text = Array.from({ length: 10_000 }, (_, at) => `${at} `)
    const { create, emulator } = direct({ answer: { output: [{ type: 'message', text }] } })
    const response = await create(streaming)
    await pass(0)
    expect(emulator.requests[0]?.sent).toEqual([])
    const reader = response.body?.getReader()
    await reader?.read()
    await pass(0)
    expect(emulator.requests[0]?.sent.length).toBeLessThan(100)
    await reader?.cancel()
    await pass(0)
    expect(emulator.requests[0]).toMatchObject({ end: 'left' })
  })

  it('lets go of its timers when the request is aborted', async () => {
    const { create, emulator } = direct({ answer, paceMs: 100 })
    const stop = new AbortController()
    const read = reading(await create(streaming, stop.signal))
    await pass(100)
    stop.abort()
    await pass(0)
    expect(read.end).toBe('error')
    expect(emulator.requests[0]).toMatchObject({ sent: [0, 1], end: 'left' })
    expect(vi.getTimerCount()).toBe(0)
    await pass(10_000)
    expect(emulator.responses).toMatchObject([{ status: 'completed' }])
  })

  it('is shared by nobody: two of one response are both whole', async () => {
    const kit = direct({ answer, paceMs: 100 })
    const client = clientOf(kit)
    const stream = await client.responses.create(streaming)
    const events = all(stream)
    await pass(250)
    const other = all(await client.responses.retrieve(kit.emulator.responses[0]?.id ?? '', { stream: true }))
    await pass(10_000)
    expect(await other).toEqual(await events)
  })
})

describe('a script', () => {
  it('cuts the first stream that gets there, and no other', async () => {
    const kit = direct({ answer: withIn({ cut: true }) })
    const response = await kit.create(streaming)
    expect(await failureOf(response.text())).toBeInstanceOf(TypeError)
    expect(kit.emulator.requests[0]).toMatchObject({ sent: [0, 1, 2, 3, 4, 5], end: 'cut' })
    const id = kit.emulator.responses[0]?.id ?? ''
    const rest = await all(await clientOf(kit).responses.retrieve(id, { stream: true, starting_after: 5 }))
    expect(numbersOf(rest)).toEqual([6, 7, 8, 9, 10])
  })

  it('cuts a resumed stream where none got there before', async () => {
    const kit = direct({ answer: withIn({ wait: 100 }, { cut: true }), paceMs: 100 })
    const stop = new AbortController()
    reading(await kit.create(streaming, stop.signal))
    await pass(500)
    stop.abort()
    await pass(10_000)
    expect(kit.emulator.requests[0]).toMatchObject({ sent: [0, 1, 2, 3, 4, 5], end: 'left' })
    const resume = () => kit.fetch(`/v1/responses/${kit.emulator.responses[0]?.id}?stream=true&starting_after=5`)
    expect(await failureOf((await resume()).text())).toBeInstanceOf(TypeError)
    expect(await (await resume()).text()).toContain('event: response.completed')
  })

  it('ends the first stream that gets there cleanly', async () => {
    const kit = direct({ answer: withIn({ endOfStream: true }) })
    const client = clientOf(kit)
    const events = await all(await client.responses.create(streaming))
    expect(typesOf(events).at(-1)).toBe('response.output_text.delta')
    const rest = await all(await client.responses.retrieve(idOf(events), { stream: true, starting_after: 5 }))
    expect(textOf([...events, ...rest])).toBe('Because.')
  })

  it.each(['flat', 'nested'] as const)('ends the first stream that gets there with a %s error', async (shape) => {
    const kit = direct({ answer: withIn({ error: { code: 'server_error', message: 'It broke.', shape } }) })
    const client = clientOf(kit)
    const failure = await failureOf(client.responses.create(streaming).then(all))
    expect(failure).toBeInstanceOf(OpenAI.APIError)
    expect(failure).toMatchObject({ code: 'server_error' })
    const id = kit.emulator.responses[0]?.id ?? ''
    const raw = await (await kit.fetch(`/v1/responses/${id}?stream=true`)).text()
    expect(raw).not.toContain('event: error')
    expect(raw).toContain('"delta":"cause."')
    expect(kit.emulator.requests.map(({ sent }) => sent.includes(6))).toEqual([true, false])
  })

  it('says an error in both of its shapes as the API does', async () => {
    const error = { code: 'server_error', message: 'It broke.' }
    const flat = await direct({ answer: withIn({ error }) }).create(streaming)
    expect(await flat.text()).toMatch(
      /event: error\ndata: {"type":"error","sequence_number":6,"code":"server_error","message":"It broke.","param":null}\n\n$/,
    )
    const nested = await direct({ answer: withIn({ error: { ...error, shape: 'nested' } }) }).create(streaming)
    expect(await nested.text()).toMatch(
      /event: error\ndata: {"type":"error","sequence_number":6,"error":{"type":"server_error","code":"server_error","message":"It broke.","param":null}}\n\n$/,
    )
  })

  it('has keepalives, comments and events of any other type', async () => {
    const kit = direct({ answer: withIn({ keepalive: true }, { comment: 'still here' }, { event: { type: 'response.new', shine: 1 } }) })
    const raw = await (await kit.create(streaming)).text()
    expect(raw).toContain('event: keepalive\ndata: {"type":"keepalive","sequence_number":6}\n\n')
    expect(raw).toContain('\n\n: still here\n\n')
    expect(raw).toContain('event: response.new\ndata: {"type":"response.new","sequence_number":7,"shine":1}\n\n')
    expect(textOf(await all(await clientOf(kit).responses.create(streaming)))).toBe('Because.')
  })

  it('may have no numbers', async () => {
    const kit = direct({ answer: { ...answer, numbered: false } })
    const raw = await (await kit.create(streaming)).text()
    expect(raw).not.toContain('sequence_number')
    expect(raw).toContain('data: {"type":"response.output_text.delta","item_id":"msg_')
  })

  it('is queued for a while', async () => {
    const kit = direct({ answer: { ...answer, queuedMs: 5_000 } })
    const client = clientOf(kit)
    const { id, status } = await client.responses.create(inBackground)
    expect(status).toBe('queued')
    await pass(4_999)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'queued', output: [] })
    await pass(1)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'completed' })
  })

  it('goes on for ever', async () => {
    const kit = direct({ answer: withIn({ wait: Infinity }) })
    const client = clientOf(kit)
    const { id } = await client.responses.create(inBackground)
    await pass(30 * 24 * 3_600_000)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'in_progress', completed_at: null })
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' })
  })

  it('fails as the API does, with an error event before the last one', async () => {
    const error = { type: 'server_error', code: 'server_error', message: 'It broke.', param: null }
    const kit = direct({
      answer: {
        output: [{ type: 'message', text: ['Be', { event: { type: 'error', error } }] }],
        outcome: { status: 'failed', code: 'server_error', message: 'It broke.' },
      },
    })
    const raw = await (await kit.create(streaming)).text()
    expect(raw.match(/event: .*/g)?.slice(-3)).toEqual(['event: response.output_text.delta', 'event: error', 'event: response.failed'])
  })

  it('depends on the request where it is a function', async () => {
    const kit = direct({
      answer: ({ input, instructions, tools, model, metadata, body }) => ({
        output: [JSON.stringify({ input, instructions, tools, model, metadata, temperature: body['temperature'] })],
      }),
    })
    const tools = [{ type: 'function', name: 'add', parameters: {}, strict: true }] as const
    const input = [{ role: 'user', content: 'why?' }] as const
    const { output_text } = await clientOf(kit).responses.create({
      model: 'gpt-5',
      instructions: 'Be kind.',
      input: [...input],
      tools: [...tools],
      temperature: 0.5,
      metadata: { from: 'here' },
    })
    expect(JSON.parse(output_text)).toEqual({
      model: 'gpt-5',
      instructions: 'Be kind.',
      input: [{ type: 'message', role: 'user', content: 'why?' }],
      tools,
      metadata: { from: 'here' },
      temperature: 0.5,
    })
  })
})

describe('a request', () => {
  it.each([
    ['no JSON', '{', null],
    ['no object', '[]', null],
    ['no model', '{"input":"why?"}', 'model'],
    ['no input', '{"model":"gpt-5"}', 'input'],
    ['an input that is a number', '{"model":"gpt-5","input":1}', 'input'],
    ['a stream that is a word', '{"model":"gpt-5","input":"why?","stream":"yes"}', 'stream'],
  ])('with %s is refused', async (_, body, param) => {
    const { fetch, emulator } = direct({ answer })
    const response = await fetch('/v1/responses', { method: 'POST', body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param } })
    expect(emulator.responses).toEqual([])
    expect(emulator.requests).toMatchObject([{ status: 400, responseId: null }])
  })

  it('with a cursor that is no number is refused', async () => {
    const { create, fetch, emulator } = direct({ answer })
    await (await create(streaming)).text()
    const response = await fetch(`/v1/responses/${emulator.responses[0]?.id}?stream=true&starting_after=x`)
    expect(response.status).toBe(400)
  })

  it('in the foreground waits until the answer is whole', async () => {
    const { create } = direct({ answer, paceMs: 100 })
    let status = 0
    const asked = create(question).then((response) => (status = response.status))
    await pass(1_000)
    expect(status).toBe(0)
    await pass(10)
    await pass(10_000)
    await asked
    expect(status).toBe(200)
  })

  it('in the foreground that is aborted stops the response', async () => {
    const { create, emulator } = direct({ answer, paceMs: 100 })
    const stop = new AbortController()
    const asked = failureOf(create(question, stop.signal))
    await pass(100)
    stop.abort()
    await asked
    await pass(10_000)
    expect(emulator.responses).toMatchObject([{ status: 'cancelled' }])
  })

  it('below any base path finds the API', async () => {
    const { fetch } = direct({ answer })
    const init = { method: 'POST', body: JSON.stringify(question) }
    expect((await fetch('/some/where/v1/responses', init)).status).toBe(200)
    expect((await fetch('/some/where/responses', init)).status).toBe(404)
    expect((await fetch('/v1/responses/x/input_items')).status).toBe(404)
    expect((await fetch('/v1/responses', { method: 'DELETE' })).status).toBe(404)
  })

  it('is refused where the script says so', async () => {
    const message = 'You are out of money.'
    const refusal = { status: 429, message, type: 'insufficient_quota', code: 'insufficient_quota', retryAfter: 20 }
    const kit = direct({ answer: { refusal } })
    const failure = await failureOf(clientOf(kit).responses.create(question))
    expect(failure).toBeInstanceOf(OpenAI.RateLimitError)
    expect(failure).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota', error: { message, param: null } })
    expect(kit.emulator.requests).toMatchObject([{ status: 429, responseId: null }])
    expect(kit.emulator.responses).toEqual([])
    expect((await kit.create(question)).headers.get('retry-after')).toBe('20')
  })

  it('that fails is repeated by the client, and runs twice', async () => {
    const kit = direct({ answer })
    const lose = { kind: 'lose' } as const
    const busy = { kind: 'error', status: 429, retryAfter: 2, body: 'problem', reached: false } as const
    const fetch = faultyFetch(kit.fetch, { seed: 0, requests: [[lose], [busy]] })
    const asked = clientOf({ fetch }, 2).responses.create(question)
    await pass(10_000)
    expect((await asked).output_text).toBe('Because of it.')
    expect(fetch.requests.map(({ sent }) => sent)).toEqual([1, 0, 1])
    expect(kit.emulator.responses).toHaveLength(2)
  })
})
