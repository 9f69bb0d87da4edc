import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { createEngine, memoryRunStore, proxyAgent, soloTabs, textOf, type Engine, type Session } from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { createWire, type CreateWireOptions, type Wire } from '@rejoin/testkit/playwright'
import { serve, type Server } from '@rejoin/testkit/server'
import { afterEach, describe, expect, it, vi } from 'vitest'

const words = ['Be', 'cause ', 'it ', 'is ', 'thére', '.']
const text = words.join('')
/** With the end. */
const updates = words.length + 1

const open: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

/** A server whose agent says one word after the other, in one burst or with time between them. */
async function agentServer({ paceMs = 0, path = '/api/agent' } = {}): Promise<Server & { started(): number }> {
  let started = 0
  const proxy = createAgentProxy({
    agent: backgroundAgent(async function* () {
      started += 1
      for (const word of words) {
        if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs))
        yield word
      }
    }),
    secret: 'not a secret, but as long as one has to be',
    authorize: () => null,
    basePath: path,
  })
  const server = await serve((request) => (new URL(request.url).pathname.startsWith(path) ? proxy(request) : new Response('The page.')))
  open.push(() => server.close())
  return { ...server, started: () => started }
}

async function wireTo(target: string, options?: CreateWireOptions): Promise<Wire> {
  const wire = await createWire(target, options)
  // A test says itself what it thinks of faults that have not happened.
  open.push(() => wire.close().catch(() => {}))
  return wire
}

interface Page {
  readonly session: Session
  text(): string
  ended(): Promise<void>
  reload(): Promise<void>
}

/** A page on the other end of the wire. */
function openPage(url: string): Page {
  const store = memoryRunStore()
  const agent = proxyAgent({ url })
  let engine: Engine
  let session: Session
  let leave = (): void => {}

  function load(): void {
    engine = createEngine({ agent, user: null, store, tabs: soloTabs(), backoff: { baseMs: 5 } })
    const unmount = engine.mount()
    session = engine.session('s')
    const unsubscribe = session.subscribe(() => {})
    leave = () => {
      unsubscribe()
      unmount()
    }
  }

  load()
  open.push(() => leave())
  const answer = (): string => session.getSnapshot().messages.filter(({ role }) => role === 'assistant').map(textOf).join('')
  return {
    get session() {
      return session
    },
    text: answer,
    ended: () => vi.waitFor(() => expect(session.getSnapshot().run?.state.type).toBe('completed'), { timeout: 4_000 }),
    async reload() {
      leave()
      await new Promise((resolve) => setTimeout(resolve, 5))
      load()
      await session.restored()
    },
  }
}

