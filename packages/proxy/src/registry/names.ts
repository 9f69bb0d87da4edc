/** Names by what they are looked up with. */
export interface NameIndex {
  of(key: string): readonly string[]
  set(key: string, name: string, present: boolean): void
}

export function nameIndex(): NameIndex {
  const all = new Map<string, Set<string>>()
  return {
    of: (key) => [...(all.get(key) ?? [])],
    set(key, name, present) {
      const names = all.get(key) ?? new Set()
      if (present) all.set(key, names.add(name))
      else if (names.delete(name) && names.size === 0) all.delete(key)
    },
  }
}
