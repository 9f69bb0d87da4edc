import { cursorOf, type Agent } from '@rejoin/core'
import { azureOpenAIAgent, type AzureOpenAIAgentOptions } from '@rejoin/proxy/azure'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { responsesEmulator, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { apiKey, createOddProvider, createProvider, type ProviderCall } from './support/provider.ts'
import { ask, collect, failureOf, failuresOf, inBackground, lastToken, question, run, textIn } from '../runs.ts'
import { finish, useFakeTime } from './support/time.ts'

useFakeTime()

const answer: ResponsesScript = { output: [{ type: 'message', text: ['Be', 'cause ', 'of ', 'it.'] }] }
const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: question }] }]

/** Everything an agent can ask: a start, a resume, a poll, a stop. */
async function askAll(agent: Agent): Promise<string> {
  const updates = await finish(collect(agent.runStreaming(ask, inBackground)))
  const continuationToken = updates.findLast(({ type }) => type === 'text')?.continuationToken ?? null
  await finish(collect(agent.runStreaming([], { ...run, continuationToken })))
  await finish(agent.run([], { ...run, continuationToken }))
  await finish(agent.cancel({ ...run, continuationToken }))
  return textIn(updates)
}

function lines(calls: readonly ProviderCall[]): string[] {
  return calls.map(({ method, url }) => `${method} ${url}`)
}

describe('the requests (row 30)', () => {
  test('are a create, a stream after a number, a poll and a cancel, and nothing else', async () => {
    const { agent, calls, emulator } = createProvider({ answer })
    await askAll(agent())
    const { id = '' } = emulator.responses[0] ?? {}
    const [created] = emulator.requests
    const last = emulator.requests[1]?.search.get('starting_after')
    expect(lines(calls)).toEqual([
      'POST http://provider.test/v1/responses',
      `GET http://provider.test/v1/responses/${id}?stream=true&starting_after=${last}`,
      `GET http://provider.test/v1/responses/${id}`,
      `POST http://provider.test/v1/responses/${id}/cancel`,
      // The cancel was refused, since it had ended: its state is asked for.
      `GET http://provider.test/v1/responses/${id}`,
    ])
    expect(calls[0]?.body).toEqual({ model: 'gpt-test', input, stream: true, background: true, store: true })
    expect(calls.slice(1).map(({ body }) => body)).toEqual([null, null, null, null])
    // Exclusive: the event with this number has been seen.
    const sent = emulator.requests[1]?.sent ?? []
    expect(Number(last)).toBeGreaterThan(0)
    expect(sent[0]).toBe(Number(last) + 1)
    expect([...(created?.sent ?? [])].filter((number) => number > Number(last))).toEqual(sent)
  })

  test('carry the key, and say what they take', async () => {
    const { agent, calls } = createProvider({ answer })
    await askAll(agent({ headers: { 'openai-organization': 'org-1', authorization: 'Bearer other' } }))
    for (const { headers } of calls) {
      expect(headers.get('authorization')).toBe(`Bearer ${apiKey}`)
      expect(headers.get('openai-organization')).toBe('org-1')
    }
    expect(calls.map(({ headers }) => headers.get('accept'))).toEqual([
      'text/event-stream, application/json',
      'text/event-stream, application/json',
      'application/json',
      'application/json',
      'application/json',
    ])
    expect(calls[0]?.headers.get('content-type')).toBe('application/json')
  })

  test('say `store` in so many words, whether the run is in the background or not', async () => {
    const { agent, calls } = createProvider({ answer })
    await finish(collect(agent().runStreaming(ask, run)))
    await finish(collect(agent({ body: { store: false } }).runStreaming(ask, run)))
    await finish(collect(agent({ body: { store: false } }).runStreaming(ask, inBackground)))
    expect(calls.map(({ body }) => body)).toMatchObject([
      { background: false, store: true },
      { background: false, store: false },
      { background: true, store: true },
    ])
  })

  test('take the earlier conversation, instructions and fields of the app, which do not override what the agent needs', async () => {
    const { agent, calls } = createProvider({ answer })
    const history = [
      { id: '1', role: 'user' as const, parts: [{ type: 'text' as const, text: 'One?' }] },
      { id: '2', role: 'assistant' as const, parts: [{ type: 'reasoning' as const, text: 'Hm.' }, { type: 'text' as const, text: 'Two.' }] },
      { id: '3', role: 'assistant' as const, parts: [{ type: 'refusal' as const, text: 'No.' }] },
    ]
    const body = { reasoning: { effort: 'low' }, model: 'other', input: 'other', stream: false, background: false }
    await finish(collect(agent({ instructions: 'Be brief.', body }).runStreaming([...history, ...ask], inBackground)))
    expect(calls[0]?.body).toEqual({
      model: 'gpt-test',
      instructions: 'Be brief.',
      reasoning: { effort: 'low' },
      stream: true,
      background: true,
      store: true,
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'One?' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Two.' }] },
        ...input,
      ],
    })
  })

  test('write odd ids so that they stay one segment, and refuse those that would lead elsewhere', async () => {
    const { agent, calls } = createOddProvider(() => Response.json({ id: 'x', status: 'completed', output: [] }))
    const token = (id: string): { runId: string; session: string; continuationToken: string } => ({
      ...run,
      continuationToken: `${id}.${cursorOf(0, 0)}`,
    })
    for (const id of ['a/b', 'a?stream=true', 'a#b', '../files', 'a b', '%2e%2e', 'ü', 'caf\u{e9}/..']) {
      await finish(agent().run([], token(id)))
      await finish(agent().cancel(token(id)))
      const path = `http://provider.test/v1/responses/${encodeURIComponent(id)}`
      expect(lines(calls.slice(-2))).toEqual([`GET ${path}`, `POST ${path}/cancel`])
      expect(new URL(calls.at(-2)?.url ?? '').pathname.split('/')).toHaveLength(4)
    }
    const before = calls.length
    for (const id of ['.', '..', '...']) {
      expect(await failureOf(agent().run([], token(id)))).toMatchObject({ code: 'token_invalid' })
      expect(await failureOf(agent().cancel(token(id)))).toMatchObject({ code: 'token_invalid' })
      expect(await failureOf(collect(agent().runStreaming([], token(id))))).toMatchObject({ code: 'token_invalid' })
    }
    expect(calls).toHaveLength(before)
  })
})

