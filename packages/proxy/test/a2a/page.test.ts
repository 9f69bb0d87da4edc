import { memoryRunStore, textOf, type Session } from '@rejoin/core'
import { describe, expect, it, vi } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { gate, piece, serve, silenced } from './support/served.ts'

const patience = { timeout: 10_000 }

function answersOf(chat: Session): string[] {
  return chat.getSnapshot().messages.filter(({ role }) => role === 'assistant').map((message) => textOf(message))
}

describe('a page in front of an A2A agent that asks', () => {
  silenced()

  it('shows the question after a reload, answers it, and shows the rest after another, by proxies that know nothing of each other (rows 15, 25)', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('There are two. '), { type: 'ask', state: 'input_required', parts: ['Which?'] }, piece('May '), step, piece('was good.')] })
    const store = memoryRunStore()
    const first = openPage({ fetch: serveProxy(server.agent()).fetch, store })
    await first.chat.send('How were the sales?')
    await vi.waitFor(() => expect(first.state()).toEqual({ type: 'paused', reason: 'input' }), patience)
    first.leave()

    const second = openPage({ fetch: serveProxy(server.agent()).fetch, store })
    await vi.waitFor(() => expect(second.chat.getSnapshot().requests).toMatchObject([{ kind: 'input', prompt: 'Which?' }]), patience)
    const [request] = second.chat.getSnapshot().requests
    expect(await second.chat.answer(request?.id ?? '', 'May')).toMatchObject({ accepted: true })
    await vi.waitFor(() => expect(answersOf(second.chat)).toEqual(['There are two. Which?', 'May ']), patience)
    second.leave()

    const third = openPage({ fetch: serveProxy(server.agent()).fetch, store })
    await vi.waitFor(() => expect(answersOf(third.chat)).toEqual(['There are two. Which?', 'May ']), patience)
    open()
    await vi.waitFor(() => expect(third.state()).toEqual({ type: 'completed' }), patience)
    expect(answersOf(third.chat)).toEqual(['There are two. Which?', 'May was good.'])
    expect(third.chat.getSnapshot().requests).toEqual([])
    expect(server.started()).toBe(2)
  }, 40_000)

  it('goes on in the same run once the person has signed in elsewhere (row 25)', async () => {
    const { step, open } = gate()
    const until = step.type === 'wait' && typeof step.until === 'function' ? { until: step.until } : {}
    const server = await serve({ steps: [{ type: 'ask', state: 'auth_required', parts: ['Sign in.'], ...until }, piece('Welcome.')] })
    const page = openPage({ fetch: serveProxy(server.agent()).fetch })
    await page.chat.send('Hello')
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'paused', reason: 'auth' }), patience)
    open()
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'completed' }), patience)
    expect(answersOf(page.chat)).toEqual(['Welcome.'])
    expect(server.started()).toBe(1)
  }, 30_000)
})
