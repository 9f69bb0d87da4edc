'use client'

import { type ReactNode } from 'react'
import { isReconnecting } from '../isActive.ts'
import { useSeconds } from '../useSeconds.ts'
import { type BackgroundAgent } from '../chatSource.ts'
import { describeChat, describeRetry } from '../words.ts'
import { useChat } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'

/** What `Chat.Status` takes beside native props. */
export interface StatusOwnProps {
  /** Says it in other words: gets ours, and the chat. */
  children?: ((words: string, chat: BackgroundAgent) => ReactNode) | undefined
}

/**
 * What is happening, in words, and what went wrong (`data-error-code`): the live region that tells it to a
 * screen reader. The seconds to the next try are hidden from it, or it would speak every second.
 */
export const Status: Part<HTMLDivElement, PartProps<'div', StatusOwnProps>> = part(
  'Chat.Status',
  ({ children, ...rest }, ref) => {
    const chat = useChat('Status')
    const { run, error } = chat
    const words = describeChat(chat)
    const sinceDue = useSeconds(run?.retryAt ?? null)
    const waiting = error === null && isReconnecting(run) && run.state.reason !== 'offline'
    return (
      <div
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an output is a control of its form
        role="status"
        {...rest}
        ref={ref}
        data-chat-part="status"
        data-run-state={run?.state.type}
        data-pause-reason={run?.state.type === 'paused' ? run.state.reason : undefined}
        data-error-code={error?.code}
      >
        {children ? children(words, chat) : words}
        {waiting && <span aria-hidden="true"> {describeRetry(sinceDue === null ? null : -sinceDue)}</span>}
      </div>
    )
  },
)