describe('the key', () => {
  test('is asked for before each request where it is a function', async () => {
    const keys = ['one', 'two', 'three', 'four', 'five']
    let asked = 0
    const { agent, calls } = createProvider({ answer, apiKey: undefined })
    await askAll(agent({ apiKey: async () => keys[asked++] ?? '' }))
    expect(calls.map(({ headers }) => headers.get('authorization'))).toEqual(keys.map((key) => `Bearer ${key}`))
  })

  test('that can not be had leaves nothing sent, and the start may be repeated', async () => {
    const { agent, calls } = createProvider({ answer })
    const failing = agent({
      apiKey: () => {
        throw new Error('The vault is closed.')
      },
    })
    const continuationToken = `resp_1.${cursorOf(0, 0)}`
    const failures = await failuresOf([
      failing.run(ask, inBackground),
      collect(failing.runStreaming(ask, inBackground)),
      collect(failing.runStreaming([], { ...run, continuationToken })),
      failing.run([], { ...run, continuationToken }),
      failing.cancel({ ...run, continuationToken }),
    ])
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'unavailable', message: expect.not.stringContaining('vault') })
    }
    expect(calls).toEqual([])
  })

  test('that is missing is said when the agent is made', () => {
    for (const missing of [undefined, '']) {
      expect(() => openAIResponsesAgent({ apiKey: missing, model: 'm' })).toThrow(new TypeError(
        'openAIResponsesAgent has no `apiKey`, so it can not ask the model. Give it one, for example from the environment: process.env.OPENAI_API_KEY.',
      ))
    }
  })
})

