import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBlocks } from '../src/parts/blocks.ts'
import { piecesOf } from '../src/parts/plainBlock.tsx'

const pieces = fc.constantFrom(
  'word ',
  'x',
  '\n',
  '\n\n',
  '\r\n\r\n',
  '  ',
  '\t',
  '```',
  '````',
  '~~~',
  '```js\n',
  '- item',
  '    indented',
  '| a | b |\n|---|---|\n',
  '👩‍👩‍👧',
  'é',
)
const texts = fc.array(pieces, { maxLength: 60 })

describe('blocks', () => {
  it.each([
    ['a\n\nb', ['a\n\n', 'b']],
    ['a\nb', ['a\nb']],
    ['a\n\n\n\nb', ['a\n\n\n\n', 'b']],
    ['a\r\n\r\nb', ['a\r\n\r\n', 'b']],
    ['a\n \t\nb', ['a\n \t\n', 'b']],
    ['\n\na', ['\n\na']],
    ['- one\n\n  still one\n\ntwo', ['- one\n\n  still one\n\n', 'two']],
    ['```\na\n\nb\n```\n\nc', ['```\na\n\nb\n```\n\n', 'c']],
    ['````\n```\n\nb\n````\n\nc', ['````\n```\n\nb\n````\n\n', 'c']],
    ['~~~\na\n\n```\n\n~~~\n\nc', ['~~~\na\n\n```\n\n~~~\n\n', 'c']],
    ['```\na\n\n``` not the end\n\nb', ['```\na\n\n``` not the end\n\nb']],
    ['```inline``` code\n\nb', ['```inline``` code\n\n', 'b']],
    ['', []],
  ])('cuts %j into %j', (text, blocks) => {
    expect(createBlocks()(text)).toEqual(blocks)
  })

  it('join to the text', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('')
        expect(createBlocks()(text).join('')).toBe(text)
      }),
    )
  })

  it('are the same however the text arrives, and what was finished stays', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const blocksOf = createBlocks()
        let text = ''
        let finished: readonly string[] = []
        for (const part of parts) {
          text += part
          const blocks = blocksOf(text)
          expect(blocks).toEqual(createBlocks()(text))
          expect(blocks.slice(0, finished.length)).toEqual(finished)
          finished = blocks.slice(0, -1)
        }
      }),
    )
  })

  it('begin anew with a text that does not go on with the one before', () => {
    const blocksOf = createBlocks()
    blocksOf('```\na\n\nb')
    expect(blocksOf('a\n\nb')).toEqual(['a\n\n', 'b'])
    expect(blocksOf('a\n\n')).toEqual(['a\n\n'])
  })
})

describe('pieces of a plain block', () => {
  const long = fc.array(fc.constantFrom('word ', 'x'.repeat(701), '\n', '😀'.repeat(1_500), ' '), { maxLength: 40 })

  it('join to the text, tear no character apart, and stay when more comes', () => {
    fc.assert(
      fc.property(long, long, (head, tail) => {
        const before = piecesOf(head.join(''))
        const after = piecesOf([...head, ...tail].join(''))
        expect(after.join('')).toBe([...head, ...tail].join(''))
        expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
        for (const piece of after) expect(piece.isWellFormed()).toBe(true)
      }),
    )
  })
})
