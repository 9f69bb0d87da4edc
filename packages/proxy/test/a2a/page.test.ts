import { memoryRunStore, requestsIn, textOf, userMessage, type AgentRunOptions, type Session } from '@rejoin/core'
import { describe, expect, it, vi } from 'vitest'
import { openPage, serveProxy } from '../browser.ts'
import { collect, failureOf, shown } from '../runs.ts'
import { faked, result, stream, task } from './support/faked.ts'
import { gate, piece, serve, silenced, type Served } from './support/served.ts'

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

  it.each([
    ['without a history', {}],
    ['with a history', { history: () => [userMessage('Earlier', 'm0')] }],
  ])('shows all of it where the person says so only after that, and sends nothing, %s (row 25)', async (_, options) => {
    const { step, open } = gate()
    const until = step.type === 'wait' && typeof step.until === 'function' ? { until: step.until } : {}
    const server = await serve({ steps: [piece('One '), { type: 'ask', state: 'auth_required', parts: ['Sign in.'], ...until }, piece('two '), piece('three')] })
    const page = openPage({ fetch: serveProxy(server.agent(), options).fetch })
    await page.chat.send('Hello')
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'paused', reason: 'auth' }), patience)
    const [request] = page.chat.getSnapshot().requests
    const [taskId = ''] = request?.id.split('/') ?? []
    open()
    await vi.waitFor(async () => expect(await stateOf(server, taskId)).toBe('TASK_STATE_COMPLETED'), patience)
    expect(await page.chat.answer(request?.id ?? '', true)).toMatchObject({ accepted: true })
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'completed' }), patience)
    expect(answersOf(page.chat)).toEqual(['One two three'])
    expect(server.started()).toBe(1)
  }, 30_000)

  it('is answered where the app has a history and the server has a name of its own for the conversation (rows 14, 25)', async () => {
    const texts = ['One ', 'One ', 'One two']
    let sent = 0
    const now = (): unknown => ({ ...task(sent < 2 ? 'INPUT_REQUIRED' : 'COMPLETED', texts[sent] ?? '', { timestamp: `2026-01-01T00:00:0${sent}Z` }), contextId: 'of-the-server' })
    const { agent, methods } = faked({
      GetTask: () => result(now()),
      SendStreamingMessage() {
        sent += 1
        return stream({ task: now() })
      },
    })
    const page = openPage({ fetch: serveProxy(agent, { history: () => [userMessage('Earlier', 'm0')] }).fetch })
    await page.chat.send('Hello')
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'paused', reason: 'input' }), patience)
    await page.chat.answer(page.chat.getSnapshot().requests[0]?.id ?? '', 'This')
    await vi.waitFor(() => expect(page.state()).toEqual({ type: 'completed' }), patience)
    expect(answersOf(page.chat)).toEqual(['One ', 'two'])
    expect(methods.filter((method) => method === 'SendStreamingMessage')).toHaveLength(2)
  }, 30_000)

  it('is not answered any more once another message has passed it over: nothing is sent (row 25)', async () => {
    const server = await serve((text) => ({ steps: text === 'Never mind' ? [piece('Fine.')] : [{ type: 'ask', state: 'input_required', parts: ['Delete all?'] }, piece('Deleted.')] }))
    const { agent } = serveProxy(server.agent())
    const turn = (at: number): AgentRunOptions => ({ session: 'support', background: true, runId: `018f2c4e-0000-7000-8000-00000000000${at}` })
    const asked = await collect(agent.runStreaming([userMessage('Tidy up', 'm1')], turn(1)))
    const pause = asked.at(-1)
    const conversation = pause?.type === 'pause' ? pause.conversation : undefined
    await collect(agent.runStreaming([userMessage('Never mind', 'm2')], { ...turn(2), conversation }))
    const [request] = requestsIn(shown(asked))
    const yes = [{ id: 'm3', role: 'user', parts: [{ type: 'answer', kind: 'input', request: request?.id ?? '', text: 'Yes' }] }] as const
    const late = { ...turn(3), conversation, answers: turn(1).runId }
    expect(await failureOf(collect(agent.runStreaming(yes, late)))).toMatchObject({ code: 'not_found' })
    expect(server.started()).toBe(2)
  })
})

/** Where its server says that a task is. */
async function stateOf({ url }: Served, id: string): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: decodeURIComponent(id) } })
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'a2a-version': '1.0' }, body })
  return (await answer.json()).result.status.state
}
