import { responsesEmulator, type ResponsesEmulator, type ResponsesEmulatorOptions } from '@rejoin/testkit'
import { serve } from '@rejoin/testkit/server'
import OpenAI from 'openai'
import { type ResponseStreamEvent } from 'openai/resources/responses/responses'
import { onTestFinished } from 'vitest'

export const question = { model: 'gpt-5', input: 'why?' } as const

export const inBackground = { ...question, background: true } as const

export interface Served {
  client: OpenAI
  emulator: ResponsesEmulator
  url: string
}

/** The official client, and the server it talks to over real HTTP. */
export async function served(options: ResponsesEmulatorOptions): Promise<Served> {
  const emulator = responsesEmulator(options)
  const { url, close } = await serve(emulator.handler)
  onTestFinished(close)
  const client = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 })
  return { client, emulator, url }
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** Reads `count` events and leaves. */
export async function first(count: number, events: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const found: ResponseStreamEvent[] = []
  for await (const event of events) {
    found.push(event)
    if (found.length === count) break
  }
  return found
}

export function typesOf(events: readonly { type: string }[]): string[] {
  return events.map(({ type }) => type)
}

export function numbersOf(events: readonly ResponseStreamEvent[]): number[] {
  return events.map(({ sequence_number }) => sequence_number)
}

export function textOf(events: readonly ResponseStreamEvent[]): string {
  return events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
}

/** The id in the first event that has one. */
export function idOf(events: readonly ResponseStreamEvent[]): string {
  for (const event of events) if (event.type === 'response.created') return event.response.id
  throw new Error('No event has an id.')
}

/** The error of a call that fails. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => {
      throw new Error('It did not fail.')
    },
    (error: unknown) => error,
  )
}
