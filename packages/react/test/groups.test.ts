import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGroups } from '../src/parts/groups.ts'

interface Item {
  readonly id: number
  readonly text: string
}

const item = (id: number, text = ''): Item => ({ id, text })
const items = (from: number, to: number): Item[] => Array.from({ length: to - from }, (_, at) => item(from + at))

describe('groups', () => {
  it('hold at most so many items', () => {
    const groupsOf = createGroups(3, ({ id }: Item) => id)
    expect(groupsOf(items(0, 8)).map((group) => group.items.map(({ id }) => id))).toEqual([[0, 1, 2], [3, 4, 5], [6, 7]])
  })

  it('are the same objects where nothing changed', () => {
    const groupsOf = createGroups(3, ({ id }: Item) => id)
    const list = items(0, 8)
    const [first, second, third] = groupsOf(list)
    const grown = groupsOf([...list.slice(0, -1), item(7, 'grown')])
    expect([grown[0] === first, grown[1] === second, grown[2] === third]).toEqual([true, true, false])
    expect(grown[2]?.items.at(-1)?.text).toBe('grown')
    expect(groupsOf(list.slice(0, 7))[1]).toBe(second)
  })

  it('keep their beginnings when items come in front, or are taken away', () => {
    const groupsOf = createGroups(3, ({ id }: Item) => id)
    groupsOf(items(10, 18))
    expect(groupsOf(items(5, 18)).map(({ key }) => key)).toEqual([5, 8, 10, 13, 16])
    expect(groupsOf(items(5, 17)).map(({ key }) => key)).toEqual([5, 8, 10, 13, 16])
  })

  it('hold all items in their order, whatever happens to the list', () => {
    const change = fc.record({ at: fc.nat(30), remove: fc.nat(3), add: fc.nat(5), grow: fc.boolean() })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const groupsOf = createGroups(4, ({ id }: Item) => id)
        let list: Item[] = []
        let next = 0
        for (const { at, remove, add, grow } of changes) {
          list = list.toSpliced(at, remove, ...items(next, next + add))
          next += add
          const last = list.at(-1)
          if (grow && last) list = [...list.slice(0, -1), item(last.id, `${last.text}+`)]
          const groups = groupsOf(list)
          expect(groups.flatMap((group) => group.items)).toEqual(list)
          expect(groups.every((group) => group.items.length <= 4 && group.key === group.items[0]?.id)).toBe(true)
        }
      }),
    )
  })
})
