import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { apply } from '../mutations/apply.mjs'
import { mutations } from '../mutations/mutations.mjs'

const root = join(import.meta.dirname, '../..')
const mutation = { file: 'a.ts', what: 'it is broken', from: 'one', to: 'two' }

describe('the mutations', () => {
  it.each(mutations.map((each) => [each.what, each] as const))('%s: still fits the code', (_what, each) => {
    const source = readFileSync(join(root, each.file), 'utf8')
    expect(apply(source, each)).not.toBe(source)
  })

  it('break each invariant at least once', () => {
    const broken = new Set(mutations.map(({ invariant }) => invariant))
    expect([...broken].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})

describe('apply', () => {
  it('changes the one place', () => {
    expect(apply('zero one three', mutation)).toBe('zero two three')
  })

  it('says what is no longer there, or there twice', () => {
    expect(() => apply('zero', mutation)).toThrow('stands there 0 times')
    expect(() => apply('one one', mutation)).toThrow('stands there 2 times')
    expect(() => apply('one', { ...mutation, from: '' })).toThrow('"it is broken" no longer fits a.ts')
  })
})
