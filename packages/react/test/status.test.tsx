import { describeError, RejoinError, type RunState } from '@rejoin/core'
import { act, cleanup } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Chat } from '../src/index.ts'
import { describeDuration, describeEnd, describeRetry, describeState } from '../src/words.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const reconnecting = (reason: Extract<RunState, { type: 'reconnecting' }>['reason']): RunState => ({
  type: 'reconnecting',
  reason,
  attempt: 1,
  retryAt: null,
})

describe('words', () => {
  it.each<[RunState, string]>([
    [{ type: 'restoring' }, 'Looking for earlier answers…'],
    [{ type: 'starting' }, 'Sending…'],
    [{ type: 'queued' }, 'Waiting for the agent to begin…'],
    [{ type: 'streaming' }, 'The agent is working…'],
    [reconnecting('restored'), 'Picking up where the answer was…'],
    [reconnecting('offline'), 'You are offline. Nothing is lost: it goes on by itself when the network is back.'],
    [reconnecting('network'), describeError('unreachable')],
    [reconnecting('stalled'), describeError('stalled')],
    [reconnecting('ended'), 'The connection has ended before the answer has. The answer goes on over a new one.'],
    [reconnecting('unavailable'), describeError('unavailable')],
    [reconnecting('rate_limited'), describeError('rate_limited')],
    [reconnecting('bad_response'), describeError('bad_response')],
    [{ type: 'polling' }, 'The agent is working in the background. The answer comes when it is ready…'],
    [{ type: 'paused', reason: 'unauthorized' }, describeError('unauthorized')],
    [{ type: 'paused', reason: 'input' }, 'The agent needs an answer.'],
    [{ type: 'paused', reason: 'approval' }, 'The agent needs your approval.'],
    [{ type: 'paused', reason: 'auth' }, 'The agent needs you to sign in.'],
    [{ type: 'stopping' }, 'Stopping…'],
    [{ type: 'completed' }, 'The answer is complete.'],
    [{ type: 'incomplete', reason: 'max_output_tokens' }, 'The answer is cut off at its length limit.'],
    [{ type: 'incomplete', reason: 'content_filter' }, 'The answer is cut off by a content filter.'],
    [{ type: 'incomplete', reason: '<b>of the provider</b>' }, 'The answer has ended before it was complete.'],
    [{ type: 'failed', code: 'anything' }, ''],
    [{ type: 'cancelled' }, 'The answer was stopped.'],
    [{ type: 'expired' }, describeError('expired')],
  ])('for %j are %j', (state, words) => {
    expect(describeState(state)).toBe(words)
  })

  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min 0 s'],
    [185, '3 min 5 s'],
    [3_725, '1 h 2 min'],
  ])('for %i seconds are %j', (seconds, words) => {
    expect(describeDuration(seconds)).toBe(words)
  })

  it('say when it is tried again, and that it is being tried', () => {
    expect([4, 0, null].map(describeRetry)).toEqual(['Trying again in 4 s.', 'Trying again…', 'Trying again…'])
  })

  it('say how a run ended', () => {
    const ends: RunState[] = [
      { type: 'completed' },
      { type: 'cancelled' },
      { type: 'failed', code: 'x' },
      { type: 'incomplete', reason: 'x' },
      { type: 'expired' },
      { type: 'streaming' },
    ]
    expect(ends.map((state) => describeEnd(state, 5))).toEqual([
      'Done in 5 s',
      'Stopped after 5 s',
      'Failed after 5 s',
      'Ended after 5 s',
      'Ended after 5 s',
      null,
    ])
  })
})

