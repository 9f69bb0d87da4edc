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

  let seen: readonly T[] = []

  /** What a frame brings: the last item has grown. */
  function withLast(list: readonly T[]): readonly Group<T, Key>[] | null {
    const end = list.length - 1
    const last = groups.at(-1)
    const item = list[end]
    if (last === undefined || item === undefined || seen.length !== list.length) return null
    for (let at = 0; at < end; at += 1) if (seen[at] !== list[at]) return null
    if (seen[end] === item) return groups
    const known = seen[end]
    if (known === undefined || keyOf(known, end) !== keyOf(item, end)) return null
    return [...groups.slice(0, -1), { key: last.key, items: [...last.items.slice(0, -1), item] }]
  }

  return (list) => {
    groups = withLast(list) ?? regroup(list)
    seen = list
    return groups
  }

  function regroup(list: readonly T[]): readonly Group<T, Key>[] {
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
    return next.map((group) => unlessSame(before.get(group.key), group))
  }
}

function unlessSame<T, Key>(before: Group<T, Key> | undefined, now: Group<T, Key>): Group<T, Key> {
  const same = before?.items.length === now.items.length && before.items.every((item, at) => item === now.items[at])
  return before !== undefined && same ? before : now
}
