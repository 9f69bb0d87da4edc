import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine, cursorOf, encodeToken, encodeUpdate, memoryRunStore, proxyAgent, soloTabs, textOf } from '@rejoin/core'
import type { Session } from '@rejoin/core'
import { end, open, text } from './puppetAgent.ts'
import { stubWindow, type StubWindow } from './stubWindow.ts'

/** A server that begins an answer and then stands still, with its socket open; who asks for the rest gets it. */
let server: Server
let window: StubWindow
/** Where each request goes on. */
let asked: (string | undefined)[]
let leaving: () => void

beforeEach(async () => {
  window = stubWindow()
  asked = []
  server = createServer((request, response) => {
    const from = request.headers['last-event-id']?.toString()
    asked.push(from)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (from === undefined) response.write(encodeToken('handle') + encodeUpdate(open()) + encodeUpdate(text(1, 'a')))
    else response.end(encodeUpdate(open()) + encodeUpdate(text(2, 'b')) + encodeUpdate(end(3)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  leaving()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function page(stallMs: number): Promise<Session> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  const agent = proxyAgent({ url: `http://127.0.0.1:${address.port}`, stallMs })
  const engine = createEngine({ agent, user: 'u', store: memoryRunStore(), tabs: soloTabs(), backoff: { baseMs: 1 } })
  leaving = engine.mount()
  const session = engine.session('main')
  session.subscribe(() => {})
  await session.send('A question')
  await expect.poll(() => said(session)).toMatch(/^a/)
  return session
}

const said = (session: Session): string | undefined => session.getSnapshot().messages.map(textOf)[1]
const state = (session: Session): string | undefined => session.getSnapshot().run?.state.type

describe('a socket that stands still', () => {
  it('is given up once nothing has come for as long as it may be silent, and nothing is lost (row 63)', async () => {
    const session = await page(300)
    await expect.poll(() => state(session), { timeout: 5_000 }).toBe('completed')
    expect([said(session), asked.at(-1)]).toEqual(['ab', cursorOf(0, 1)])
  })

  it.each(['visible', 'online', 'back'] as const)('is not trusted by a page that is %s after a long silence (row 63)', async (event) => {
    const session = await page(60_000)
    expect(asked).toHaveLength(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_000 })
    const wakes = { visible: window.show, online: window.online, back: () => (window.freeze(), window.resume()) }
    wakes[event]()
    await expect.poll(() => state(session)).toBe('completed')
    expect([said(session), asked]).toEqual(['ab', [undefined, cursorOf(0, 1)]])
  })
})