describe('Chat.Status', () => {
  it('is a live region that is there, and empty, before anything happens', async () => {
    const { part } = await renderChat()
    expect(part('status').getAttribute('role')).toBe('status')
    expect(part('status').textContent).toBe('')
  })

  it('says that the agent has not begun', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Why?')
    agent.latest.phase('queued')
    await frame()
    expect(part('status').textContent).toBe('Waiting for the agent to begin…')
    expect(part('status').dataset['runState']).toBe('queued')
  })

  it('counts down to the next try where a screen reader does not hear it', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true })
    const agent = manualAgent()
    agent.refuse(new RejoinError('unreachable'))
    const backoff = { baseMs: 8_000, capMs: 4_000, random: () => 1 }
    const { ask, part } = await renderChat(undefined, { agent, backoff })
    await ask('Why?')
    const [words] = part('status').childNodes
    const before = words?.textContent
    const seconds = (): string | null | undefined => part('status').querySelector('[aria-hidden=true]')?.textContent
    expect(seconds()).toBe(' Trying again in 4 s.')
    await act(() => vi.advanceTimersByTimeAsync(1_000))
    expect(seconds()).toBe(' Trying again in 3 s.')
    expect(part('status').childNodes[0]).toBe(words)
    expect(words?.textContent).toBe(before)
  })

  it.each(['internal', 'agent_failed', 'interrupted', 'start_unknown', 'quota_exceeded'])('promises no further try where the run has failed: %s (row 21)', async (code) => {
    const { agent, ask, part } = await renderChat()
    await ask('Why?')
    agent.latest.end({ type: 'failed', code })
    await frame()
    expect(part('status').dataset['errorCode']).toBe(code)
    expect(part('status').textContent).toMatch(/./)
    expect(part('status').textContent).not.toMatch(/is tried again/)
  })

  it.each([
    ['max_output_tokens', 'The answer is cut off at its length limit.'],
    ['content_filter', 'The answer is cut off by a content filter.'],
    ['something of the provider', 'The answer has ended before it was complete.'],
  ])('says why an answer is incomplete (%s), and nothing says that it is done (row 22)', async (reason, words) => {
    const { agent, ask, container, part } = await renderChat()
    await ask('Why?')
    agent.latest.text('Because')
    agent.latest.end({ type: 'incomplete', reason })
    await frame()
    expect(part('status').textContent).toBe(words)
    expect(part('root').dataset['runState']).toBe('incomplete')
    expect(part('progress').textContent).toBe('Ended after 58 s')
    expect(container.textContent).not.toMatch(/\bdone\b|\bis complete\b|something of the provider/i)
  })

  it('takes a function for other words', async () => {
    const { ask, part } = await renderChat(
      <Chat.Root session="s">
        <Chat.Status>{(words, { run }) => <b title={run?.state.type}>{words.toUpperCase()}</b>}</Chat.Status>
        <Chat.Composer>
          <Chat.Input />
        </Chat.Composer>
      </Chat.Root>,
    )
    await ask('Why?')
    expect(part('status').innerHTML).toBe('<b title="streaming">THE AGENT IS WORKING…</b>')
  })
})

describe('Chat.Progress', () => {
  it('is not there before there is a run', async () => {
    const { parts } = await renderChat()
    expect(parts('progress')).toEqual([])
  })

  it('lists the steps with how far they are', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Report')
    agent.latest.step({ id: 'read', label: 'Read the sales', state: 'done' })
    agent.latest.step({ id: 'sum', label: 'Sum up', state: 'active', value: 3, total: 12 })
    agent.latest.step({ id: 'rows', label: 'Rows', state: 'active', value: 40 })
    await frame()
    const steps = [...part('progress').querySelectorAll<HTMLElement>('[data-progress=step]')]
    expect(steps.map(({ textContent, dataset }) => [textContent, dataset['stepState']])).toEqual([
      ['Read the sales', 'done'],
      ['Sum up3 of 12', 'active'],
      ['Rows40', 'active'],
    ])
    expect(steps.map((step) => step.getAttribute('aria-current'))).toEqual([null, 'step', 'step'])
    const bar = part('progress').querySelector('progress')
    expect([bar?.value, bar?.max, bar?.getAttribute('aria-label')]).toEqual([3, 12, 'Sum up'])

    agent.latest.step({ id: 'sum', label: 'Sum up', state: 'done', value: 12, total: 12 })
    agent.latest.end()
    await frame()
    expect(part('progress').querySelector('summary')?.textContent).toBe('Done in 58 s')
    expect(part('progress').querySelectorAll('[data-step-state=done]')).toHaveLength(2)
  })

  it('shows the time since the run began, second by second, also after a reload', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true })
    const { agent, ask, part, reload } = await renderChat()
    await ask('Count')
    const timer = (): string | null | undefined => part('progress').querySelector('[role=timer]')?.textContent
    expect(timer()).toBe('0 s')
    await act(() => vi.advanceTimersByTimeAsync(1_000))
    expect(timer()).toBe('1 s')
    agent.refuse(new RejoinError('unreachable'))
    await reload()
    expect(timer()).toBe('1 s')
  })
})
