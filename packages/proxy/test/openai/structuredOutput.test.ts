import { type MessagePart } from '@rejoin/core'
import { type OutputOptions } from '@rejoin/proxy/openai'
import { type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openPage, serveProxy } from '../browser.ts'
import { createProvider } from './support/provider.ts'
import { ask, collect, endOf, inBackground, lastToken, run, shown } from '../runs.ts'
import { finish, pass, until, useFakeTime } from './support/time.ts'

useFakeTime()

const jsonSchema = {
  type: 'object',
  properties: { place: { type: 'string' }, degrees: { type: 'number' } },
  required: ['place', 'degrees'],
  additionalProperties: false,
}
const outputs: Record<string, OutputOptions> = {
  'a Zod schema': { name: 'weather', schema: z.object({ place: z.string(), degrees: z.number() }) },
  'JSON Schema': { name: 'weather', schema: jsonSchema },
}
const value = { place: 'Oslo', degrees: -4 }
const pieces = ['{"place":', '"Oslo",', '"degrees":-4}']
const answer: ResponsesScript = { output: [{ type: 'message', text: pieces }] }
const part: MessagePart = { type: 'data', id: 'weather', name: 'weather', data: value }

describe.each(Object.entries(outputs))('an answer in the form of %s (row 39)', (_, output) => {
  test('is asked for, beside other fields of `text`', async () => {
    const { agent, calls } = createProvider({ answer })
    await finish(collect(agent({ output, body: { text: { verbosity: 'low' } } }).runStreaming(ask, inBackground)))
    expect(calls[0]?.body).toMatchObject({
      text: { verbosity: 'low', format: { type: 'json_schema', name: 'weather', strict: true, schema: jsonSchema } },
    })
  })

  test('is a data part from the end on, streamed, polled, resumed and on the page', async () => {
    const { agent } = createProvider({ answer, paceMs: 100 })
    const updates = await finish(collect(agent({ output }).runStreaming(ask, inBackground)))
    expect(shown(updates).parts).toEqual([{ type: 'text', id: '0.0', text: pieces.join('') }, part])
    const data = updates.findIndex((update) => update.type === 'part' && update.part.type === 'data')
    expect(data).toBe(updates.length - 2)
    const last = updates.findLastIndex(({ type }) => type === 'text')
    const { parts } = (await finish(agent({ output }).run([], { ...run, continuationToken: lastToken(updates) }))).message
    expect(parts).toEqual(shown(updates).parts)
    const seen = updates.slice(0, last + 1)
    const rest = await finish(collect(agent({ output }).runStreaming([], { ...run, continuationToken: lastToken(seen) })))
    expect(shown([...seen, ...rest]).parts).toEqual(parts)

    const page = openPage({ fetch: serveProxy(agent({ output })).fetch })
    void page.chat.send('why?')
    await until(page.ended)
    expect([page.state(), page.parts()]).toEqual([{ type: 'completed' }, parts])
  })

  test('is read from the last word, not from deltas that have lost a piece', async () => {
    const lossy: ResponsesScript = { output: [{ type: 'message', text: ['{"place":', '"Oslo",', { wait: 10_000 }, { lost: '"degrees":' }, '-4}'] }] }
    const { agent } = createProvider({ answer: lossy, paceMs: 100 })
    const { fetch } = serveProxy(agent({ output }))
    const page = openPage({ fetch })
    void page.chat.send('why?')
    await until(() => page.text() === '{"place":"Oslo",')
    page.leave()
    await pass(1)
    const reloaded = openPage({ fetch, store: page.store })
    await until(reloaded.ended)
    expect(reloaded.parts().filter(({ type }) => type === 'data')).toEqual([part])
    expect([reloaded.state(), reloaded.text()]).toEqual([{ type: 'completed' }, pieces.join('')])
  })

  test('that is no JSON is incomplete as `invalid_output`, and has no data', async () => {
    const { agent } = createProvider({ answer: { output: ['I would rather tell a story.'] } })
    const updates = await finish(collect(agent({ output }).runStreaming(ask, inBackground)))
    const polled = await finish(agent({ output }).run([], { ...run, continuationToken: lastToken(updates) }))
    for (const state of [endOf(updates).outcome, polled.state]) expect(state).toEqual({ type: 'incomplete', reason: 'invalid_output' })
    for (const parts of [shown(updates).parts, polled.message.parts]) expect(parts.map(({ type }) => type)).toEqual(['text'])
  })

  test('that is refused has no data, and is complete', async () => {
    const { agent } = createProvider({ answer: { output: [{ type: 'message', refusal: 'I will not.' }] } })
    const updates = await finish(collect(agent({ output }).runStreaming(ask, inBackground)))
    expect(endOf(updates).outcome).toEqual({ type: 'completed' })
    expect(shown(updates).parts.map(({ type }) => type)).toEqual(['refusal'])
  })

  test('that is cut short or has failed has no data, however whole it looks', async () => {
    for (const outcome of [
      { status: 'incomplete', reason: 'max_output_tokens' },
      { status: 'failed', code: 'server_error', message: 'Sorry.' },
    ] as const) {
      const { agent } = createProvider({ answer: { ...answer, outcome } })
      const updates = await finish(collect(agent({ output }).runStreaming(ask, inBackground)))
      expect(endOf(updates).outcome.type).toBe(outcome.status)
      expect(shown(updates).parts.map(({ type }) => type)).toEqual(['text'])
    }
  })

  test('is resumed without a byte twice: its end is not taken for a loss', async () => {
    const { agent, emulator } = createProvider({ answer, paceMs: 3_000 })
    const page = openPage({ fetch: serveProxy(agent({ output })).fetch })
    void page.chat.send('why?')
    await until(page.ended)
    await pass(10_000)
    expect(page.parts()).toContainEqual(part)
    expect(emulator.requests).toHaveLength(1)
  })
})

test('what the schema refuses or changes is what its library says (row 39)', async () => {
  const output: OutputOptions = { schema: z.object({ place: z.string().min(5), degrees: z.number() }) }
  const { agent } = createProvider({ answer })
  const refused = await finish(collect(agent({ output }).runStreaming(ask, inBackground)))
  expect(endOf(refused).outcome).toEqual({ type: 'incomplete', reason: 'invalid_output' })

  const defaults: OutputOptions = { schema: z.object({ place: z.string(), degrees: z.number(), sky: z.string().default('blue') }) }
  const changed = await finish(collect(agent({ output: defaults }).runStreaming(ask, inBackground)))
  expect(shown(changed).parts.at(-1)).toEqual({ type: 'data', id: 'output', name: 'output', data: { ...value, sky: 'blue' } })
})
