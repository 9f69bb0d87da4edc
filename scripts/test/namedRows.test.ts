import { describe, expect, it } from 'vitest'
import { namedRows } from '../compliance/namedRows.mjs'

// No title here quotes a name of a row: these titles are read as well.
describe('namedRows', () => {
  it('are those at the end of a title', () => {
    expect(namedRows('a reload shows the text (row 60)')).toEqual([60])
    expect(namedRows('a reload shows the text (rows 60, 61, 8)')).toEqual([60, 61, 8])
  })

  it('are none where the title speaks of something else', () => {
    for (const title of ['', 'a reload shows the text', 'a table with row 60 in it', 'eleven times (in a row)']) expect(namedRows(title)).toEqual([])
  })

  it.each([
    ['several for one', 'shows (rows 60)'],
    ['one for several', 'shows (row 60, 61)'],
    ['no space after the comma', 'shows (rows 60,61)'],
    ['a word in place of the comma', 'shows (rows 60 and 61)'],
    ['a capital', 'shows (Row 60)'],
    ['a number sign', 'shows (row #60)'],
    ['no space before', 'shows(row 60)'],
    ['something behind', 'shows (row 60) the text'],
    ['two names', 'shows (row 60) (row 61)'],
  ])('are not guessed from a name with %s', (_, title) => {
    expect(() => namedRows(title)).toThrow(title)
  })
})
