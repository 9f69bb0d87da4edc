import { proxyAgent, type AgentResponseUpdate, type Update } from '@rejoin/core'
import { type ResponsesOutcome, type ResponsesProfile, type ResponsesScript } from '@rejoin/testkit'
import { describe, expect, test } from 'vitest'
import { richAnswer } from './support/answers.ts'
import { openPage, proxyURL, serveProxy } from '../browser.ts'
import { createOddProvider, createProvider, type Provider } from './support/provider.ts'
import { ask, collect, collectUntil, endOf, failuresOf, inBackground, lastToken, run, shown, textIn } from '../runs.ts'
import { finish, pass, until, useFakeTime } from './support/time.ts'
import { wiretap } from './support/wiretap.ts'

useFakeTime()

const profiles: ResponsesProfile[] = ['openai', 'azure', 'inclusive', 'replay', 'hangs', 'foundry']
const outcomes: ResponsesOutcome[] = [
  { status: 'completed' },
  { status: 'incomplete', reason: 'max_output_tokens' },
  { status: 'failed', code: 'server_error', message: 'Sorry.' },
]

/** All that somebody sees of a run but how long it took. */
function seen(updates: readonly Update[]): unknown {
  const { parts, steps, state } = shown(updates)
  return { parts, steps, state }
}

/** Nothing that has been seen comes again: neither at the cursor nor before it. */
function again(updates: readonly AgentResponseUpdate[], after: AgentResponseUpdate): readonly AgentResponseUpdate[] {
  return updates.filter(({ type, cursor }) => type !== 'open' && type !== 'end' && cursor <= after.cursor)
}

async function resume({ agent }: Provider, continuationToken: string): Promise<AgentResponseUpdate[]> {
  return await finish(collect(agent().runStreaming([], { ...run, continuationToken })))
}

describe.each(profiles)('a run at %s', (profile) => {
  test.each(outcomes)('that ends as $status goes on exactly after the last update seen, wherever it was cut (row 10)', async (outcome) => {
    const provider = createProvider({ profile, answer: { ...richAnswer, outcome }, windowMs: Infinity })
    const whole = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    expect(whole.length).toBeGreaterThan(60)
    expect(endOf(whole).outcome.type).toBe(outcome.status)
    let cuts = 0
    for (const [at, last] of whole.entries()) {
      if (last.continuationToken === null) continue
      cuts += 1
      const rest = await resume(provider, last.continuationToken)
      expect(rest[0]).toMatchObject({ type: 'open', mode: 'tail', cursor: last.cursor })
      expect(again(rest, last)).toEqual([])
      expect(seen([...whole.slice(0, at + 1), ...rest]), `cut after ${last.cursor}`).toEqual(seen(whole))
    }
    expect(cuts).toBe(whole.length - 1)
    expect(provider.emulator.responses).toHaveLength(1)
  })
})

test('a run cut again at every update of each leg is whole in the end (row 10)', async () => {
  const provider = createProvider({ answer: richAnswer })
  const whole = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
  const got: AgentResponseUpdate[] = []
  let token = whole[0]?.continuationToken ?? null
  while (token !== null) {
    const stream = provider.agent().runStreaming([], { ...run, continuationToken: token })
    const leg = await finish(collectUntil(stream, ({ type }) => type !== 'open' && type !== 'other'))
    got.push(...leg)
    token = leg.at(-1)?.continuationToken ?? null
  }
  expect(seen(got)).toEqual(seen(whole))
})

describe('a resume', () => {
  const answer: ResponsesScript = { output: [{ type: 'message', text: Array.from({ length: 50 }, (_, at) => `${at} `) }] }
  const text = Array.from({ length: 50 }, (_, at) => `${at} `).join('')

  test('sends no byte twice, neither from the provider nor to the browser (row 10)', async () => {
    const provider = createProvider({ answer, paceMs: 100 })
    const wire = wiretap(serveProxy(provider.agent()).fetch)
    const browser = proxyAgent({ url: proxyURL, fetch: wire.fetch })
    const before = await finish(
      collectUntil(browser.runStreaming(ask, inBackground), (update) => update.type === 'text' && update.delta === '20 '),
    )
    await pass(1_000)
    const after = await finish(collect(browser.runStreaming([], { ...run, continuationToken: lastToken(before) })))
    expect(textIn([...before, ...after])).toBe(text)

    const [first, second] = provider.emulator.requests
    expect(second?.search.get('starting_after')).toBe(String(first?.sent.at(-1)))
    const events = second?.sent.filter((number) => first?.sent.includes(number))
    const [seenFrames, newFrames] = wire.bodies().map((body) => body.split('\n\n').filter((frame) => frame.includes('"delta"')))
    expect([seenFrames?.length, newFrames?.length]).toEqual([21, 29])
    const bytes = newFrames?.filter((frame) => seenFrames?.includes(frame)).join('').length
    console.log(`Sent twice on a resume: ${events?.length} events by the provider, ${bytes} bytes to the browser.`)
    expect([events, bytes]).toEqual([[], 0])
  })

  test('passes over events it does not know, and its cursor advances over them (row 33)', async () => {
    const strange = Array.from({ length: 5 }, (_, at) => ({ event: { type: `response.new_${at}`, sequence: { of: [at] } } }))
    const provider = createProvider({ answer: { output: ['Before. ', ...strange, 'After.'] }, paceMs: 100 })
    const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    expect(textIn(updates)).toBe('Before. After.')
    expect(updates.filter(({ type }) => type === 'other').length).toBeGreaterThanOrEqual(5)
    const passed = updates.findIndex(({ type, cursor }) => type === 'other' && cursor > (updates.find((text) => text.type === 'text')?.cursor ?? ''))
    const last = updates[passed + 8]
    const from = await resume(provider, last?.continuationToken ?? '')
    expect(Number(provider.emulator.requests.at(-1)?.search.get('starting_after'))).toBeGreaterThan(8)
    expect(textIn([...updates.slice(0, passed + 9), ...from])).toBe('Before. After.')
  })

  test('sends only what comes after the number of the last event, and nothing before the first', async () => {
    const provider = createProvider({ answer })
    const whole = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    await resume(provider, whole[0]?.continuationToken ?? '')
    await resume(provider, lastToken(whole))
    const [start, fromStart, fromLast] = provider.emulator.requests
    expect(fromStart?.search.has('starting_after')).toBe(false)
    expect(fromLast?.sent).toEqual([start?.sent.at(-1)])
  })
})

