'use client'

import { type MouseEvent } from 'react'
import { isUnfinished } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { useFocusKept } from './useFocusKept.ts'

/**
 * Ends the run, also one that an earlier page has started or that waits for an answer. Hidden where there is nothing to stop. Until the
 * server has acknowledged it, another press asks again: what was asked first may hang.
 */
export const Stop: Part<HTMLButtonElement, PartProps<'button'>> = part('Chat.Stop', ({ children, ...rest }, ref) => {
  const { run, stop } = useChat('Stop')
  const active = isUnfinished(run)
  const stopping = run?.state.type === 'stopping'
  const focus = useFocusKept(active, rest, ref)

  function press(event: MouseEvent<HTMLButtonElement>): void {
    rest.onClick?.(event)
    if (!event.defaultPrevented) void stop()
  }

  return (
    <button
      type="button"
      hidden={!active}
      {...rest}
      {...focus}
      onClick={press}
      data-chat-part="stop"
      data-stopping={stopping || undefined}
    >
      {children ?? (stopping ? 'Stopping…' : 'Stop')}
    </button>
  )
})
