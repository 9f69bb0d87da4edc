'use client'

import { useState } from 'react'

/**
 * The first of all arrays with the same items: apps write them inline. Remembered without a state update,
 * which would never come to rest where the items are written inline too.
 */
export function useStableList<T>(list: readonly T[]): readonly T[] {
  const [keep] = useState(createKeeper<T>)
  return keep(list)
}

function createKeeper<T>(): (list: readonly T[]) => readonly T[] {
  let kept: readonly T[] = []
  return (list) => {
    const same = kept.length === list.length && kept.every((item, at) => item === list[at])
    if (!same) kept = list
    return kept
  }
}
