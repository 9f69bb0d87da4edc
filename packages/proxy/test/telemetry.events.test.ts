import { type Agent } from '@rejoin/core'
import { backgroundAgent, createAgentProxy, memoryRunRegistry, type AgentProxyOptions, type ProxyEvent, type RunRegistry } from '@rejoin/proxy'
import { scriptedAgent } from '@rejoin/testkit'
import { decodings } from '@rejoin/testkit/contract'
import { describe, expect, onTestFinished, test } from 'vitest'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { ask, collect, collectUntil, failureOf, inBackground, lastToken, run, runId } from './runs.ts'
import { base, post, secret, serve, settle, sse, startBody, type Served } from './serve.ts'

const about = { runId, session: 'support' }
const script = { steps: ['Be', 'cause.'] }
const usage = { inputTokens: 12, outputTokens: 34 }

interface Watched extends Served {
  readonly events: ProxyEvent[]
}

function watch(agent: Agent, options: Partial<AgentProxyOptions> = {}): Watched {
  const events: ProxyEvent[] = []
  return { ...serve(agent, { onEvent: (event) => events.push(event), ...options }), events }
}

function typesOf({ events }: Watched): string[] {
  return events.map(({ type }) => type)
}

async function startedPuppet(options: Partial<AgentProxyOptions> = {}): Promise<{ watched: Watched; puppet: Puppet; reading: Promise<unknown> }> {
  const puppet = puppetAgent()
  const watched = watch(puppet, options)
  const reading = collect(watched.as('ada').runStreaming(ask, inBackground))
  const leg = await puppet.leg()
  leg.send('h', open(), text(1, 'Be'))
  return { watched, puppet, reading }
}

