import { userMessage, type Update } from '@rejoin/core'
import { scriptedAgent, type ScriptStep } from '@rejoin/testkit'
import { haltAfter, type HaltingAgent } from '@rejoin/testkit/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const steps: readonly ScriptStep[] = ['a', 'b', 'c', 'd']
/** With the end. */
const updates = steps.length + 1

interface Reading {
  /** What has come by now, the `open` aside. */
  readonly brought: readonly Update[]
  readonly token: string | null
  leave(): void
}

/** Reads a stream of a run, until it is left or over. */
function read(agent: HaltingAgent, runId: string, continuationToken: string | null = null): Reading {
  const leaving = new AbortController()
  const brought: Update[] = []
  let token: string | null = null
  const messages = continuationToken === null ? [userMessage('Why?')] : []
  async function all(): Promise<void> {
    const stream = agent.runStreaming(messages, { runId, session: 's', background: true, continuationToken, signal: leaving.signal })
    for await (const { continuationToken: next, ...update } of stream) {
      token = next
      if (update.type !== 'open') brought.push(update)
    }
  }
  // A cut of the script, and leaving.
  all().catch(() => {})
  return {
    brought,
    get token() {
      return token
    },
    leave: () => leaving.abort(),
  }
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

it('counts each run on its own, and halts the first that gets there', async () => {
  const agent = haltAfter(3, scriptedAgent({ steps }, { paceMs: 100 }))
  const first = read(agent, 'run-1')
  await pass(50)
  const second = read(agent, 'run-2')
  await pass(275)
  expect([first.brought.length, second.brought.length]).toEqual([3, 2])
  await agent.halted
  await pass(1_000)
  expect([first.brought.length, second.brought.length]).toEqual([3, updates])
})

it('counts a run over all of its streams, and what is sent again once', async () => {
  const agent = haltAfter(4, scriptedAgent({ steps: ['a', 'b', { cut: true }, 'c', 'd'] }))
  const start = read(agent, 'run-1')
  await pass(0)
  expect(start.brought).toHaveLength(2)
  const again = read(agent, 'run-1', start.token)
  await pass(0)
  expect(again.brought).toHaveLength(2)
  await agent.halted
  again.leave()
  const rest = read(agent, 'run-1', again.token)
  await pass(0)
  expect(rest.brought.map(({ type }) => type)).toEqual(['end'])

  const other = haltAfter(3, scriptedAgent({ steps: ['a', 'b', { cut: true }, 'c', 'd'] }))
  const cut = read(other, 'run-1')
  await pass(0)
  // From the beginning: two of them have been counted.
  const whole = read(other, 'run-1')
  await pass(0)
  expect([cut.brought.length, whole.brought.length]).toEqual([2, 3])
})

it('an update that no answer has is told to who waits for it', async () => {
  const agent = haltAfter(9, scriptedAgent({ steps }, { paceMs: 100 }))
  read(agent, 'run-1')
  await pass(250)
  read(agent, 'run-2')
  let told = false
  agent.halted.catch(() => {
    told = true
  })
  await pass(300)
  expect(told, 'one run is over, the other is not').toBe(false)
  await pass(1_000)
  await expect(agent.halted).rejects.toThrow(`after update 9: the longest run ended after ${updates}`)
})

it('polls pass, and one that brings the end is told as well', async () => {
  const agent = haltAfter(1, scriptedAgent({ steps }, { paceMs: 100 }))
  const options = { runId: 'run-1', session: 's', background: true }
  const { continuationToken } = await agent.run([userMessage('Why?')], options)
  await pass(1_000)
  const { state } = await agent.run([], { ...options, continuationToken })
  expect(state.type).toBe('completed')
  await expect(agent.halted).rejects.toThrow('what is polled brings none')
})

it('refuses at once to halt after what is no update', () => {
  for (const count of [0, -1, 1.5, Number.NaN, Infinity]) expect(() => haltAfter(count, scriptedAgent({ steps }))).toThrow(RangeError)
})
