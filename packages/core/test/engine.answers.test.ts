import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cursorOf, memoryRunStore, RejoinError } from '@rejoin/core'
import type { AgentResponse, EngineOptions, PauseReason, RequestPart, RunStore, Update } from '@rejoin/core'
import { askedPage, openPage, pass, settle, shown, state, texts, type Page } from './page.ts'
import { end, open, puppetAgent, response, text, type Puppet } from './puppetAgent.ts'
import { createTabHub } from './tabHub.ts'

let agent: Puppet
let store: RunStore

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  agent = puppetAgent()
  store = memoryRunStore()
})
afterEach(() => {
  vi.useRealTimers()
})

const city: RequestPart = { type: 'request', kind: 'input', id: 'city', prompt: 'Which city?', options: ['Rome'] }
const spend: RequestPart = { type: 'request', kind: 'approval', id: 'spend', prompt: 'May I spend it?' }
const login: RequestPart = { type: 'request', kind: 'auth', id: 'login', prompt: 'Sign in there.' }

const asks = (n: number, part: RequestPart): Update => ({ type: 'part', cursor: cursorOf(0, n), part: { ...part } })
const pause = (n: number, reason: PauseReason): Update => ({ type: 'pause', cursor: cursorOf(0, n), reason, elapsedMs: 7 })

/** A page whose agent has written something and then asked, and waits. */
async function waiting(requests: readonly RequestPart[] = [city], options: Partial<EngineOptions> = {}): Promise<Page> {
  agent.onPoll = async () => response({ type: 'paused', reason: requests[0]?.kind ?? 'input' })
  const page = await askedPage({ agent, store, ...options })
  const [first] = requests
  agent.leg().send(open(), text(1, 'Well. '), ...requests.map((part, at) => asks(2 + at, part)), pause(9, first?.kind ?? 'input'))
  agent.leg().close()
  await settle()
  return page
}

const requests = ({ session }: Page): readonly string[] => session.getSnapshot().requests.map(({ id }) => id)
const working = (): AgentResponse => ({ ...response({ type: 'working' }), continuationToken: `handle.${cursorOf(0, 9)}` })

