import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rowTable } from '../compliance/rowTable.mjs'

describe('rowTable', () => {
  it('reads the numbered rows of all tables, with or without an origin', () => {
    const markdown = ['# Text 7', '| # | behaviour | origin |', '|---|---|---|', '| 8 | tokens are kept | S |', '', '| # | behaviour |', '|---|---|', '| 60 | *planned:* `a` | '].join('\n')
    expect(rowTable(markdown)).toEqual([
      { number: 8, behaviour: 'tokens are kept' },
      { number: 60, behaviour: '*planned:* `a`' },
    ])
  })

  it('refuses a number that stands twice', () => {
    expect(() => rowTable('| 8 | a |\n| 9 | b |\n| 8 | c |')).toThrow('Row 8 is in the table twice.')
  })

  it('finds every numbered line of docs/compliance.md', () => {
    const markdown = readFileSync(join(import.meta.dirname, '../../docs/compliance.md'), 'utf8')
    const numbered = markdown.split('\n').filter((line) => /^\|\s*\d/.test(line))
    expect(rowTable(markdown)).toHaveLength(numbered.length)
    expect(numbered.length).toBeGreaterThan(70)
  })
})
