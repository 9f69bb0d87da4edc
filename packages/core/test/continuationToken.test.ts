import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cursorLength, cursorOf, isCursor, joinToken, parseCursor, splitToken } from '@rejoin/core'

const cursors = fc.tuple(fc.nat(9999), fc.nat(2 ** 31)).map(([epoch, n]) => ({ epoch, n, cursor: cursorOf(epoch, n) }))

describe('cursors', () => {
  it('compare as their numbers do, at constant width', () => {
    fc.assert(
      fc.property(cursors, cursors, (a, b) => {
        expect(a.cursor < b.cursor).toBe(a.epoch < b.epoch || (a.epoch === b.epoch && a.n < b.n))
        expect(a.cursor).toHaveLength(cursorLength)
        expect(parseCursor(a.cursor)).toEqual({ epoch: a.epoch, n: a.n })
      }),
    )
  })

  it('are told from anything else', () => {
    for (const wrong of ['', '0000', '0000.000000000', 'abcd.0000000000', '0000.0000000000 ', null, 7]) {
      expect(isCursor(wrong)).toBe(false)
    }
  })
})

describe('continuation tokens', () => {
  it('come apart as they were joined, whatever the handle', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), cursors, (handle, { cursor }) => {
        expect(splitToken(joinToken(handle, cursor))).toEqual({ handle, cursor })
      }),
    )
  })

  it('that are damaged give a typed error', () => {
    for (const wrong of ['', 'x', '.0000.0000000000', 'handle', 'handle.0000.000000000', 'handle0000.0000000000']) {
      expect(() => splitToken(wrong)).toThrow(expect.objectContaining({ name: 'RejoinError', code: 'token_invalid' }))
    }
  })
})