describe('the oddities of other servers change no character (row 34)', () => {
  const texts = ['Nothing ', 'lost', ', nothing ', 'doubled ', '🐝', '.']
  const answer: ResponsesScript = { output: [{ type: 'message', text: texts }] }
  const text = texts.join('')

  test.each(profiles)('%s: a stream that breaks after each delta', async (profile) => {
    const broken = texts.flatMap((delta) => [delta, { cut: true } as const])
    const provider = createProvider({ profile, answer: { output: [{ type: 'message', text: broken }] }, paceMs: 50 })
    const updates = await finish(collect(provider.agent().runStreaming(ask, inBackground)))
    expect([textIn(updates), endOf(updates).outcome]).toEqual([text, { type: 'completed' }])
    const deltas = updates.flatMap((update) => (update.type === 'text' ? [update.delta] : []))
    expect(deltas).toEqual(texts)
    // What was sent again was not counted again: the end has nothing to repair.
    expect(endOf(updates).parts).toBeUndefined()
    expect(provider.emulator.responses).toHaveLength(1)
  })

  test.each(['inclusive', 'foundry'] as const)('%s: a cancelled run says so in its stream', async (profile) => {
    const provider = createProvider({ profile, answer, paceMs: 1_000 })
    const agent = provider.agent()
    const reading = collect(agent.runStreaming(ask, inBackground))
    await pass(5_500)
    const id = provider.emulator.responses[0]?.id ?? ''
    await provider.fetch(`http://provider.test/v1/responses/${id}/cancel`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-provider-key-that-nobody-may-see' },
    })
    const updates = await finish(reading)
    expect(endOf(updates).outcome).toEqual({ type: 'cancelled' })
    expect(text.startsWith(textIn(updates))).toBe(true)
    expect(textIn(updates)).not.toBe('')
  })

  test('inclusive: an id it does not know, answered by an empty stream, has expired', async () => {
    const { agent } = createProvider({ profile: 'inclusive', answer })
    const continuationToken = 'resp_gone.0000.0000000100'
    await expect(finish(collect(agent().runStreaming([], { ...run, continuationToken })))).rejects.toMatchObject({ code: 'expired' })
  })

  test('a server that says nothing at all, with 200, to everything about an id knows it no more', async () => {
    const { agent } = createOddProvider((request) => {
      const type = new URL(request.url).searchParams.has('stream') ? 'text/event-stream' : 'application/json'
      return new Response('', { headers: { 'content-type': type } })
    })
    const options = { ...run, continuationToken: 'resp_gone.0000.0000000100' }
    const asked = [collect(agent().runStreaming([], options)), agent().run([], options), agent().cancel(options)]
    const failures = await finish(failuresOf(asked))
    expect(failures).toMatchObject([{ code: 'expired' }, { code: 'expired' }, { code: 'expired' }])
  })

  test('what the deltas of a resumed leg have lost is repaired at its end', async () => {
    const { agent } = createProvider({ answer: { output: [{ type: 'message', text: ['And ', { lost: 'that ' }, 'is all.'] }] }, paceMs: 1_000 })
    const { fetch } = serveProxy(agent())
    const page = openPage({ fetch })
    void page.chat.send('why?')
    await until(() => page.text() === 'And ')
    page.leave()
    await pass(1)
    const reloaded = openPage({ fetch, store: page.store })
    await until(reloaded.ended)
    expect([reloaded.state(), reloaded.text()]).toEqual([{ type: 'completed' }, 'And that is all.'])
  })

  test('a server without numbers gives the text as well', async () => {
    const { agent } = createProvider({ answer: { ...answer, numbered: false } })
    const updates = await finish(collect(agent().runStreaming(ask, inBackground)))
    expect(textIn(updates)).toBe(text)
    for (const [at, { cursor }] of updates.slice(1).entries()) expect(cursor > (updates[at]?.cursor ?? '')).toBe(true)
  })
})