/** Starts a run by hand and reads the stream as far as it comes. */
async function readStart(url: string): Promise<{ read(): Promise<string> }> {
  const leaving = new AbortController()
  open.push(() => leaving.abort())
  const response = await fetch(`${url}/runs`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', 'rejoin-version': '1' },
    body: JSON.stringify({ id: crypto.randomUUID(), session: 's', background: true, message: { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Why?' }] } }),
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let all = ''
  /** One that was not answered before the silence is read on with. */
  let reading: Promise<ReadableStreamReadResult<string> | null> | undefined
  return {
    /** All that comes until the stream stands still, is over or breaks. */
    async read() {
      while (reader) {
        const silence = new Promise<null>((resolve) => setTimeout(() => resolve(null), 200))
        reading ??= reader.read().catch(() => null)
        const next = await Promise.race([reading, silence])
        if (next === null || next.done) break
        reading = undefined
        all += next.value
      }
      return all
    },
  }
}

const deltas = (body: string): string[] => [...body.matchAll(/"delta":"([^"]*)"/g)].map(([, delta = '']) => delta)

describe('at an update', () => {
  it('passes that update as the last one, to the end of its event, however many came at once', async () => {
    for (const update of [1, 3, words.length]) {
      const { url } = await agentServer()
      const wire = await wireTo(url)
      const stalled = wire.at(update).stall()
      const stream = await readStart(`${wire.url}/api/agent`)
      await stalled
      const body = await stream.read()
      expect(deltas(body)).toEqual(words.slice(0, update))
      expect(body.endsWith('\n\n')).toBe(true)
      wire.release()
      expect(deltas(await stream.read())).toEqual(words)
    }
  })

  it('a cut at each of them leaves the text identical and the run one', async () => {
    for (let update = 1; update <= updates; update += 1) {
      const server = await agentServer({ paceMs: 3 })
      const wire = await wireTo(server.url)
      const page = openPage(`${wire.url}/api/agent`)
      const cut = wire.at(update).cut()
      await page.session.send('Why?')
      await cut
      await page.ended()
      expect([update, page.text(), server.started(), wire.mostStreams()]).toEqual([update, text, 1, 1])
      await wire.close()
    }
  })

  it('a page that is reloaded has what had passed, and several faults happen in their order', async () => {
    const server = await agentServer({ paceMs: 3 })
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/api/agent`)
    const reloads = ['Because ', 'Because it is thére'].map((passed, turn) =>
      wire.at([2, 5][turn] ?? 0).reload({
        async reload() {
          await vi.waitFor(() => expect(page.text()).toBe(passed))
          await page.reload()
          expect(page.text().startsWith(passed)).toBe(true)
        },
      }),
    )
    await page.session.send('Why?')
    await Promise.all(reloads)
    await page.ended()
    expect(page.text()).toBe(text)
    expect(wire.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
    await wire.close()
  })

  it('or at a point of the text', async () => {
    const { url } = await agentServer()
    const wire = await wireTo(url)
    const stalled = wire.at(({ text }) => text.includes('it')).stall()
    const stream = await readStart(`${wire.url}/api/agent`)
    await stalled
    expect(deltas(await stream.read()).join('')).toBe('Because it ')
  })

  it('counts what is sent again once', async () => {
    const server = await agentServer({ paceMs: 3 })
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/api/agent`)
    const cuts = [wire.at(3).cut(), wire.at(4).cut(), wire.at(updates).cut()]
    await page.session.send('Why?')
    await Promise.all(cuts)
    await page.ended()
    expect(page.text()).toBe(text)
  })

  it('what never happens is said when the wire is closed, and to who waits for it', async () => {
    const server = await agentServer()
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/api/agent`)
    const never = wire.at(99).cut()
    await page.session.send('Why?')
    await page.ended()
    await expect(wire.close()).rejects.toThrow(`at update 99 (the longest run had ${updates})`)
    await expect(never).rejects.toThrow('before this happened')
  })

  it('what fails as it happens is said when the wire is closed, and to who waits for it', async () => {
    const server = await agentServer()
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/api/agent`)
    const reason = new Error('There is no page.')
    const reloaded = wire.at(4).reload({ reload: () => Promise.reject(reason) })
    await page.session.send('Why?')
    await page.ended()
    await expect(reloaded).rejects.toBe(reason)
    await expect(wire.close()).rejects.toMatchObject({ message: expect.stringContaining('failed: at update 4.'), cause: reason })
  })

  it('what is still happening when the wire is closed has not happened', async () => {
    const server = await agentServer()
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/api/agent`)
    let begun = false
    const reloaded = wire.at(4).reload({
      reload() {
        begun = true
        return new Promise(() => {})
      },
    })
    await page.session.send('Why?')
    await vi.waitFor(() => expect(begun).toBe(true))
    await expect(wire.close()).rejects.toThrow('never happened: at update 4')
    await expect(reloaded).rejects.toThrow('before this happened')
  })

  it('a wire that has seen no request of the agent says so, and how it finds the agent', async () => {
    const server = await agentServer({ path: '/chat/run' })
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/chat/run`)
    void wire.at(2).cut()
    await page.session.send('Why?')
    await page.ended()
    await expect(wire.close()).rejects.toThrow(/No request below \/api\/agent came by at all: .* option agentPath/)
  })
})

describe('the network', () => {
  it('refuses every connection until it accepts', async () => {
    const server = await agentServer()
    const wire = await wireTo(server.url)
    const page = openPage(`${wire.url}/api/agent`)
    void wire.at(2).refuse()
    await page.session.send('Why?')
    await vi.waitFor(() => expect(wire.refused()).toBeGreaterThanOrEqual(2))
    expect(page.text()).not.toBe(text)
    wire.accept()
    await page.ended()
    expect([page.text(), server.started()]).toEqual([text, 1])
  })

  it('goes offline and online together with the browser', async () => {
    const { url } = await agentServer()
    const wire = await wireTo(url)
    const told: boolean[] = []
    const context = { setOffline: async (offline: boolean) => void told.push(offline) }
    await wire.offline(context)
    await expect(fetch(wire.url)).rejects.toThrow('fetch failed')
    await wire.online(context)
    expect([(await fetch(wire.url)).status, told]).toEqual([200, [true, false]])
  })

  it('holds requests of the agent until they are released, and no others', async () => {
    const { url, started } = await agentServer()
    const wire = await wireTo(url)
    const page = openPage(`${wire.url}/api/agent`)
    wire.hold(({ method }) => method === 'POST')
    await page.session.send('Why?')
    await vi.waitFor(() => expect(wire.requests).toHaveLength(1))
    expect(await (await fetch(wire.url)).text()).toBe('The page.')
    expect([started(), wire.requests[0]?.closedAt]).toEqual([0, null])
    wire.release()
    await page.ended()
    expect(started()).toBe(1)
  })

  it('stands still with connections that stay open', async () => {
    const { url } = await agentServer()
    const wire = await wireTo(url)
    const page = openPage(`${wire.url}/api/agent`)
    wire.stall()
    await page.session.send('Why?')
    await vi.waitFor(() => expect(wire.mostStreams()).toBe(1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(page.text()).toBe('')
    expect(wire.requests.map(({ closedAt }) => closedAt)).toEqual([null])
    wire.release()
    await page.ended()
    expect(wire.requests).toHaveLength(1)
  })

  it('breaks for the browser where the server dies', async () => {
    const { url, close } = await agentServer({ paceMs: 500 })
    const wire = await wireTo(url)
    const response = await fetch(`${wire.url}/`)
    expect(response.status).toBe(200)
    const stream = await readStart(`${wire.url}/api/agent`)
    await close()
    await vi.waitFor(() => expect(wire.requests[0]?.closedAt).not.toBe(null))
    expect((await stream.read()).includes('"end"')).toBe(false)
  })

  it('knows the agent by the path that the app serves it at', async () => {
    const { url } = await agentServer({ path: '/chat/run' })
    const wire = await wireTo(url, { agentPath: '/chat/run' })
    const page = openPage(`${wire.url}/chat/run`)
    await page.session.send('Why?')
    await page.ended()
    await fetch(`${wire.url}/chat/runner`)
    expect(wire.requests.map(({ path }) => path)).toEqual(['/chat/run/runs'])
    expect(wire.traffic()).toContain('"delta":"thére"')
  })

  it('passes streams that come at the same time each as it was sent', async () => {
    const bodies = [12, 34].map((size) => Array.from({ length: 100 }, (_, at) => `data: ${String(at).padEnd(size, '.')}\n\n`).join(''))
    const { url, close } = await serve((request) => {
      const body = bodies[Number(new URL(request.url).searchParams.get('body') ?? Number.NaN)]
      return new Response(body ?? 'The page.', { headers: { 'content-type': 'text/event-stream' } })
    })
    open.push(close)
    const wire = await wireTo(url)
    // Each stands still in the middle of what has come.
    wire.stall()
    const answers = await Promise.all(bodies.map((_, at) => fetch(`${wire.url}/api/agent?body=${at}`)))
    await (await fetch(wire.url)).text()
    wire.release()
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(bodies)
  })

  it('passes WebSockets both ways, whatever is cut', async () => {
    const server = createServer()
    let origin: string | undefined
    server.on('upgrade', ({ headers }, socket) => {
      origin = `${headers.origin} at ${headers.host}`
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`)
      socket.pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    open.push(() => new Promise((resolve) => server.close(resolve)))
    const wire = await wireTo(`http://127.0.0.1:${port}`)
    const socket = connect(Number(new URL(wire.url).port), '127.0.0.1')
    socket.write('GET /hmr HTTP/1.1\r\nHost: h:1\r\nOrigin: http://h:1\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    expect(String(await once(socket, 'data'))).toContain('Upgrade: echo')
    expect(origin).toBe('http://h:1 at h:1')
    wire.cut()
    socket.write('still here')
    expect(String(await once(socket, 'data'))).toBe('still here')
    socket.destroy()
  })

  it('wants a target that it can read', async () => {
    await expect(createWire('https://example.com')).rejects.toThrow('speaks http, not https:')
  })
})

describe('its address', () => {
  const hasIPv6 = Object.values(networkInterfaces()).flat().some((known) => known?.address === '::1')

  /** A server that says what a request says of where it goes to and comes from. */
  async function echo(address: string): Promise<number> {
    const server = createServer(({ headers }, response) => response.end(`${headers.origin} at ${headers.host}`))
    await new Promise<void>((resolve) => server.listen(0, address, resolve))
    open.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    return port
  }

  for (const [hostname, address] of [['localhost', '127.0.0.1'], ['127.0.0.1', '127.0.0.1'], ['[::1]', '::1']] as const) {
    it.skipIf(address === '::1' && !hasIPv6)(`has the app's host name where that is ${hostname}, and who asks says so to the app`, async () => {
      const wire = await wireTo(`http://${hostname}:${await echo(address)}/`)
      const { hostname: own, host, origin } = new URL(wire.url)
      expect(own).toBe(hostname)
      const response = await fetch(wire.url, { headers: { origin } })
      expect(await response.text()).toBe(`${origin} at ${host}`)
    })
  }

  it.skipIf(!hasIPv6)('is reached at either address that localhost stands for, and cut at both', async () => {
    const wire = await wireTo(`http://localhost:${await echo('127.0.0.1')}`)
    const { port } = new URL(wire.url)
    for (const address of ['127.0.0.1', '[::1]']) {
      const url = `http://${address}:${port}`
      expect(await (await fetch(url)).text()).toContain(url.slice('http://'.length))
      wire.refuse()
      await expect(fetch(url)).rejects.toThrow('fetch failed')
      wire.accept()
    }
    await wire.close()
    for (const address of ['127.0.0.1', '[::1]']) await expect(fetch(`http://${address}:${port}`)).rejects.toThrow('fetch failed')
  })

  it('is 127.0.0.1 where the app is on another machine', async () => {
    expect(new URL((await wireTo('http://app.example:3000/below/')).url)).toMatchObject({ hostname: '127.0.0.1', pathname: '/below' })
  })
})
