import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { responsesEmulator, type Fetch } from '@rejoin/testkit'
import { serve } from '@rejoin/testkit/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { createProvider } from './support/provider.ts'
import { ask, collect, endOf, inBackground, textIn } from '../runs.ts'
import { finish, useFakeTime } from './support/time.ts'

/** The global fetch, on a dispatcher that gives up a body after so many milliseconds of silence. */
async function impatientFetch(bodyTimeout: number): Promise<Fetch> {
  // It is there once something has been fetched.
  await fetch('data:,')
  const dispatcher: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'))
  if (typeof dispatcher !== 'object' || dispatcher === null) throw new Error('This Node has another fetch.')
  const own: unknown = Reflect.construct(dispatcher.constructor, [{ bodyTimeout }])
  return (address, init) => fetch(address, Object.assign({}, init, { dispatcher: own }))
}

/** A body that says nothing any more after its first chunk, and does not end. */
function silentAfterFirst(body: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> {
  const reader = body?.getReader()
  let chunks = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      chunks += 1
      const value = chunks === 1 ? (await reader?.read())?.value : undefined
      if (value) controller.enqueue(value)
      else await new Promise(() => {})
    },
    cancel: (reason) => reader?.cancel(reason),
  })
}

test('a body that Node gives up because it was silent goes on upstream, and the page notices nothing (row 42)', async () => {
  const emulator = responsesEmulator({
    answer: { output: [{ type: 'message', text: ['Be', { wait: 100 }, 'cause ', 'of ', 'it.'] }] },
  })
  const server = await serve(async (request) => {
    const response = await emulator.handler(request)
    return request.method === 'POST' ? new Response(silentAfterFirst(response.body), response) : response
  })
  onTestFinished(() => server.close())
  const patient = await impatientFetch(100)

  const failures: unknown[] = []
  const listening: Fetch = async (url, init) => {
    const { body, status, headers } = await patient(url, init)
    const reader = body?.getReader()
    const heard = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const read = await reader?.read()
          if (read === undefined || read.done) controller.close()
          else controller.enqueue(read.value)
        } catch (error) {
          failures.push(error)
          controller.error(error)
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    })
    return new Response(heard, { status, headers })
  }
  const served = serveProxy(openAIResponsesAgent({ apiKey: 'key', baseURL: `${server.url}/v1`, model: 'm', fetch: listening }))
  const page = openPage({ fetch: served.fetch })
  const states = new Set<string>()
  const ended = new Promise<void>((resolve) => {
    page.chat.subscribe(() => {
      states.add(page.state()?.type ?? '')
      if (page.ended()) resolve()
    })
  })
  void page.chat.send('why?')
  await ended
  expect([page.state(), page.text()]).toEqual([{ type: 'completed' }, 'Because of it.'])
  expect([...states]).not.toContain('reconnecting')
  expect(failures.map(String)).toContain('TypeError: terminated')
  expect(emulator.responses).toHaveLength(1)
  expect(emulator.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
  expect(served.errors).toEqual([])
})

describe('on fake time', () => {
  useFakeTime()

  test('a connection that Node breaks after the id goes on as well, from the agent alone (row 42)', async () => {
    const provider = createProvider(
      { answer: { output: [{ type: 'message', text: ['Be', { cut: true }, 'cause ', { cut: true }, 'of ', 'it.'] }] }, paceMs: 100 },
      (fetch) => async (url, init) => {
        const { body, status, headers } = await fetch(url, init)
        const reader = body?.getReader()
        const terminated = new ReadableStream<Uint8Array>({
          async pull(controller) {
            const read = await reader?.read().catch(() => null)
            if (read === null) controller.error(new TypeError('terminated', { cause: new Error('Body Timeout Error') }))
            else if (read === undefined || read.done) controller.close()
            else controller.enqueue(read.value)
          },
          cancel: (reason) => reader?.cancel(reason),
        })
        return new Response(terminated, { status, headers })
      },
    )
    const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    expect([textIn(updates), endOf(updates).outcome]).toEqual(['Because of it.', { type: 'completed' }])
    expect(updates.filter(({ type }) => type === 'open')).toHaveLength(1)
    expect(provider.emulator.requests.filter(({ search }) => search.has('starting_after'))).toHaveLength(2)
  })
})
