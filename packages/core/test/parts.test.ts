import { describe, expect, it } from 'vitest'
import { compact, cursorOf, decodeFrame, lengthOf, newRun, reduce, shownParts, textOf } from '@rejoin/core'
import type { DeltaUpdate, PartUpdate, Run, RunEvent, Update } from '@rejoin/core'
import { runStart, text } from './runStoreContract.ts'

const fresh = newRun(runStart('a'))
const all = (events: readonly RunEvent[], run: Run = fresh): Run => events.reduce(reduce, run)
const connected: RunEvent = { type: 'connected', elapsedMs: 10, at: 100 }
const delta = (n: number, type: DeltaUpdate['type'], piece: string, id?: string): Update => ({
  type,
  cursor: cursorOf(0, n),
  delta: piece,
  ...(id !== undefined && { id }),
})
const part = (n: number, piece: PartUpdate['part']): Update => ({ type: 'part', cursor: cursorOf(0, n), part: piece })
const tool = { type: 'tool', id: 't', name: 'search', state: 'input-available', input: { q: 'a' } } as const
const source = { type: 'source-url', id: 's', url: 'https://example.com' } as const

describe('a delta', () => {
  it('without an id goes on with the last part, if that is of its type and has none either', () => {
    const { parts } = all([
      delta(1, 'reasoning', 'Let me '),
      delta(2, 'reasoning', 'see'),
      text(3, 'One'),
      delta(4, 'text', 'named', 'n'),
      text(5, 'Two'),
      delta(6, 'refusal', 'No'),
    ])
    expect(parts).toEqual([
      { type: 'reasoning', text: 'Let me see' },
      { type: 'text', text: 'One' },
      { type: 'text', id: 'n', text: 'named' },
      { type: 'text', text: 'Two' },
      { type: 'refusal', text: 'No' },
    ])
  })

  it('with an id goes on with that part, wherever it stands, and leaves the others as they are', () => {
    const before = all([delta(1, 'text', 'a', 'one'), delta(2, 'text', 'b', 'two'), part(3, tool)])
    const after = all([delta(4, 'text', '!', 'one')], before)
    expect(after.parts[0]).toEqual({ type: 'text', id: 'one', text: 'a!' })
    expect(after.parts.slice(1).every((piece, at) => piece === before.parts[at + 1])).toBe(true)
    expect(textOf(after)).toBe('a!b')
  })

  it('with the id of a part of another type begins one of its own', () => {
    const { parts } = all([part(1, { ...tool, id: 'x' }), delta(2, 'text', 'a', 'x'), delta(3, 'text', 'b', 'x')])
    expect(parts).toEqual([
      { ...tool, id: 'x' },
      { type: 'text', id: 'x', text: 'ab' },
    ])
  })

  it('that has been seen already adds nothing', () => {
    const seen = all([delta(1, 'reasoning', 'a', 'r'), delta(2, 'reasoning', 'b', 'r')])
    expect(reduce(seen, delta(2, 'reasoning', 'b', 'r'))).toBe(seen)
  })
})

describe('a part', () => {
  it('is added at the end, or put in the place of the one with its id', () => {
    const done = { ...tool, state: 'output-available', output: [1] } as const
    const { parts } = all([part(1, tool), text(2, 'a'), part(3, source), part(4, done)])
    expect(parts).toEqual([done, { type: 'text', text: 'a' }, source])
  })

  it('repairs a text whose deltas were lost, and never doubles it', () => {
    const { parts } = all([delta(1, 'text', 'Hel', 'a'), part(4, { type: 'text', id: 'a', text: 'Hello' }), part(5, { type: 'text', id: 'a', text: 'Hello' })])
    expect(parts).toEqual([{ type: 'text', id: 'a', text: 'Hello' }])
  })

  it('says that a queued run is at work', () => {
    const queued = all([connected, { type: 'status', cursor: cursorOf(0, 1), status: 'queued' }])
    expect(reduce(queued, part(2, tool)).state).toEqual({ type: 'streaming' })
    expect(reduce(queued, delta(2, 'reasoning', 'Hm')).state).toEqual({ type: 'streaming' })
  })
})

describe('how much there is', () => {
  it('is the characters of what grows, and one for each other part', () => {
    expect(lengthOf([{ type: 'text', text: 'ab' }, { type: 'reasoning', text: 'c' }, { type: 'refusal', text: 'de' }, tool, source])).toBe(7)
  })

  it('of the answer alone leaves reasoning and refusals out', () => {
    expect(textOf({ parts: [{ type: 'reasoning', text: 'no' }, { type: 'text', text: 'yes' }, { type: 'refusal', text: 'no' }] })).toBe('yes')
  })

  it('decides which of two states knows more, parts that are no text included', () => {
    const shown = all([text(1, 'ab'), part(2, tool), part(3, source)])
    const behind = reduce(shown, { type: 'snapshot', cursor: cursorOf(1, 0), parts: [{ type: 'text', text: 'ab' }, tool], steps: [] })
    expect(shownParts(behind)).toBe(shown.parts)
    const caughtUp = reduce(behind, { type: 'part', cursor: cursorOf(1, 1), part: source })
    expect(shownParts(caughtUp)).toBe(caughtUp.parts)
  })
})

