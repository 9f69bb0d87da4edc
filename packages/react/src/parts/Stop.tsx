'use client'

import { useImperativeHandle, useRef, type FocusEvent, type MouseEvent } from 'react'
import { isUnfinished } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { focusInput } from './focusInput.ts'
import { part, type Part, type PartProps } from './part.ts'
import { useCommitEffect } from '../useCommitEffect.ts'

/** Ends the run, also one that an earlier page has started or that waits for an answer. Hidden where there is nothing to stop. */
export const Stop: Part<HTMLButtonElement, PartProps<'button'>> = part('Chat.Stop', ({ children, ...rest }, ref) => {
  const { run, stop } = useChat('Stop')
  const active = isUnfinished(run)
  const stopping = run?.state.type === 'stopping'
  const button = useRef<HTMLButtonElement>(null)
  const focused = useRef(false)
  useImperativeHandle<HTMLButtonElement | null, HTMLButtonElement | null>(ref, () => button.current, [])

  // A button that vanishes under the focus would leave the keyboard nowhere. `document.activeElement` tells it
  // too late: a part before this one may have asked for the layout, and with that the browser takes the focus.
  useCommitEffect(() => {
    if (!active && focused.current) focusInput(button.current)
    if (!active) focused.current = false
  }, [active])

  function noteFocus(event: FocusEvent<HTMLButtonElement>): void {
    rest.onFocus?.(event)
    focused.current = true
  }

  function noteBlur(event: FocusEvent<HTMLButtonElement>): void {
    rest.onBlur?.(event)
    const { currentTarget: left } = event
    // A window that goes behind another one keeps its place for when it comes back.
    if (!left.hidden && left.ownerDocument.activeElement !== left) focused.current = false
  }

  function press(event: MouseEvent<HTMLButtonElement>): void {
    rest.onClick?.(event)
    if (!event.defaultPrevented) void stop()
  }

  return (
    <button
      type="button"
      hidden={!active}
      // Not `disabled`, which would take the focus away.
      aria-disabled={stopping || undefined}
      {...rest}
      ref={button}
      onClick={press}
      onFocus={noteFocus}
      onBlur={noteBlur}
      data-chat-part="stop"
      data-stopping={stopping || undefined}
    >
      {children ?? (stopping ? 'Stopping…' : 'Stop')}
    </button>
  )
})