describe('Azure (row 40)', () => {
  function azure(options: Partial<AzureOpenAIAgentOptions>): { agent: Agent; calls: readonly ProviderCall[] } {
    const emulator = responsesEmulator({ profile: 'azure', answer, apiKey })
    const { calls, fetch } = createOddProvider(emulator.handler)
    return { calls, agent: azureOpenAIAgent({ endpoint: 'https://name.openai.azure.com', model: 'my-deployment', fetch, ...options }) }
  }

  const endpoints = ['', '/', '/openai', '/openai/', '/openai/v1', '/openai/v1/'].map((path) => `https://name.openai.azure.com${path}`)

  test.each(endpoints)('%s with a key is the v1 address with a bearer key', async (endpoint) => {
    const { agent, calls } = azure({ endpoint, apiKey })
    expect(await askAll(agent)).toBe('Because of it.')
    for (const { url, headers } of calls) {
      expect(url).toMatch(/^https:\/\/name\.openai\.azure\.com\/openai\/v1\/responses(\/|\?|$)/)
      expect(url).not.toMatch(/deployments|api-version/)
      expect([headers.get('authorization'), headers.get('api-key')]).toEqual([`Bearer ${apiKey}`, null])
    }
    expect(calls[0]?.body).toMatchObject({ model: 'my-deployment' })
  })

  test('with an Entra token asks for one before each request', async () => {
    let asked = 0
    const { agent, calls } = azure({
      token: async () => {
        asked += 1
        return apiKey
      },
    })
    expect(await askAll(agent)).toBe('Because of it.')
    expect(asked).toBe(calls.length)
    for (const { headers } of calls) expect(headers.get('authorization')).toBe(`Bearer ${apiKey}`)
  })

  test.each(endpoints)('%s with a dated version has it in each address, with the key in `api-key`', async (endpoint) => {
    const { agent, calls } = azure({ endpoint, apiKey, apiVersion: '2025-04-01-preview' })
    expect(await askAll(agent)).toBe('Because of it.')
    expect(calls).toHaveLength(5)
    for (const { url, headers } of calls) {
      expect(url).toMatch(/^https:\/\/name\.openai\.azure\.com\/openai\/responses(\/|\?|$)/)
      expect(url).not.toMatch(/deployments|\/v1/)
      expect(new URL(url).searchParams.get('api-version')).toBe('2025-04-01-preview')
      expect([headers.get('authorization'), headers.get('api-key')]).toEqual([null, apiKey])
    }
  })

  test('with a dated version takes an Entra token as a bearer all the same', async () => {
    const { agent, calls } = azure({ token: () => apiKey, apiVersion: '2025-04-01-preview' })
    expect(await askAll(agent)).toBe('Because of it.')
    for (const { headers } of calls) expect([headers.get('authorization'), headers.get('api-key')]).toEqual([`Bearer ${apiKey}`, null])
  })

  test('a token that can not be had leaves nothing sent', async () => {
    const { agent, calls } = azure({ token: () => Promise.reject(new Error('No identity.')) })
    expect(await failureOf(collect(agent.runStreaming(ask, inBackground)))).toMatchObject({ code: 'unavailable' })
    expect(calls).toEqual([])
  })

  test('without an address, or without exactly one of key and token, says so when it is made', () => {
    const endpoint = 'https://name.openai.azure.com'
    const model = 'm'
    expect(() => azureOpenAIAgent({ endpoint: 'name.openai.azure.com', apiKey, model })).toThrow(/endpoint/)
    expect(() => azureOpenAIAgent({ endpoint, model })).toThrow(/exactly one of `apiKey` and `token`/)
    expect(() => azureOpenAIAgent({ endpoint, apiKey: '', model })).toThrow(/exactly one/)
    expect(() => azureOpenAIAgent({ endpoint, apiKey, token: () => 't', model })).toThrow(/exactly one/)
  })

  test('a token of a run goes on there as well', async () => {
    const { agent } = azure({ apiKey })
    const updates = await finish(collect(agent.runStreaming(ask, inBackground)))
    expect(await finish(agent.run([], { ...run, continuationToken: lastToken(updates) }))).toMatchObject({ state: { type: 'completed' } })
  })
})
