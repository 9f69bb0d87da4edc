import { requestsIn, splitToken, type AgentRunOptions } from '@rejoin/core'
import { describe, expect, it } from 'vitest'
import { ask, collect, endOf, failureOf, inBackground, lastToken, run, shown } from '../runs.ts'
import { faked, result, stream } from './support/faked.ts'
import { piece, serve, silenced, type Served } from './support/served.ts'

/** The contexts that messages were sent with, in order. */
function sentContexts(server: Served): unknown[] {
  return server.requests.filter(({ method }) => method.startsWith('Send')).map(({ params }) => JSON.parse(JSON.stringify(params)).message.contextId)
}

describe('the conversation with an A2A agent', () => {
  silenced()

  it('is its context, told at the end by stream, poll and cancel alike, and gone on with by the next turn (row 15)', async () => {
    const server = await serve({ steps: [piece('Yes')] })
    const first = await collect(server.agent().runStreaming(ask, run))
    const { conversation } = endOf(first)
    const [, contextId] = splitToken(lastToken(first)).handle.split('/')
    expect(conversation).toBe(contextId)
    const options = { ...run, continuationToken: lastToken(first) }
    expect(endOf(await collect(server.agent().runStreaming([], options)))).toMatchObject({ conversation })
    expect(await server.agent().run([], options)).toMatchObject({ conversation })
    expect(await server.agent().cancel(options)).toMatchObject({ conversation })

    const next = await collect(server.agent().runStreaming(ask, { session: 'another', runId: 'next', conversation }))
    expect(endOf(next)).toMatchObject({ conversation })
    expect(await server.agent().run(ask, { ...inBackground, session: 'another', runId: 'third', conversation })).toMatchObject({ conversation })
    expect(sentContexts(server)).toEqual([conversation, conversation, conversation])
  })

  it('is told where the agent waits for the person, too (rows 15, 25)', async () => {
    const server = await serve({ steps: [{ type: 'ask', state: 'input_required', parts: ['Which?'] }, piece('Yes')] })
    const first = await collect(server.agent().runStreaming(ask, { ...run, conversation: 'a-context-of-its-own' }))
    expect(first.at(-1)).toMatchObject({ type: 'pause', conversation: 'a-context-of-its-own' })
    const request = first.flatMap((update) => (update.type === 'part' && update.part.type === 'request' ? [update.part.id] : []))[0] ?? ''
    const message = [{ id: 'm', role: 'user', parts: [{ type: 'answer', kind: 'input', request, text: 'This' }] }] as const
    const next = await collect(server.agent().runStreaming(message, { ...run, runId: 'next', conversation: 'a-context-of-its-own' }))
    expect(endOf(next)).toMatchObject({ outcome: { type: 'completed' }, conversation: 'a-context-of-its-own' })
  })

  it('is one for a session where nobody says which, and another where it begins anew', async () => {
    const server = await serve({ steps: [piece('Yes')] })
    const turns: AgentRunOptions[] = [run, { ...run, runId: 'b' }, { ...run, runId: 'c', conversation: null }, { ...run, runId: 'd', conversation: null }]
    for (const turn of turns) await collect(server.agent().runStreaming(ask, turn))
    const [a, b, c, d] = sentContexts(server)
    expect(b).toBe(a)
    expect(new Set([a, c, d]).size).toBe(3)
  })

  it('is no session that two visitors of a public page have named alike: the first turn has a context of its own', async () => {
    const server = await serve({ steps: [{ type: 'ask', state: 'input_required', parts: ['Which?'] }, piece('Yes')] })
    const visitors = ['a', 'b'].map((runId) => ({ ...run, user: null, runId }))
    const conversations: string[] = []
    for (const visitor of visitors) {
      const updates = await collect(server.agent().runStreaming(ask, visitor))
      const pause = updates.at(-1)
      conversations.push((pause?.type === 'pause' && pause.conversation) || '')
      const request = requestsIn(shown(updates))[0]?.id ?? ''
      const message = [{ id: 'm', role: 'user', parts: [{ type: 'answer', kind: 'input', request, text: 'This' }] }] as const
      expect(await failureOf(server.agent().run(message, { ...visitor, runId: 'none' }))).toMatchObject({ code: 'not_found' })
      const next = { ...visitor, runId: `${visitor.runId}-2`, conversation: conversations.at(-1) }
      expect(endOf(await collect(server.agent().runStreaming(message, next)))).toMatchObject({ conversation: conversations.at(-1) })
    }
    const [one, another] = conversations
    expect(one).not.toBe(another)
    expect(sentContexts(server)).toEqual([one, one, another, another])
  })

  it('is the one that an answer without a task names, or the one that was sent', async () => {
    const server = await serve({ message: ['Pong'] })
    const { conversation } = endOf(await collect(server.agent().runStreaming(ask, run)))
    expect(conversation).toBe(sentContexts(server)[0])
    for (const [contextId, expected] of [['named', 'named'], [undefined, 'sent']]) {
      const message = { messageId: 'm', role: 'ROLE_AGENT', parts: [{ text: 'Pong' }], ...(contextId !== undefined && { contextId }) }
      const { agent } = faked({ SendStreamingMessage: () => stream({ message }) })
      expect(endOf(await collect(agent.runStreaming(ask, { ...run, conversation: 'sent' })))).toMatchObject({ conversation: expected })
    }
  })

  it('is the one that the server has made of it', async () => {
    const kept = { id: 'task', contextId: 'of-the-server', status: { state: 'TASK_STATE_COMPLETED' } }
    const { agent } = faked({ SendStreamingMessage: () => stream({ task: kept }), GetTask: () => result(kept) })
    expect(endOf(await collect(agent.runStreaming(ask, run)))).toMatchObject({ conversation: 'of-the-server' })
  })
})
