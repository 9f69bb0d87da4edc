export interface Group<T, Key> {
  readonly key: Key
  readonly items: readonly T[]
}

/**
 * Cuts a list into groups of at most `size`, so that React can skip a whole group in which nothing changed.
 * A group that did not change is the same object again.
 *
 * An item that began a group begins one for ever: history put in front of the list, or messages taken
 * from its end, move nothing from one group to another (which would make its elements anew).
 */
export function createGroups<T, Key extends string | number>(
  size: number,
  keyOf: (item: T, index: number) => Key,
): (list: readonly T[]) => readonly Group<T, Key>[] {
  const starts = new Set<Key>()
  let groups: readonly Group<T, Key>[] = []

  return (list) => {
    const before = new Map(groups.map((group) => [group.key, group]))
    const next: { key: Key; items: T[] }[] = []
    for (const [index, item] of list.entries()) {
      const key = keyOf(item, index)
      const last = next.at(-1)
      if (last !== undefined && last.items.length < size && !starts.has(key)) {
        last.items.push(item)
        continue
      }
      starts.add(key)
      next.push({ key, items: [item] })
    }
    groups = next.map((group) => unlessSame(before.get(group.key), group))
    return groups
  }
}

function unlessSame<T, Key>(before: Group<T, Key> | undefined, now: Group<T, Key>): Group<T, Key> {
  const same = before?.items.length === now.items.length && before.items.every((item, at) => item === now.items[at])
  return before !== undefined && same ? before : now
}
