'use client'

import { useEffect, useRef, type RefObject } from 'react'

/** The value of the latest committed render, for handlers that are called later. */
export function useLatest<T>(value: T): RefObject<T> {
  const ref = useRef(value)
  useEffect(() => {
    ref.current = value
  }, [value])
  return ref
}
