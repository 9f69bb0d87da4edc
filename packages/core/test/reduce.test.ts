import { describe, expect, it } from 'vitest'
import { compact, cursorOf, newRun, reduce, shownParts, textOf } from '@rejoin/core'
import type { Run, RunEvent, Update } from '@rejoin/core'
import { runStart, text } from './runStoreContract.ts'

const fresh = newRun(runStart('a'))
const all = (events: readonly RunEvent[], run: Run = fresh): Run => events.reduce(reduce, run)
const shown = (run: Run): string => textOf({ parts: shownParts(run) })
const connected: RunEvent = { type: 'connected', elapsedMs: 10, at: 100 }
const end = (n: number, type: 'completed' | 'cancelled' = 'completed', full?: string): Update => ({
  type: 'end',
  cursor: cursorOf(0, n),
  outcome: { type },
  elapsedMs: 7,
  ...(full !== undefined && { parts: [{ type: 'text', text: full }] }),
})
const snapshot = (epoch: number, full: string): Update => ({
  type: 'snapshot',
  cursor: cursorOf(epoch, 0),
  parts: [{ type: 'text', text: full }],
  steps: [],
})

describe('reduce', () => {
  it('appends deltas in order and drops what the cursor has passed', () => {
    const run = all([text(1, 'a'), text(2, 'b'), text(1, 'a'), text(2, 'b'), text(5, 'c')])
    expect(shown(run)).toBe('abc')
    expect(run.cursor).toBe(cursorOf(0, 5))
  })

  it('returns the same object where nothing changed', () => {
    const run = all([text(3, 'a')])
    expect(reduce(run, text(2, 'x'))).toBe(run)
    expect(reduce(all([end(1)]), text(9, 'x'))).toEqual(all([end(1)]))
  })

  it('shares what did not change', () => {
    const run = all([text(1, 'a'), { type: 'progress', cursor: cursorOf(0, 2), step: { id: 's', label: 'S', state: 'active' } }])
    expect(reduce(run, text(3, 'b')).steps).toBe(run.steps)
    expect(reduce(run, { type: 'other', cursor: cursorOf(0, 4) }).parts).toBe(run.parts)
  })

  it('counts an end whatever its cursor, and nothing after it', () => {
    const run = all([text(5, 'a'), end(2), text(6, 'b'), end(7, 'cancelled')])
    expect(run.state).toEqual({ type: 'completed' })
    expect(shown(run)).toBe('a')
    expect(run.elapsed).toEqual({ ms: 7, at: null })
  })

  it('does not bring a cancelled run back when a late completion comes (row 23)', () => {
    expect(all([end(1, 'cancelled'), end(2, 'completed')]).state).toEqual({ type: 'cancelled' })
  })

  it('never takes shown text away when a snapshot knows less, and does not double what follows it', () => {
    const behind = all([text(1, 'Hello wor'), snapshot(1, 'Hello')])
    expect(shown(behind)).toBe('Hello wor')
    const caughtUp = all([{ type: 'text', cursor: cursorOf(1, 1), delta: ' world' }], behind)
    expect(shown(caughtUp)).toBe('Hello world')
  })

  it('takes a completed answer as it is, and lets any other end only add', () => {
    expect(shown(all([text(1, 'abc'), end(2, 'completed', 'ab')]))).toBe('ab')
    expect(shown(all([text(1, 'abc'), end(2, 'cancelled', 'ab')]))).toBe('abc')
    expect(shown(all([text(1, 'abc'), end(2, 'cancelled', 'abcd')]))).toBe('abcd')
  })

  it('stays at stopping until the end', () => {
    const stopping = all([connected, { type: 'connection', state: { type: 'stopping' } }])
    const later = all([text(1, 'a'), connected, { type: 'connection', state: { type: 'polling' } }], stopping)
    expect(later.state).toEqual({ type: 'stopping' })
    expect(shown(later)).toBe('a')
    expect(all([end(2, 'cancelled')], later).state).toEqual({ type: 'cancelled' })
  })

  it('says queued until there is content', () => {
    const queued = all([connected, { type: 'status', cursor: cursorOf(0, 1), status: 'queued' }])
    expect(queued.state).toEqual({ type: 'queued' })
    expect(reduce(queued, text(2, 'a')).state).toEqual({ type: 'streaming' })
  })

  it('keeps the server measure of time', () => {
    expect(all([connected]).elapsed).toEqual({ ms: 10, at: 100 })
  })

  it('makes plain data', () => {
    const run = all([connected, text(1, 'a'), snapshot(1, 'b'), end(3)])
    expect(structuredClone(run)).toEqual(run)
  })
})

describe('compact', () => {
  it('joins a burst of deltas to one update', () => {
    expect(compact(Array.from({ length: 1000 }, (_, i) => text(i + 1, 'x')))).toEqual([text(1000, 'x'.repeat(1000))])
  })
})
