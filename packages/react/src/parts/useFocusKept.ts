'use client'

import { useImperativeHandle, useRef, type ComponentPropsWithoutRef, type FocusEvent, type ForwardedRef, type RefObject } from 'react'
import { useCommitEffect } from '../useCommitEffect.ts'
import { focusInput } from './focusInput.ts'

interface FocusKept {
  readonly ref: RefObject<HTMLButtonElement | null>
  onFocus(event: FocusEvent<HTMLButtonElement>): void
  onBlur(event: FocusEvent<HTMLButtonElement>): void
}

type FocusHandlers = Pick<ComponentPropsWithoutRef<'button'>, 'onFocus' | 'onBlur'>

/**
 * For a button that comes and goes: one that vanishes under the focus would leave the keyboard nowhere, so the input takes it. Before
 * its own handlers it calls `handlers`.
 * @param ref gets the button as well
 */
export function useFocusKept(shown: boolean, handlers: FocusHandlers, ref: ForwardedRef<HTMLButtonElement>): FocusKept {
  const button = useRef<HTMLButtonElement>(null)
  const focused = useRef(false)
  useImperativeHandle<HTMLButtonElement | null, HTMLButtonElement | null>(ref, () => button.current, [])

  // `document.activeElement` tells it too late: a part before this one may have asked for the layout, and with that the browser takes
  // the focus.
  useCommitEffect(() => {
    if (!shown && focused.current) focusInput(button.current)
    if (!shown) focused.current = false
  }, [shown])

  return {
    ref: button,
    onFocus(event) {
      handlers.onFocus?.(event)
      focused.current = true
    },
    onBlur(event) {
      handlers.onBlur?.(event)
      const { currentTarget: left } = event
      // A window that goes behind another one keeps its place for when it comes back.
      if (!left.hidden && left.ownerDocument.activeElement !== left) focused.current = false
    },
  }
}
