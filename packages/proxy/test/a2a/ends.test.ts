import { isOutcome, type AgentResponseUpdate, type RunOutcome } from '@rejoin/core'
import { describe, expect, it } from 'vitest'
import { ask, collect, collectUntil, endOf, failureOf, inBackground, lastToken, run, shown, textIn } from '../runs.ts'
import { gate, piece, serve, silenced } from './support/served.ts'

const secret = 'the vault of Gringotts'

describe('the end of an A2A task', () => {
  silenced()

  it.each([
    ['says', { type: 'failed', text: secret }],
    ['throws', { type: 'failed', error: secret }],
  ] as const)('tells nothing of what a failed agent %s, by stream and by poll (row 21)', async (_, outcome) => {
    const server = await serve({ steps: [piece('As far as this')], outcome })
    const updates = await collect(server.agent().runStreaming(ask, run))
    expect(endOf(updates).outcome).toEqual({ type: 'failed', code: 'agent_failed' })
    expect(textIn(updates)).toBe('As far as this')
    const options = { ...run, continuationToken: lastToken(updates) }
    const resumed = await collect(server.agent().runStreaming([], options))
    const polled = await server.agent().run([], options)
    expect(JSON.stringify([updates, resumed, polled])).not.toContain('Gringotts')
  })

  it('has what a rejected task says for a refusal', async () => {
    const server = await serve({ steps: [], outcome: { type: 'rejected', text: 'I only do reports.' } })
    const updates = await collect(server.agent().runStreaming(ask, run))
    expect(shown(updates)).toMatchObject({ parts: [{ type: 'refusal', text: 'I only do reports.' }], state: { type: 'failed', code: 'content_policy' } })
    const resumed = await collect(server.agent().runStreaming([], { ...run, continuationToken: lastToken(updates) }))
    expect(shown(resumed)).toMatchObject({ parts: [{ type: 'refusal', text: 'I only do reports.' }] })
  })

  it('says how long the task took by the clock of its server', async () => {
    const server = await serve({ steps: [{ type: 'wait', until: 50 }, piece('One')] })
    const updates = await collect(server.agent().runStreaming(ask, run))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { elapsedMs } = endOf(await collect(server.agent().runStreaming([], { ...run, continuationToken: lastToken(updates) })))
    expect(elapsedMs).toBe(endOf(updates).elapsedMs)
    expect(elapsedMs).toBeGreaterThanOrEqual(49)
  })

  it('keeps what a task came to when it is cancelled afterwards (row 23)', async () => {
    const server = await serve({ steps: [piece('One')] })
    const token = lastToken(await collect(server.agent().runStreaming(ask, run)))
    for (let times = 0; times < 2; times += 1) {
      expect(await server.agent().cancel({ ...run, continuationToken: token })).toMatchObject({ state: { type: 'completed' }, continuationToken: null })
    }
    expect(server.methods()).not.toContain('CancelTask')
  })

  it('is cancelled by its id alone while it is started here (row 23)', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One'), step] })
    const agent = server.agent()
    const updates: AgentResponseUpdate[] = []
    const stops: RunOutcome['type'][] = []
    for await (const update of agent.runStreaming(ask, run)) {
      updates.push(update)
      if (update.type !== 'text') continue
      const { state } = await agent.cancel({ ...run, continuationToken: null })
      if (isOutcome(state)) stops.push(state.type)
    }
    expect(stops).toEqual(['cancelled'])
    expect(endOf(updates).outcome).toEqual({ type: 'cancelled' })
    expect(textIn(updates)).toBe('One')
    expect(await failureOf(server.agent().cancel({ ...run, continuationToken: null }))).toMatchObject({ code: 'not_found' })
  })

  it('takes no task of another conversation than its token says (row 12)', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One'), step] })
    const agent = server.agent()
    const tokens = []
    for (const session of ['a', 'b']) {
      tokens.push(lastToken(await collectUntil(agent.runStreaming(ask, { ...run, session }), ({ type }) => type === 'text')))
    }
    const [one = '', other = ''] = tokens
    const mixed = { ...run, continuationToken: [one.split('/')[0], ...other.split('/').slice(1)].join('/') }
    for (const asked of [() => collect(agent.runStreaming([], mixed)), () => agent.run([], mixed), () => agent.cancel(mixed)]) {
      expect(await failureOf(asked())).toMatchObject({ code: 'not_found' })
    }
    expect(server.methods()).not.toContain('CancelTask')
  })

  it('is found out by asking again and again where the agent does not stream', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [{ type: 'status', text: 'Reading' }, piece('One '), step, piece('two')] }, { streaming: false })
    const updates: AgentResponseUpdate[] = []
    for await (const update of server.agent().runStreaming(ask, inBackground)) {
      updates.push(update)
      if (textIn(updates) === 'One ') open()
    }
    expect(shown(updates)).toMatchObject({ parts: [{ text: 'One two' }], steps: [{ label: 'Reading', state: 'done' }], state: { type: 'completed' } })
    expect(updates.filter(({ type }) => type === 'snapshot')).toEqual([])
    expect(new Set(server.methods())).toEqual(new Set(['SendMessage', 'GetTask']))
  })
})
