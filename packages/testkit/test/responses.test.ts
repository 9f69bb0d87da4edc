import { responsesEmulator, type ResponsesEmulator, type ResponsesEmulatorOptions } from '@rejoin/testkit'
import { serve } from '@rejoin/testkit/server'
import OpenAI from 'openai'
import { onTestFinished, describe, expect, it } from 'vitest'

const question = { model: 'gpt-5', input: 'why?' } as const

interface Served {
  client: OpenAI
  emulator: ResponsesEmulator
  url: string
}

/** The official client, and over real HTTP the server it talks to. */
async function served(options: ResponsesEmulatorOptions): Promise<Served> {
  const emulator = responsesEmulator(options)
  const { url, close } = await serve(emulator.handler)
  onTestFinished(close)
  const client = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 })
  return { client, emulator, url }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('the official client', () => {
  it('creates a response', async () => {
    const { client } = await served({ answer: { output: ['Because.'] } })
    const response = await client.responses.create(question)
    expect(response).toMatchObject({ status: 'completed', output_text: 'Because.', background: false, error: null })
  })

  it('streams a response in the background', async () => {
    const { client } = await served({ answer: { output: [{ type: 'message', text: ['Be', 'cause.'] }] } })
    const stream = await client.responses.create({ ...question, background: true, stream: true })
    const events = await all(stream)
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at))
  })
})