describe('a run that asks', () => {
  it('waits for the person, with no connection and no clock (row 25)', async () => {
    const page = await waiting()
    expect(state(page)).toEqual({ type: 'paused', reason: 'input' })
    expect(page.session.getSnapshot()).toMatchObject({ status: 'ready', error: null, run: { startedAt: null, elapsedMs: 7 } })
    expect(requests(page)).toEqual(['city'])
    await pass(600_000)
    expect(agent.legs).toHaveLength(1)
    expect(agent.polls).toHaveLength(0)
  })

  it('is found again by a reload, before any request', async () => {
    await (await waiting()).leave()
    const page = await openPage({ agent, store })
    expect(state(page)).toEqual({ type: 'paused', reason: 'input' })
    expect(requests(page)).toEqual(['city'])
    expect(shown(page)).toBe('Well. Which city?')
    await pass(60_000)
    expect(agent.legs).toHaveLength(1)
    expect(agent.polls).toHaveLength(0)
  })

  it('goes on in a new run with the answer, and closes (row 25)', async () => {
    const finished: string[] = []
    const page = await waiting()
    page.session.onFinish(({ run }) => finished.push(run.state.type))
    expect(await page.session.answer('city', 'Rome')).toMatchObject({ accepted: true })
    await settle()
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg().from).toBeNull()
    expect(agent.leg().messages).toMatchObject([{ role: 'user', parts: [{ type: 'answer', kind: 'input', request: 'city', text: 'Rome' }] }])
    expect(agent.leg().options.runId).not.toBe(agent.legs[0]?.options.runId)
    expect(requests(page)).toEqual([])
    expect(finished).toEqual(['completed'])
    agent.leg().send(open(), text(1, 'Rome it is.'), end(2))
    await settle()
    expect(texts(page)).toEqual(['A question', 'Well. Which city?', 'Rome', 'Rome it is.'])
    expect(state(page)).toEqual({ type: 'completed' })
  })

  it('stays closed after a reload, and finishes once', async () => {
    const page = await waiting()
    await page.session.answer('city', 'Rome')
    await settle()
    agent.leg().send(open(), text(1, 'Rome.'))
    await settle()
    await page.leave()
    const finished: string[] = []
    const later = await openPage({ agent, store })
    later.session.onFinish(({ message }) => finished.push(message.id))
    await settle()
    expect(agent.legs).toHaveLength(3)
    expect(texts(later)).toEqual(['A question', 'Well. Which city?', 'Rome', 'Rome.'])
    expect(finished).toEqual([agent.legs[0]?.options.runId])
  })

  it('takes what the person writes for its answer', async () => {
    const page = await waiting()
    await page.session.send({ text: 'Paris', files: [{ url: 'https://files.example/map.png', mediaType: 'image/png' }] })
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([
      { type: 'answer', kind: 'input', request: 'city', text: 'Paris' },
      { type: 'file', url: 'https://files.example/map.png', mediaType: 'image/png' },
    ])
  })

  it('is passed over by a message where it asks for no words', async () => {
    const page = await waiting([spend])
    await page.session.send('Something else')
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toEqual([{ type: 'text', text: 'Something else' }])
    expect(requests(page)).toEqual([])
  })

  it('goes on once all of several requests are answered', async () => {
    const page = await waiting([spend, login])
    const first = await page.session.answer('login', { approved: false, text: 'No account.' })
    expect(first).toEqual({ accepted: true, runId: agent.legs[0]?.options.runId })
    await settle()
    expect(agent.legs).toHaveLength(1)
    expect(requests(page)).toEqual(['spend'])
    await page.session.answer('spend', true)
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toEqual([
      { type: 'answer', kind: 'approval', request: 'spend', approved: true },
      { type: 'answer', kind: 'auth', request: 'login', approved: false, text: 'No account.' },
    ])
  })

  it('has the files that came with the first of several answers', async () => {
    const page = await waiting([city, spend])
    await page.session.send({ text: 'Rome', files: [{ url: '/files/rome.png', mediaType: 'image/png' }] })
    await page.session.answer('spend', false)
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([
      { type: 'answer', request: 'city', text: 'Rome' },
      { type: 'answer', request: 'spend', approved: false },
      { type: 'file', url: '/files/rome.png' },
    ])
  })

  it.each([
    ['of another request', 'other', 'Rome', 'not_found'],
    ['of another kind', 'city', true, 'not_found'],
    ['without words', 'city', '  ', 'empty_message'],
  ] as const)('refuses an answer %s, and goes on waiting', async (_, request, answer, code) => {
    const page = await waiting()
    expect(await page.session.answer(request, answer)).toMatchObject({ accepted: false, error: { code } })
    await settle()
    expect(agent.legs).toHaveLength(1)
    expect(requests(page)).toEqual(['city'])
  })

  it('refuses a second answer', async () => {
    const page = await waiting()
    await page.session.answer('city', 'Rome')
    expect(await page.session.answer('city', 'Paris')).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    await settle()
    expect(agent.legs).toHaveLength(2)
  })

  it('is not answered anew where its answer has come to something, and nothing is lost', async () => {
    const page = await waiting()
    await page.session.answer('city', 'Rome')
    await settle()
    agent.leg().send(open(), text(1, 'Rome.'), end(2))
    await settle()
    expect(await page.session.regenerate()).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    expect(texts(page)).toEqual(['A question', 'Well. Which city?', 'Rome', 'Rome.'])
  })

  it('is answered again where the answer has not arrived', async () => {
    agent.handle = null
    const page = await waiting()
    await page.session.answer('city', 'Rome')
    await settle()
    agent.leg().fail(new RejoinError('start_unknown'))
    await settle()
    expect(state(page)).toEqual({ type: 'failed', code: 'start_unknown' })
    await page.session.regenerate()
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([{ type: 'answer', request: 'city', text: 'Rome' }])
    expect(texts(page)).toEqual(['A question', 'Well. Which city?', 'Rome', ''])
  })

  it('stands again where the server has refused the answer before anything came of it, and is answered in its place', async () => {
    agent.handle = null
    const page = await waiting([spend])
    await page.session.answer('spend', true)
    await settle()
    agent.leg().fail(new RejoinError('too_many_runs'))
    await settle()
    expect(state(page)).toEqual({ type: 'failed', code: 'too_many_runs' })
    expect(requests(page)).toEqual(['spend'])
    await page.session.answer('spend', false)
    await settle()
    const [asked, first, second] = agent.legs.map(({ options }) => options)
    expect(second).toMatchObject({ answers: asked?.runId, replaces: first?.runId })
    agent.leg().send(open(), text(1, 'Not spent.'), end(2))
    await settle()
    expect(texts(page)).toEqual(['A question', 'Well. May I spend it?', '', 'Not spent.'])
    expect(await page.session.regenerate()).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    expect(texts(page).at(-1)).toBe('Not spent.')
    await page.leave()
    expect(texts(await openPage({ agent, store }))).toEqual(['A question', 'Well. May I spend it?', '', 'Not spent.'])
  })

  it('is over where nobody waits for its answer any more', async () => {
    agent.handle = null
    const page = await waiting([spend])
    await page.session.answer('spend', true)
    await settle()
    agent.leg().fail(new RejoinError('not_found'))
    await settle()
    expect(requests(page)).toEqual([])
  })

  it('takes the same answer twice in a row for one', async () => {
    const page = await waiting([spend])
    const [first, second] = await Promise.all([page.session.answer('spend', true), page.session.answer('spend', true)])
    expect(second).toEqual(first)
    expect(page.session.getSnapshot().error).toBeNull()
    await settle()
    expect(agent.legs).toHaveLength(2)
  })

  it('keeps its answer as it was given: the words can not be changed afterwards', async () => {
    const page = await waiting()
    await page.session.answer('city', 'Rome')
    await settle()
    agent.leg().send(open(), text(1, 'Rome.'), end(2))
    await settle()
    const messageId = page.session.getSnapshot().messages[2]?.id ?? ''
    expect(await page.session.send({ text: 'Paris', messageId })).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    expect(texts(page)).toEqual(['A question', 'Well. Which city?', 'Rome', 'Rome.'])
  })

  it('can be stopped', async () => {
    const page = await waiting()
    await page.session.stop()
    expect(agent.cancels).toMatchObject([{ continuationToken: `handle.${cursorOf(0, 9)}` }])
    expect(state(page)).toEqual({ type: 'cancelled' })
    expect(requests(page)).toEqual([])
  })

  it('goes on by itself where the person has signed in elsewhere', async () => {
    const page = await waiting([login])
    await pass(60_000)
    expect(agent.polls.length).toBeGreaterThan(2)
    expect(agent.legs).toHaveLength(1)
    agent.onPoll = async () => working()
    await pass(30_000)
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg().from).toBe(cursorOf(0, 9))
    agent.leg().send(open(), text(10, 'You are in.'), end(11))
    await settle()
    expect(shown(page)).toBe('Well. Sign in there.You are in.')
    expect(state(page)).toEqual({ type: 'completed' })
  })

  it('is not answered where it has gone on by itself before the person says so', async () => {
    const page = await waiting([login])
    agent.onPoll = async () => working()
    expect(await page.session.answer('login', true)).toEqual({ accepted: true, runId: agent.legs[0]?.options.runId })
    await settle()
    expect(agent.leg()).toMatchObject({ messages: [], from: cursorOf(0, 9) })
    agent.leg().send(open(), text(10, 'You are in.'), end(11))
    await settle()
    expect(texts(page)).toEqual(['A question', 'Well. Sign in there.You are in.'])
    expect(page.session.getSnapshot().error).toBeNull()
  })

  it('is answered where it still waits for the sign-in, or nobody knows', async () => {
    const page = await waiting([login])
    agent.onPoll = async () => {
      throw new RejoinError('unreachable')
    }
    await page.session.answer('login', true)
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([{ type: 'answer', request: 'login', approved: true }])
  })

  it('hears, when somebody looks again, that it was seen to on another device', async () => {
    const page = await waiting()
    agent.onPoll = async () => response({ type: 'completed' })
    page.session.reconnect()
    await settle()
    expect(state(page)).toEqual({ type: 'completed' })
    expect(shown(page)).toBe('Well. Which city?')
  })

  it('has run out where nobody has answered it in time', async () => {
    const page = await waiting()
    agent.onPoll = async () => response({ type: 'expired' })
    page.session.reconnect()
    await settle()
    expect(state(page)).toEqual({ type: 'expired' })
    expect(shown(page)).toBe('Well. Which city?')
  })

  it('keeps asking though a poll fails', async () => {
    const page = await waiting()
    agent.onPoll = async () => {
      throw new Error('No.')
    }
    page.session.reconnect()
    await pass(10_000)
    expect(state(page)).toEqual({ type: 'paused', reason: 'input' })
  })

  it('is told by a poll too, with what it asks', async () => {
    const page = await openPage({ agent, store })
    page.session.setMode('poll')
    agent.onPoll = async () => ({
      ...response({ type: 'paused', reason: 'input' }),
      message: { id: 'run', role: 'assistant', parts: [{ type: 'text', text: 'Well. ' }, city] },
    })
    await page.session.send('A question')
    await settle()
    expect(state(page)).toEqual({ type: 'paused', reason: 'input' })
    expect(requests(page)).toEqual(['city'])
    await page.leave()
    expect(requests(await openPage({ agent, store }))).toEqual(['city'])
  })

  it('asks for the whole where its stream has lost something', async () => {
    const page = await askedPage({ agent, store })
    agent.onPoll = async () => ({
      ...response({ type: 'paused', reason: 'input' }),
      message: { id: 'run', role: 'assistant', parts: [{ type: 'text', text: 'All of it. ' }, city] },
    })
    agent.leg().send(open(), text(1, 'All '), asks(3, city), { ...pause(4, 'input'), length: 12 } as Update)
    await settle()
    expect(agent.polls).toHaveLength(1)
    expect(shown(page)).toBe('All of it. Which city?')
    expect(state(page)).toEqual({ type: 'paused', reason: 'input' })
  })
})

