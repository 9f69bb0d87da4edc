import { splitToken, textOf, userMessage, type AgentResponseUpdate } from '@rejoin/core'
import { describe, expect, it, vi } from 'vitest'
import { ask, collect, collectUntil, endOf, failureOf, inBackground, lastToken, run, runId, shown, textIn } from '../runs.ts'
import { gate, piece, serve, silenced } from './support/served.ts'

const withText = (text: string) => (update: AgentResponseUpdate) => update.type === 'text' && update.delta === text

describe('an A2A agent', () => {
  silenced()

  it('sends, subscribes, gets and cancels; its token is the ids of task and context (row 50)', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One '), piece('two '), step] })
    const first = await collectUntil(server.agent().runStreaming(ask, run), withText('two '))
    const token = lastToken(first)
    await collectUntil(server.agent().runStreaming([], { ...run, continuationToken: token }), ({ type }) => type === 'snapshot')
    await server.agent().run([], { ...run, continuationToken: token })
    const { state } = await server.agent().cancel({ ...run, continuationToken: token })
    expect(state).toEqual({ type: 'cancelled' })
    expect(server.methods()).toEqual(['SendStreamingMessage', 'SubscribeToTask', 'GetTask', 'GetTask', 'CancelTask'])

    const [sent, subscribed] = server.requests.map(({ params }) => params)
    expect(sent).toMatchObject({ message: { messageId: runId, role: 'ROLE_USER', parts: [{ text: textOf({ parts: ask[0]?.parts ?? [] }) }] } })
    const { handle } = splitToken(token)
    const [taskId, contextId] = handle.split('/')
    expect(subscribed).toEqual({ id: taskId })
    expect(sent).toMatchObject({ message: { contextId } })
    expect(server.requests[0]?.headers).toMatchObject({ 'a2a-version': '1.0' })
    expect(new Set(first.flatMap(({ continuationToken }) => continuationToken?.length ?? [])).size).toBe(1)
  })

  it('has one context for the turns of a session, and another for everybody else', async () => {
    const server = await serve({ steps: [piece('Yes')] })
    const contexts: unknown[] = []
    const callers = [{ user: 'ada', session: 'a' }, { user: 'ada', session: 'a' }, { user: 'ada', session: 'b' }, { user: 'bob', session: 'a' }, { user: null, session: 'a' }]
    for (const [at, caller] of callers.entries()) {
      const updates = await collect(server.agent().runStreaming(ask, { runId: `run-${at}`, ...caller }))
      contexts.push(splitToken(lastToken(updates)).handle.split('/')[1])
    }
    expect(contexts[1]).toBe(contexts[0])
    expect(new Set(contexts).size).toBe(4)
  })

  it('begins a resumed stream with the task as it is, in the next epoch, and goes on with what comes (row 51)', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [{ type: 'status', text: 'Reading' }, piece('One '), piece('two '), step, piece('three')] })
    const first = await collectUntil(server.agent().runStreaming(ask, run), withText('One '))
    const stream = server.agent().runStreaming([], { ...run, continuationToken: lastToken(first) })
    const tail: AgentResponseUpdate[] = []
    for await (const update of stream) {
      tail.push(update)
      if (textIn(tail) === 'One two ') open()
    }
    expect(tail[0]).toMatchObject({ type: 'open', mode: 'snapshot' })
    expect(tail[1]).toMatchObject({ type: 'snapshot', steps: [{ label: 'Reading', state: 'active' }] })
    expect(tail.map(({ cursor }) => cursor.slice(0, 4))).toEqual(tail.map(() => '0001'))
    expect(tail).toContainEqual(expect.objectContaining({ type: 'text', id: 'answer:0', delta: 'three' }))
    expect(shown([...first, ...tail])).toMatchObject({ parts: [{ type: 'text', text: 'One two three' }], state: { type: 'completed' } })
  })

  it('shows what its stream has news of as fast as its server answers, however seldom it is asked otherwise', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('One '), step, piece('two ')] })
    const first = await collectUntil(server.agent().runStreaming(ask, run), withText('One '))
    const begunAt = performance.now()
    for await (const update of server.agent({ poll: { intervalMs: 20_000 } }).runStreaming([], { ...run, continuationToken: lastToken(first) })) {
      if (update.type === 'snapshot') open()
    }
    expect(performance.now() - begunAt).toBeLessThan(10_000)
  }, 30_000)

  it('opens another epoch with each resume (row 51)', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One'), step] })
    let updates = await collectUntil(server.agent().runStreaming(ask, run), withText('One'))
    for (const epoch of ['0001', '0002', '0003']) {
      const stream = server.agent().runStreaming([], { ...run, continuationToken: lastToken(updates) })
      updates = await collectUntil(stream, ({ type }) => type === 'snapshot')
      expect(updates.map(({ cursor }) => cursor.slice(0, 4))).toEqual([epoch, epoch])
    }
  })

  it('adds to an artifact what is appended to it, and puts in its place what is not (row 51)', async () => {
    const steps = [piece('A draft'), piece(', longer'), piece('Notes', 'notes'), { type: 'artifact', id: 'answer', parts: ['Final'], append: false }, piece('.')] as const
    const server = await serve({ steps })
    const updates = await collect(server.agent().runStreaming(ask, run))
    const parts = [{ type: 'text', id: 'answer:0', text: 'Final.' }, { type: 'text', id: 'notes:0', text: 'Notes' }]
    expect(shown(updates).parts).toEqual(parts)
    const texts = updates.map((_, at) => textIn(updates.slice(0, at + 1)))
    expect([...new Set(texts)]).toEqual(['', 'A draft', 'A draft, longer', 'A draft, longerNotes', 'FinalNotes', 'Final.Notes'])
    const resumed = await collect(server.agent().runStreaming([], { ...run, continuationToken: lastToken(updates) }))
    expect(shown(resumed).parts).toEqual(parts)
  })

  it('has texts, files and data of artifacts as parts, and status messages as steps, streamed and kept alike (row 51)', async () => {
    const server = await serve({
      steps: [
        { type: 'status', text: 'Drawing' },
        { type: 'artifact', id: 'a', name: 'figures', parts: ['See: ', { type: 'bytes', mediaType: 'image/png', base64: 'AAEC', filename: 'a.png' }, { type: 'data', data: { sum: 1 } }] },
        { type: 'status', text: 'Writing' },
        { type: 'artifact', id: 'a', parts: ['and ', 'that', { type: 'file', mediaType: 'text/csv', url: 'https://files.test/a.csv' }] },
        { type: 'artifact', id: 'b', parts: [{ type: 'file', mediaType: 'text/html', url: 'javascript:alert(1)' }, 'safe'] },
      ],
      outcome: { type: 'completed', text: 'Done' },
    })
    const updates = await collect(server.agent().runStreaming(ask, run))
    const { parts, steps } = shown(updates)
    expect(parts).toEqual([
      { type: 'text', id: 'a:0', text: 'See: ' },
      { type: 'file', id: 'a:1', mediaType: 'image/png', url: 'data:image/png;base64,AAEC', filename: 'a.png' },
      { type: 'data', id: 'a:2', name: 'figures', data: { sum: 1 } },
      { type: 'text', id: 'a:3', text: 'and that' },
      { type: 'file', id: 'a:4', mediaType: 'text/csv', url: 'https://files.test/a.csv' },
      { type: 'text', id: 'b:0', text: 'safe' },
      { type: 'text', id: expect.stringMatching(/:m:0$/), text: 'Done' },
    ])
    expect(steps.map(({ label, state }) => [label, state])).toEqual([['Drawing', 'done'], ['Writing', 'done']])
    const polled = await server.agent().run([], { ...run, continuationToken: lastToken(updates) })
    expect(polled.message.parts).toEqual(parts)
    expect(polled.steps).toEqual(steps)
  })

  it('believes in no end before the server has kept it (row 52)', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('> '), step, ...Array.from({ length: 20 }, (_, at) => piece(`${at} `))] }, { store: { saveMs: 10 } })
    const first = await collectUntil(server.agent().runStreaming(ask, run), withText('> '))
    const stream = server.agent().runStreaming([], { ...run, continuationToken: lastToken(first) })
    const tail: AgentResponseUpdate[] = []
    for await (const update of stream) {
      if (update.type === 'snapshot') open()
      tail.push(update)
    }
    expect(textIn([...first, ...tail])).toBe(`> ${Array.from({ length: 20 }, (_, at) => `${at} `).join('')}`)
    expect(server.methods().filter((method) => method === 'GetTask').length).toBeGreaterThan(1)
  })

  it('tells what its first stream has left out with the end, as the server has kept it (row 52)', async () => {
    const server = await serve({ steps: [piece('One '), piece('two '), piece('three')] })
    const lossy = server.agent({
      async fetch(address, init) {
        const answer = await fetch(address, init)
        if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer
        const events = (await answer.text()).split('\n\n').filter((event) => !event.includes('two '))
        return new Response(events.join('\n\n'), answer)
      },
    })
    const updates = await collect(lossy.runStreaming(ask, run))
    expect(textIn(updates.slice(0, -1))).toBe('One three')
    expect(endOf(updates)).toMatchObject({ parts: [{ text: 'One two three' }], length: 13 })
    expect(textIn(updates)).toBe('One two three')
  })

  it('gets a task that has ended, to which nobody can subscribe (row 53)', async () => {
    const server = await serve({ steps: [piece('One '), piece('two')] })
    const first = await collectUntil(server.agent().runStreaming(ask, run), withText('One '))
    const token = lastToken(first)
    await vi.waitFor(async () => expect((await server.agent().run([], { ...run, continuationToken: token })).continuationToken).toBeNull())
    const asked = server.requests.length
    const tail = await collect(server.agent().runStreaming([], { ...run, continuationToken: token }))
    expect(server.methods().slice(asked)).toEqual(['SubscribeToTask', 'GetTask'])
    expect(shown([...first, ...tail])).toMatchObject({ parts: [{ text: 'One two' }], state: { type: 'completed' } })
  })

  it('passes other refusals of a subscription on: a task that nobody knows is expired (row 53)', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One'), step] })
    const token = lastToken(await collectUntil(server.agent().runStreaming(ask, run), withText('One')))
    const forbidden = server.agent({ fetch: async () => new Response('no entry', { status: 403 }) , url: server.url })
    const resumed = { ...run, continuationToken: token }
    await expect(collect(forbidden.runStreaming([], resumed))).rejects.toMatchObject({ code: 'unauthorized' })
    const ended = { ...resumed, continuationToken: token.replace(/.(?=\/)/, (last) => (last === '0' ? '1' : '0')) }
    await expect(collect(server.agent().runStreaming([], ended))).rejects.toMatchObject({ code: 'expired' })
    await server.restart('forgotten')
    const agent = server.agent()
    for (const ask of [() => collect(agent.runStreaming([], resumed)), () => agent.run([], resumed), () => agent.cancel(resumed)]) {
      // The connections of before are found out to be dead first.
      await vi.waitFor(async () => expect(await failureOf(ask())).toMatchObject({ code: 'expired' }))
    }
  })

  it.each([['input_required', 'input'], ['auth_required', 'auth']] as const)('leaves the stream of a task that waits: the run is paused, with the question in it: %s (rows 25, 54)', async (type, reason) => {
    const server = await serve({ steps: [piece('I have looked. ')], outcome: { type, text: 'That of May?' } })
    const first = await collect(server.agent().runStreaming(ask, run))
    const parts = [{ type: 'text', text: 'I have looked. ' }, { type: 'request', kind: reason, prompt: 'That of May?' }]
    expect(first.at(-1)).toMatchObject({ type: 'pause', reason, continuationToken: null })
    expect(shown(first)).toMatchObject({ parts, state: { type: 'paused', reason } })
    const resumed = await collect(server.agent().runStreaming([], { ...run, continuationToken: lastToken(first) }))
    expect(resumed.at(-1)).toMatchObject({ type: 'pause', reason })
    expect(shown(resumed).parts).toEqual(shown(first).parts)
    expect(shown([...first, ...resumed]).parts).toEqual(shown(first).parts)
    const polled = await server.agent().run([], { ...run, continuationToken: lastToken(first) })
    expect(polled).toMatchObject({ state: { type: 'paused', reason }, message: { parts }, continuationToken: null })
    expect(await server.agent().run(ask, inBackground)).toMatchObject({ state: { type: 'paused', reason }, continuationToken: null })
  })

  it('goes on where a stream closes while the task is at work, in the same leg (row 55)', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('One '), { type: 'close' }, piece('two '), { type: 'close' }, step, piece('three')] })
    const updates: AgentResponseUpdate[] = []
    for await (const update of server.agent().runStreaming(ask, run)) {
      updates.push(update)
      if (textIn(updates) === 'One two ') open()
    }
    expect(updates.filter(({ type }) => type === 'open')).toHaveLength(1)
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two three' }], state: { type: 'completed' } })
    expect(server.started()).toBe(1)
  })

  it('goes on where a stream falls silent, whatever became of its connection (row 41)', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('One '), step, piece('two')] })
    const reading = collect(server.agent({ stallMs: 40 }).runStreaming(ask, run))
    await vi.waitFor(() => expect(server.methods().filter((method) => method === 'SubscribeToTask').length).toBeGreaterThan(1))
    open()
    const updates = await reading
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two' }], state: { type: 'completed' } })
  })

  it('has a message that comes without a task for the whole answer, without a token (rows 9, 56)', async () => {
    const server = await serve({ message: ['Pong', { type: 'data', data: [1] }] })
    const updates = await collect(server.agent().runStreaming(ask, inBackground))
    expect(updates.every(({ continuationToken }) => continuationToken === null)).toBe(true)
    const parts = [{ type: 'text', text: 'Pong' }, { type: 'data', name: 'data', data: [1] }]
    expect(shown(updates)).toMatchObject({ parts, state: { type: 'completed' } })
    const response = await server.agent().run(ask, { ...inBackground, runId: 'another' })
    expect(response).toMatchObject({ message: { parts }, state: { type: 'completed' }, continuationToken: null })
  })

  it('is polled without a subscription (row 57)', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [{ type: 'status', text: 'Reading' }, piece('One '), step, piece('two')] })
    const { continuationToken: token, state } = await server.agent().run(ask, inBackground)
    expect(state).toEqual({ type: 'working' })
    const asked = server.requests.length
    const polled = await server.agent().run([], { ...run, continuationToken: token })
    expect(polled).toMatchObject({ state: { type: 'working' }, continuationToken: token, steps: [{ label: 'Reading', state: 'active' }] })
    expect(textOf(polled.message)).toBe('One ')
    open()
    await vi.waitFor(async () => {
      const last = await server.agent().run([], { ...run, continuationToken: token })
      expect(last).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
      expect(textOf(last.message)).toBe('One two')
    })
    expect(new Set(server.methods().slice(asked))).toEqual(new Set(['GetTask']))
  })

  it('sends what the person wrote last, files and data included', async () => {
    const server = await serve({ steps: [] })
    const message = { ...userMessage('Look', 'm'), parts: [{ type: 'text', text: 'Look' }, { type: 'file', id: 'f', mediaType: 'image/png', url: 'data:image/png;base64,AAEC', filename: 'a.png' }, { type: 'data', id: 'd', name: 'n', data: { a: 1 } }] as const }
    await collect(server.agent().runStreaming([userMessage('Before'), message], run))
    expect(server.requests[0]?.params).toMatchObject({
      message: { parts: [{ text: 'Look' }, { raw: 'AAEC', mediaType: 'image/png', filename: 'a.png' }, { data: { a: 1 } }] },
    })
  })

  it('sends nothing where a file is at an address that only this site knows', async () => {
    const server = await serve({ steps: [] })
    const message = { ...userMessage('Look', 'm'), parts: [{ type: 'file', id: 'f', mediaType: 'image/png', url: '/files/a.png' }] as const }
    await expect(collect(server.agent().runStreaming([message], run))).rejects.toMatchObject({ code: 'unreadable_file' })
    expect(server.methods()).toEqual([])
  })
})