describe('a poll of a run that goes on', () => {
  it('changes what is said of it, and neither its content nor its cursor', () => {
    const before = all([connected, text(1, 'abc'), part(2, tool)])
    const step = { id: 's', label: 'Reading', state: 'active' } as const
    const after = reduce(before, { type: 'polled', phase: 'working', elapsedMs: 50, at: 200, steps: [step] })
    expect(after).toEqual({ ...before, state: { type: 'polling' }, steps: [step], elapsed: { ms: 50, at: 200 } })
    expect(after.parts).toBe(before.parts)
    expect(reduce(after, { type: 'polled', phase: 'queued', elapsedMs: 60, at: 210 })).toEqual({
      ...after,
      state: { type: 'queued' },
      phase: 'queued',
      elapsed: { ms: 60, at: 210 },
    })
  })

  it('counts no more once the run has ended, and does not hide that it is being stopped', () => {
    const polled: RunEvent = { type: 'polled', phase: 'working', elapsedMs: 50, at: 200 }
    const ended = all([text(1, 'a'), { type: 'end', cursor: cursorOf(0, 2), outcome: { type: 'completed' }, elapsedMs: 1 }])
    expect(reduce(ended, polled)).toBe(ended)
    const stopping = all([connected, { type: 'connection', state: { type: 'stopping' } }])
    expect(reduce(stopping, polled).state).toEqual({ type: 'stopping' })
  })
})

describe('compact', () => {
  it('keeps a floor that a part, on its way to a shorter one, has reached', () => {
    const long = part(2, { type: 'text', id: 'a', text: 'abcdef' })
    const short = part(3, { type: 'text', id: 'a', text: 'ab' })
    const base: Update = { type: 'snapshot', cursor: cursorOf(0, 1), parts: [], steps: [] }
    const before = { ...fresh, parts: [{ type: 'text' as const, text: 'abcd' }] }
    expect(all(compact([base, long, short]), before)).toEqual(all([base, long, short], before))
  })

  it('joins deltas of one part to one update, and the states of a tool to its last', () => {
    const deltas = Array.from({ length: 1_000 }, (_, at) => delta(at + 1, 'reasoning', 'x', 'r'))
    expect(compact(deltas)).toEqual([delta(1_000, 'reasoning', 'x'.repeat(1_000), 'r')])
    expect(compact([part(1, tool), part(2, { ...tool, state: 'output-available' })])).toEqual([part(2, { ...tool, state: 'output-available' })])
  })
})

const cursor = cursorOf(0, 1)
const frame = (content: unknown): ReturnType<typeof decodeFrame> => decodeFrame(cursor, JSON.stringify(content))
const other = { kind: 'update', update: { type: 'other', cursor } }

describe('a part on the wire', () => {
  it.each([
    ['of a kind that is not known', { type: 'hologram', id: 'h' }],
    ['without an id', { type: 'text', text: 'a' }],
    ['that is no object', 'text'],
    ['whose tool is in a state that is not known', { ...tool, state: 'output-denied' }],
    ['whose tool has no name', { ...tool, name: undefined }],
    ['whose citation is broken', { ...source, cites: { part: 'a', start: '0', end: 1 } }],
    ['whose title is no text', { ...source, title: 1 }],
    ['without its data', { type: 'data', id: 'd', name: 'total' }],
    ['that asks in a way that is not known', { type: 'request', kind: 'fingerprint', id: 'r', prompt: 'Finger?' }],
    ['that asks nothing', { type: 'request', kind: 'input', id: 'r' }],
    ['whose sign-in would run a script', { type: 'request', kind: 'auth', id: 'r', prompt: 'Here', url: 'javascript:alert(1)' }],
    ['whose options are no words', { type: 'request', kind: 'input', id: 'r', prompt: 'Which?', options: [1] }],
    ['that decides nothing', { type: 'answer', kind: 'approval', id: 'a', request: 'r' }],
  ])('%s moves the cursor and nothing else (row 33)', (_what, piece) => {
    expect(frame({ type: 'part', part: piece })).toEqual(other)
  })

  it.each(['javascript:alert(1)', 'JAVASCRIPT:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'vbscript:x', 'data:text/html,<script>', '//example.com', '', 1])(
    'is no source where its address is %j',
    (url) => {
      expect(frame({ type: 'part', part: { ...source, url } })).toEqual(other)
    },
  )

  it.each(['javascript:alert(1)', ' javascript:alert(1)', 'vbscript:x', '//example.com/a.png', 'file:///etc/passwd', null])(
    'is no file where its address is %j',
    (url) => {
      expect(frame({ type: 'part', part: { type: 'file', id: 'f', mediaType: 'image/png', url } })).toEqual(other)
    },
  )

  it.each(['https://example.com/a.png', 'HTTP://example.com', 'data:image/png,', 'blob:https://example.com/1', '/files/a.png'])('is a file where its address is %s', (url) => {
    const file = { type: 'file', id: 'f', mediaType: 'image/png', url }
    expect(frame({ type: 'part', part: file })).toEqual({ kind: 'update', update: { type: 'part', cursor, part: file } })
  })

  it('is left out of a snapshot, or of an end, that has others', () => {
    const known = { type: 'text', text: 'a' }
    const unsafe = { ...source, url: 'javascript:alert(1)' }
    const mixed = [{ type: 'hologram' }, known, unsafe]
    expect(frame({ type: 'snapshot', parts: mixed, steps: [] })).toMatchObject({ update: { parts: [known] } })
    const end = { type: 'end', outcome: { type: 'completed' }, elapsedMs: 1 }
    expect(frame({ ...end, parts: mixed, length: 3 })).toMatchObject({ update: { parts: [known], length: 3 } })
    expect(frame({ ...end, length: -1 })).toEqual({ kind: 'update', update: { ...end, cursor } })
  })
})
