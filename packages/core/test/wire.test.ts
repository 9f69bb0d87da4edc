import { describe, expect, it } from 'vitest'
import { cursorOf, decodeFrame } from '@rejoin/core'

const cursor = cursorOf(0, 1)
const frame = (content: unknown) => decodeFrame(cursor, JSON.stringify(content))
const other = { kind: 'update', update: { type: 'other', cursor } }

describe('a frame of a newer server', () => {
  it('of a kind that is not known moves the cursor and nothing else', () => {
    expect(frame({ type: 'hologram', text: 'hm' })).toEqual(other)
  })

  it('with a step in a state that is not known moves the cursor and nothing else', () => {
    expect(frame({ type: 'progress', step: { id: 'a', label: 'Reading', state: 'failed' } })).toEqual(other)
  })

  it('with a status that is not known moves the cursor and nothing else', () => {
    expect(frame({ type: 'status', status: 'waiting' })).toEqual(other)
  })
})

describe('a frame of this version', () => {
  it('is read as it was written', () => {
    const step = { id: 'a', label: 'Reading', state: 'active' }
    expect(frame({ type: 'progress', step })).toEqual({ kind: 'update', update: { type: 'progress', cursor, step } })
    expect(frame({ type: 'status', status: 'queued' })).toEqual({ kind: 'update', update: { type: 'status', cursor, status: 'queued' } })
  })

  it('that is broken is none', () => {
    expect(frame({ type: 'text', delta: 1 })).toBeNull()
    expect(frame({ type: 'open', mode: 'sideways', elapsedMs: 0 })).toBeNull()
    expect(decodeFrame(undefined, '{"type":"text","delta":"a"}')).toBeNull()
    expect(decodeFrame(cursor, '{"type":')).toBeNull()
  })
})