describe('onEvent', () => {
  test('tells of a run from its start to its end, and how much was sent', async () => {
    const puppet = puppetAgent()
    const watched = watch(puppet)
    const asked = watched.fetch('/runs', post(startBody(), sse))
    const leg = await puppet.leg()
    leg.send('h', open(), text(1, 'Be'))
    leg.send('h', text(2, 'cause.'))
    leg.send('h', { type: 'end', cursor: '0000.0000000003', elapsedMs: 7, outcome: { type: 'incomplete', reason: 'length' }, usage })
    const body = await (await asked).arrayBuffer()
    expect(watched.events).toEqual([
      { type: 'started', ...about, background: true },
      { type: 'leg_opened', ...about, leg: 'start' },
      { type: 'ended', ...about, outcome: { type: 'incomplete', reason: 'length' }, elapsedMs: 7, usage },
      { type: 'leg_closed', ...about, leg: 'start', reason: 'told', updates: 4, bytes: body.byteLength, ms: expect.any(Number) },
    ])
  })

  test('tells of starts that are sent again, of further legs, and of an end once', async () => {
    const watched = watch(scriptedAgent(script))
    const page = watched.as('ada')
    const updates = await collect(page.runStreaming(ask, inBackground))
    await collect(page.runStreaming(ask, inBackground))
    await collect(page.runStreaming([], { ...run, continuationToken: lastToken(updates) }))
    await page.run([], { ...run, continuationToken: lastToken(updates) })
    expect(watched.events.filter(({ type }) => type !== 'leg_closed').map((event) => ('leg' in event ? event.leg : event.type))).toEqual([
      'started',
      'start',
      'ended',
      'joined',
      'join',
      'resume',
    ])
  })

  test('tells once of an end that several devices hear at the same moment', async () => {
    const known = memoryRunRegistry()
    let ending = 0
    const both = Promise.withResolvers<void>()
    const registry: RunRegistry = {
      ...known,
      async end(...end) {
        ending += 1
        if (ending === 2) both.resolve()
        await both.promise
        await known.end(...end)
      },
    }
    const { watched, puppet, reading } = await startedPuppet({ registry })
    const other = collect(watched.as('ada').runStreaming([], run))
    await puppet.leg(1)
    for (const leg of puppet.legs) leg.send('h', end(2))
    await Promise.all([reading, other])
    expect(typesOf(watched).filter((type) => type === 'ended')).toEqual(['ended'])
  })

  test('does not tell again of an end that another process has told', async () => {
    const agent = scriptedAgent(script)
    const registry = memoryRunRegistry()
    const [first, second] = [watch(agent, { registry }), watch(agent, { registry })]
    await collect(first.as('ada').runStreaming(ask, inBackground))
    await collect(second.as('ada').runStreaming([], run))
    await second.as('ada').run([], run)
    expect(typesOf(first)).toContain('ended')
    expect(typesOf(second)).toEqual(['leg_opened', 'leg_closed'])
  })

  test('says why a stream is over', async () => {
    async function endOfLeg(change: (leg: Awaited<ReturnType<Puppet['leg']>>) => void, options: Partial<AgentProxyOptions> = {}): Promise<unknown> {
      const puppet = puppetAgent()
      const watched = watch(puppet, options)
      const asked = watched.fetch('/runs', post(startBody(), sse))
      const leg = await puppet.leg()
      leg.send('h', open())
      const answer = await asked
      change(leg)
      await answer.text()
      return watched.events.find((event) => event.type === 'leg_closed')
    }
    expect(await endOfLeg((leg) => leg.close())).toMatchObject({ reason: 'cut', updates: 1 })
    expect(await endOfLeg((leg) => leg.fail(new Error('Something of a provider.')))).toMatchObject({ reason: 'failed' })
    expect(await endOfLeg(() => {}, { idleMs: 5, heartbeatMs: 5 })).toMatchObject({ reason: 'idle' })

    const watched = watch(scriptedAgent({ steps: ['Be', { wait: Infinity }] }))
    await collectUntil(watched.as('ada').runStreaming(ask, inBackground), ({ type }) => type === 'text')
    expect(watched.events.at(-1)).toMatchObject({ type: 'leg_closed', reason: 'left', updates: 2 })
  })

  test('tells of a question, and of a stop', async () => {
    const asking = puppetAgent()
    asking.onRun = async () => ({ ...response(runId, { type: 'paused', reason: 'approval' }, null), usage })
    const watched = watch(asking)
    await watched.as('ada').run(ask, inBackground)
    expect(watched.events).toEqual([
      { type: 'started', ...about, background: true },
      { type: 'paused', ...about, reason: 'approval', elapsedMs: 1, usage },
    ])

    const stopped = watch(scriptedAgent({ steps: ['Be', { wait: Infinity }] }))
    const { continuationToken } = await stopped.as('ada').run(ask, inBackground)
    await stopped.as('ada').cancel({ ...run, continuationToken })
    expect(stopped.events.slice(1)).toEqual([
      { type: 'cancelled', ...about },
      { type: 'ended', ...about, outcome: { type: 'cancelled' }, elapsedMs: expect.any(Number) },
    ])
  })

  test('tells of a start that came to nothing as an end where it is one', async () => {
    const puppet = puppetAgent()
    puppet.onRun = async () => {
      throw new Error('Something of a provider.')
    }
    const watched = watch(puppet)
    await failureOf(watched.as('ada').run(ask, inBackground))
    expect(watched.events).toMatchObject([
      { type: 'started' },
      { type: 'ended', outcome: { type: 'failed', code: 'start_unknown' } },
      { type: 'refused', runId, code: 'start_unknown' },
    ])
  })

  test('says what requests are refused with, and for which run', async () => {
    const { watched } = await startedPuppet()
    const other = `${runId}-2`
    await watched.fetch('/runs', post(startBody({ id: other }), sse))
    await watched.fetch(`/runs/${other}`)
    await watched.fetch('/runs', { headers: { 'x-user': '' }, user: '' })
    await watched.fetch('/nowhere')
    await watched.fetch('/runs', post('{'))
    expect(watched.events.filter(({ type }) => type === 'refused')).toEqual([
      { type: 'refused', runId: other, code: 'busy', status: 409 },
      { type: 'refused', runId: other, code: 'not_found', status: 404 },
      { type: 'refused', runId: null, code: 'unauthorized', status: 401 },
      { type: 'refused', runId: null, code: 'not_found', status: 404 },
      { type: 'refused', runId: null, code: 'invalid_request', status: 400 },
    ])
  })

  test('tells of an end that nobody is connected for, where answers are recorded', async () => {
    const answering = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<ProxyEvent>()
    const agent = backgroundAgent(async function* () {
      await answering.promise
      yield 'Because.'
    })
    const served = serve(agent, {
      record() {},
      onEvent: (event) => (event.type === 'ended' ? ended.resolve(event) : undefined),
    })
    await served.as('ada').run(ask, inBackground)
    answering.resolve()
    expect(await ended.promise).toMatchObject({ ...about, outcome: { type: 'completed' } })
  })

  test('tells that a question which is answered or passed over has ended, once', async () => {
    const puppet = puppetAgent()
    const watched = watch(puppet)
    const asking = collect(watched.as('ada').runStreaming(ask, inBackground))
    ;(await puppet.leg()).send('h', open(), { type: 'pause', cursor: '0000.0000000001', reason: 'input', elapsedMs: 7 })
    await asking
    const next = collect(watched.as('ada').runStreaming(ask, { ...inBackground, runId: `${runId}-2` }))
    ;(await puppet.leg(1)).send('h2', open(), end(1))
    await next
    puppet.onRun = async () => response(runId, { type: 'completed' }, null)
    await watched.as('ada').run([], run)
    const told = watched.events.filter((event) => 'runId' in event && event.runId === runId && (event.type === 'paused' || event.type === 'ended'))
    expect(told).toEqual([
      { type: 'paused', ...about, reason: 'input', elapsedMs: 7 },
      { type: 'ended', ...about, outcome: { type: 'completed' }, elapsedMs: 7 },
    ])
  })

  test('changes nothing when it rejects, and neither does onError', async () => {
    const unhandled: unknown[] = []
    const hear = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', hear)
    onTestFinished(() => void process.off('unhandledRejection', hear))
    const rejects = async (): Promise<never> => await Promise.reject(new Error('the log is down'))
    const served = serve(scriptedAgent(script), { onEvent: rejects, onError: rejects, history: rejects })
    expect(await failureOf(collect(served.as('ada').runStreaming(ask, inBackground)))).toMatchObject({ code: 'internal' })
    await settle()
    expect(unhandled).toEqual([])
  })

  test('changes nothing when it throws', async () => {
    const quiet = serve(scriptedAgent(script))
    const loud = serve(scriptedAgent(script), {
      onEvent() {
        throw new Error('The log is full.')
      },
    })
    const told = (served: Served): Promise<unknown> =>
      served.fetch('/runs', post(startBody(), sse)).then((answer) => answer.text()).then((body) => body.length)
    expect(await told(loud)).toBe(await told(quiet))
    expect(loud.errors).toEqual([])
    expect((await loud.fetch('/runs/unknown-1')).status).toBe(404)
  })

  test('hears nothing of what is asked and answered, of tokens, or of who asks', async () => {
    const events: ProxyEvent[] = []
    const steps = ['quokka', { type: 'progress', step: { id: 's', label: 'marmalade', state: 'done' } } as const]
    const handler = createAgentProxy({
      agent: scriptedAgent({ steps, outcome: { type: 'failed', code: 'the provider said quokka' } }),
      secret,
      authorize: () => ({ user: 'periwinkle' }),
      onEvent: (event) => events.push(event),
      onError() {},
    })
    const send = (path: string, init?: RequestInit): Promise<Response> => handler(new Request(base + path, init))
    const message = { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Where is the Zanzibar ledger?' }] } as const
    const frames = await (await send('/runs', post(startBody({ message }), sse))).text()
    const sealed = /"sealed":"([^"]+)"/.exec(frames)?.[1] ?? ''
    await send(`/runs/${runId}`, { headers: { ...sse, authorization: 'Bearer turnstile' } })
    await send(`/runs/${runId}/cancel`, post(JSON.stringify({ session: 'support' })))
    expect(sealed).not.toBe('')
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['started', 'leg_opened', 'ended', 'leg_closed', 'cancelled']))
    const told = [...decodings(JSON.stringify(events))].map((text) => text.toLowerCase())
    const secrets = ['quokka', 'marmalade', 'periwinkle', 'zanzibar', 'turnstile', sealed.toLowerCase()]
    expect(secrets.filter((word) => told.some((text) => text.includes(word)))).toEqual([])
  })
})
