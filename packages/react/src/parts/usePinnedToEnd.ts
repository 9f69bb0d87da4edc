'use client'

import { useCallback, useRef, type RefObject } from 'react'
import { useCommitEffect } from '../useCommitEffect.ts'
import { watchLayout } from './watchLayout.ts'

/** So near to the end counts as at the end, in pixels. */
const tolerance = 24

/**
 * Keeps a scrolling element at its end while it grows or its own size changes, until the person scrolls up,
 * and again once they are back. Jumps and never glides, so there is no motion to reduce.
 * @param topic when it changes, the element is taken to its end again
 * @returns to be called when the element was scrolled
 */
export function usePinnedToEnd(ref: RefObject<HTMLElement | null>, topic: string): () => void {
  const pinned = useRef({ topic, pinned: true, top: 0 })
  const watched = useRef<{ readonly element: HTMLElement; stop(): void } | null>(null)

  const toEnd = useCallback(() => {
    const state = pinned.current
    const element = ref.current
    if (element === null || !state.pinned) return
    element.scrollTop = element.scrollHeight
    state.top = element.scrollTop
  }, [ref])

  // After each commit, which the engine makes one a frame: one read, one write.
  useCommitEffect(() => {
    const state = pinned.current
    if (state.topic !== topic) Object.assign(state, { topic, pinned: true })
    toEnd()
  })

  // The element may come later than the component, and go before it.
  useCommitEffect(() => {
    const element = ref.current
    if (watched.current?.element === element) return
    watched.current?.stop()
    watched.current = element && { element, stop: watchLayout(element, toEnd) }
  })
  useCommitEffect(
    () => () => {
      watched.current?.stop()
      watched.current = null
    },
    [],
  )

  return () => {
    const element = ref.current
    if (element === null) return
    const state = pinned.current
    const { scrollTop, scrollHeight, clientHeight } = element
    const left = scrollHeight - scrollTop - clientHeight
    // Only the person scrolls up. That the end is out of sight may just mean that text has come since.
    if (scrollTop < state.top - 1 && left > 1) state.pinned = false
    else if (left <= tolerance) state.pinned = true
    state.top = scrollTop
  }
}
