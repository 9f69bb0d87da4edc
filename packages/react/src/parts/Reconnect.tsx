'use client'

import { type MouseEvent } from 'react'
import { isReconnecting } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { useFocusKept } from './useFocusKept.ts'

/**
 * Makes the next try at once, for a person who will not wait for it, or for a network that the browser does not see. Hidden where
 * nothing is waited for.
 */
export const Reconnect: Part<HTMLButtonElement, PartProps<'button'>> = part(
  'Chat.Reconnect',
  ({ children, ...rest }, ref) => {
    const { run, reconnect } = useChat('Reconnect')
    const shown = isReconnecting(run)
    const trying = shown && run.state.reason !== 'offline' && run.retryAt === null
    const focus = useFocusKept(shown, rest, ref)

    function press(event: MouseEvent<HTMLButtonElement>): void {
      rest.onClick?.(event)
      if (!event.defaultPrevented && !trying) reconnect()
    }

    return (
      <button
        type="button"
        hidden={!shown}
        // Not `disabled`, which would take the focus away.
        aria-disabled={trying || undefined}
        {...rest}
        {...focus}
        onClick={press}
        data-chat-part="reconnect"
        data-trying={trying || undefined}
      >
        {children ?? (trying ? 'Trying again…' : 'Try again now')}
      </button>
    )
  },
)
