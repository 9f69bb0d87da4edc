'use client'

import { useImperativeHandle, useRef, type MouseEvent } from 'react'
import { isActive } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { useCommitEffect } from './useCommitEffect.ts'

/** Ends the run, also one that an earlier page has started. Hidden where there is nothing to stop. */
export const Stop: Part<HTMLButtonElement, PartProps<'button'>> = part('Chat.Stop', ({ children, ...rest }, ref) => {
  const { run, stop } = useChat('Stop')
  const active = isActive(run)
  const stopping = run?.state.type === 'stopping'
  const button = useRef<HTMLButtonElement>(null)
  useImperativeHandle<HTMLButtonElement | null, HTMLButtonElement | null>(ref, () => button.current, [])

  // A button that vanishes under the focus would leave the keyboard nowhere.
  useCommitEffect(() => {
    if (!active && document.activeElement === button.current) focusInput(button.current)
  }, [active])

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
      data-chat-part="stop"
      data-stopping={stopping || undefined}
    >
      {children ?? (stopping ? 'Stopping…' : 'Stop')}
    </button>
  )
})

function focusInput(from: HTMLElement | null): void {
  from?.closest('[data-chat-part="root"]')?.querySelector<HTMLElement>('[data-chat-part="input"]')?.focus()
}
