import { serve } from '@rejoin/testkit/server'
import { describe, expect, it } from 'vitest'
import { all, failureOf, inBackground, served } from './responses/served.ts'

describe('a server', () => {
  it('serves a handler on a port of its own', async () => {
    const echo = async (request: Request) => new Response(`${request.method} ${await request.text()}`)
    const [first, second] = await Promise.all([serve(echo), serve(echo)])
    expect(first.url).not.toBe(second.url)
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const response = await fetch(`${first.url}/x`, { method: 'POST', body: 'hello' })
    expect(await response.text()).toBe('POST hello')
    await Promise.all([first.close(), second.close()])
    expect(await failureOf(fetch(first.url))).toBeInstanceOf(TypeError)
  })

  it('breaks streams that are open when it closes, and the handler hears of it', async () => {
    let cancelled = (): void => {}
    const heard = new Promise<void>((resolve) => (cancelled = resolve))
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('a')),
      cancel: () => cancelled(),
    })
    const server = await serve(() => new Response(silent, { headers: { 'content-type': 'text/event-stream' } }))
    const body = failureOf((await fetch(server.url)).text())
    await server.close()
    expect(await body).toBeInstanceOf(TypeError)
    await heard
  })

  it('breaks the connection where a body fails', async () => {
    const { client, emulator } = await served({ answer: { output: ['Because.', { cut: true }] } })
    const failure = await failureOf(client.responses.create({ ...inBackground, stream: true }).then(all))
    expect(failure).toBeInstanceOf(TypeError)
    expect(emulator.requests[0]).toMatchObject({ end: 'cut' })
  })
})