describe('several tabs of a run that asks', () => {
  it('show the question, and the answer that one of them gives', async () => {
    const hub = createTabHub()
    const first = await waiting([city], { tabs: hub.tab() })
    const second = await openPage({ agent, store, tabs: hub.tab() })
    await settle()
    expect(requests(second)).toEqual(['city'])
    await second.session.answer('city', 'Rome')
    await settle()
    expect(requests(first)).toEqual([])
    expect(await first.session.answer('city', 'Paris')).toMatchObject({ accepted: false, error: { code: 'not_found' } })
    agent.leg().send(open(), text(1, 'Rome.'), end(2))
    await settle()
    await pass(20)
    for (const page of [first, second]) expect(texts(page)).toEqual(['A question', 'Well. Which city?', 'Rome', 'Rome.'])
    expect(agent.legs).toHaveLength(2)
    await first.leave()
    await second.leave()
    const later = await openPage({ agent, store })
    await settle()
    expect(texts(later)).toEqual(['A question', 'Well. Which city?', 'Rome', 'Rome.'])
    expect(agent.legs).toHaveLength(2)
  })

  it('send once what two of them complete in the same moment, with the files of both', async () => {
    const hub = createTabHub()
    const first = await waiting([city, spend], { tabs: hub.tab() })
    const second = await openPage({ agent, store, tabs: hub.tab() })
    await settle()
    const file = { url: '/files/rome.png', mediaType: 'image/png' }
    const sent = await Promise.all([first.session.send({ text: 'Rome', files: [file] }), second.session.answer('spend', true)])
    expect(sent.map(({ accepted }) => accepted)).toEqual([true, true])
    await settle()
    await pass(20)
    expect(agent.legs).toHaveLength(2)
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([{ request: 'city', text: 'Rome' }, { request: 'spend' }, { type: 'file', url: '/files/rome.png' }])
    for (const page of [first, second]) expect(page.session.getSnapshot().error).toBeNull()
  })

  it('know what was answered before they were opened', async () => {
    const hub = createTabHub()
    const first = await waiting([spend, login], { tabs: hub.tab() })
    await first.session.answer('spend', true)
    await settle()
    const second = await openPage({ agent, store, tabs: hub.tab() })
    await settle()
    await pass(20)
    expect(requests(second)).toEqual(['login'])
    await second.session.answer('login', true)
    await settle()
    expect(agent.legs).toHaveLength(2)
  })

  it('answer together what is asked together', async () => {
    const hub = createTabHub()
    const first = await waiting([spend, login], { tabs: hub.tab() })
    const second = await openPage({ agent, store, tabs: hub.tab() })
    await settle()
    await first.session.answer('spend', true)
    await settle()
    await pass(20)
    expect(requests(second)).toEqual(['login'])
    await second.session.answer('login', true)
    await settle()
    expect(agent.leg().messages.at(-1)?.parts).toMatchObject([{ request: 'spend' }, { request: 'login' }])
    expect(agent.legs).toHaveLength(2)
  })

  it('send one answer where both give one at the same moment', async () => {
    const hub = createTabHub()
    const first = await waiting([city], { tabs: hub.tab() })
    const second = await openPage({ agent, store, tabs: hub.tab() })
    await settle()
    const sent = await Promise.all([first.session.answer('city', 'Rome'), second.session.answer('city', 'Paris')])
    expect(sent.map(({ accepted }) => accepted).toSorted()).toEqual([false, true])
    await settle()
    expect(agent.legs).toHaveLength(2)
    agent.leg().send(open(), text(1, 'There.'), end(2))
    await settle()
    await pass(20)
    const said = sent[0]?.accepted ? 'Rome' : 'Paris'
    for (const page of [first, second]) expect(texts(page)).toEqual(['A question', 'Well. Which city?', said, 'There.'])
  })
})
