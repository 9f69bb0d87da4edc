import { createServer } from 'node:http'
import { a2aAgent } from '@rejoin/proxy/a2a'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ask, collect, failureOf, inBackground, run, textIn } from '../runs.ts'
import { open } from './support/faked.ts'
import { gate, piece, serve, silenced } from './support/served.ts'

const url = 'http://agent.test/a2a'

function answered(answer: () => Response | Promise<Response>, more: Partial<Parameters<typeof a2aAgent>[0]> = {}) {
  return a2aAgent({ url, fetch: async () => await answer(), ...more })
}

function error(code: number): Response {
  return Response.json({ jsonrpc: '2.0', id: 1, error: { code, message: 'upstream says: Gringotts' } })
}

describe('the start of an A2A task', () => {
  silenced()

  it.each([
    ['start_unknown', 'an error inside the agent', () => error(-32603)],
    ['start_unknown', 'an operation its agent may not do, once it has begun', () => error(-32004)],
    ['agent_failed', 'a version it does not speak', () => error(-32009)],
    ['unauthorized', 'no entry', () => new Response('', { status: 401 })],
    ['rate_limited', 'too many', () => new Response('', { status: 429, headers: { 'retry-after': '2' } })],
    ['start_unknown', 'a gateway that got no answer', () => new Response('<html>', { status: 502 })],
    ['start_unknown', 'a stream that says nothing', () => new Response('', { headers: { 'content-type': 'text/event-stream' } })],
    ['start_unknown', 'a connection that breaks', () => Promise.reject(new TypeError('fetch failed'))],
    ['unavailable', 'a server that is not there', () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }))],
  ] as const)('is %s after %s, and is asked for once', async (code, _, answer) => {
    for (const start of ['stream', 'whole'] as const) {
      let asked = 0
      const agent = answered(() => {
        asked += 1
        return answer()
      })
      const failure = await failureOf(start === 'stream' ? collect(agent.runStreaming(ask, run)) : agent.run(ask, inBackground))
      expect(failure).toMatchObject({ code })
      expect(String(failure)).not.toContain('Gringotts')
      expect(asked).toBe(1)
    }
  })

  it('is unknown where a real server dies before it has said anything', async () => {
    const { step } = gate()
    const server = await serve(() => ({ steps: [step] }), { store: { saveMs: 60_000 } })
    const started = failureOf(collect(server.agent().runStreaming(ask, run)))
    while (server.started() === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    await server.kill()
    expect(await started).toMatchObject({ code: 'start_unknown' })
    await server.restart('kept')
    expect(server.started()).toBe(1)
  })

  it('is unknown where nobody answers in time', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => silent.closeAllConnections())
    onTestFinished(() => void silent.close())
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : null
    const agent = a2aAgent({ url: `http://127.0.0.1:${port}/`, startMs: 30 })
    expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'start_unknown' })
  })

  it('names its task before the answer', async () => {
    const server = await serve({ steps: [piece('Yes')] })
    const heard: string[] = []
    const { handle } = await server.agent().run(ask, { ...inBackground, named: async (name) => void heard.push(name) })
    expect(heard).toEqual([handle])
    expect(handle).toEqual(expect.any(String))
  })

  it('starts nothing where the card can not be read, and reads it again the next time', async () => {
    const server = await serve({ steps: [piece('Yes')] })
    let broken = true
    const agent = server.agent({ fetch: async (address, init) => (broken ? new Response('', { status: 500 }) : await fetch(address, init)) })
    expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'unavailable' })
    broken = false
    expect(textIn(await collect(agent.runStreaming(ask, run)))).toBe('Yes')
    expect(server.started()).toBe(1)
  })

  it.each([
    ['does not come', () => new Promise<Response>(() => {})],
    ['does not end', () => open({ type: 'application/json', first: '{' })],
    ['breaks off', () => new Response(new ReadableStream({ start: (body) => body.error(new Error('Broken.')) }))],
    ['is no card', () => new Response('<html>')],
  ] as const)('starts nothing where the card %s', async (_, card) => {
    const agent = answered(card, { url: `${url}/card.json`, answerMs: 30 })
    expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'unavailable' })
  })

  it('is left at once while the card is read, which others still wait for', async () => {
    const server = await serve({ steps: [piece('Yes')] })
    let comes = (): void => {}
    const coming = new Promise<void>((resolve) => (comes = resolve))
    const agent = server.agent({
      async fetch(address, init) {
        await coming
        return await fetch(address, init)
      },
    })
    const leaving = new AbortController()
    const left = new DOMException('Left.', 'AbortError')
    const first = failureOf(collect(agent.runStreaming(ask, { ...run, signal: leaving.signal })))
    const other = collect(agent.runStreaming(ask, { ...run, runId: 'another' }))
    leaving.abort(left)
    expect(await first).toBe(left)
    comes()
    expect(textIn(await other)).toBe('Yes')
    expect(server.started()).toBe(1)
  })

  it('starts nothing with a card that names no interface it could ask', async () => {
    const agent = answered(() => Response.json({ supportedInterfaces: [{ url, protocolBinding: 'GRPC', protocolVersion: '1.0' }] }), { url: `${url}/card.json` })
    expect(await failureOf(collect(agent.runStreaming(ask, run)))).toMatchObject({ code: 'unavailable', message: expect.stringContaining('agent card') })
  })

  it('asks for headers before each request, and follows no redirect with them (row 82)', async () => {
    const asked: RequestInit[] = []
    let tickets = 0
    const server = await serve({ steps: [piece('Yes')] })
    const agent = server.agent({
      headers: async () => ({ authorization: `Bearer ticket-${(tickets += 1)}` }),
      fetch: async (address, init) => {
        asked.push(init)
        return await fetch(address, init)
      },
    })
    await collect(agent.runStreaming(ask, run))
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer ticket-2', 'Bearer ticket-3'])
    expect(asked.every(({ redirect }) => redirect === 'manual')).toBe(true)
    const unable = server.agent({ headers: () => Promise.reject(new Error('a secret')) })
    expect(await failureOf(collect(unable.runStreaming(ask, run)))).toMatchObject({ code: 'unavailable' })
  })

  /** Asks an agent whose card is at one address and names another; gives what was sent where. */
  async function asked(card: string, named: string, options: Pick<Parameters<typeof a2aAgent>[0], 'headers' | 'origins'> = {}) {
    const sent: (string | null)[][] = []
    const agent = a2aAgent({
      url: card,
      ...options,
      async fetch(address, init) {
        sent.push([address, new Headers(init.headers).get('authorization')])
        if (address !== card) return new Response('', { status: 401 })
        return Response.json({ supportedInterfaces: [{ url: named, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }] })
      },
    })
    return { sent, failure: await failureOf(collect(agent.runStreaming(ask, run))) }
  }

  it('sends headers to the origin of its address, and to those that are named, whatever the card says (row 82)', async () => {
    const authorization = 'Bearer ticket'
    const card = 'https://agent.test/card.json'
    // One that looks at nothing is asked for no other address.
    for (const headers of [{ authorization }, () => ({ authorization })]) {
      for (const [named, ticket] of [['https://agent.test/a2a', authorization], ['https://other.test/a2a', null], ['https://agent.test:8443/a2a', null]] as const) {
        expect((await asked(card, named, { headers })).sent).toEqual([[card, authorization], [named, ticket]])
      }
      const { sent } = await asked(card, 'https://other.test/a2a', { headers, origins: ['https://other.test/'] })
      expect(sent).toEqual([[card, authorization], ['https://other.test/a2a', authorization]])
    }
  })

  it('asks a function for the headers of each address', async () => {
    const headers = ({ hostname }: URL) => ({ authorization: hostname })
    const { sent } = await asked('https://agent.test/card.json', 'https://other.test/a2a', { headers, origins: ['https://other.test'] })
    expect(sent.map(([, authorization]) => authorization)).toEqual(['agent.test', 'other.test'])
  })

  it('starts nothing with a card that leads from https to http', async () => {
    const { sent, failure } = await asked('https://agent.test/card.json', 'http://agent.test/a2a')
    expect(failure).toMatchObject({ code: 'internal', cause: { message: expect.stringContaining('names an http address') } })
    expect(sent).toHaveLength(1)
  })

  it('needs an address', () => {
    expect(() => a2aAgent({ url: 'agent-card.json' })).toThrow('that is no address')
    expect(() => a2aAgent({ url, origins: ['other.test'] })).toThrow('that is no address')
  })
})
