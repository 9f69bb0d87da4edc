'use client'

import { type ChatMessage } from '@rejoin/core'
import { memo, useImperativeHandle, useRef, useState, type ReactNode } from 'react'
import { isActive } from '../isActive.ts'
import { createGroups } from './groups.ts'
import { useChat } from './chatContext.ts'
import { Message } from './Message.tsx'
import { LiveContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { usePinnedToEnd } from './usePinnedToEnd.ts'

/** Renders one message of the transcript. */
export type RenderMessage = (message: ChatMessage) => ReactNode

/** What `Chat.Messages` takes beside native props. */
export interface MessagesOwnProps {
  /**
   * Renders one message. Give the same function on each render (define it outside, or `useCallback`):
   * another one means that all messages are rendered again.
   * @default (message) => <Chat.Message message={message} />
   */
  children?: RenderMessage | undefined
}

const groupSize = 32
const defaultMessage: RenderMessage = (message) => <Message message={message} />

/**
 * The transcript. Stays at its end while text arrives, unless the person has scrolled away from it.
 *
 * Not announced while an answer is written: a screen reader would read out every delta of minutes of text.
 * `Chat.Status` is what says that an answer is complete. It is not marked `aria-busy` either, since some
 * screen readers keep what is busy from the reader altogether.
 */
export const Messages: Part<HTMLDivElement, PartProps<'div', MessagesOwnProps>> = part(
  'Chat.Messages',
  ({ children = defaultMessage, ...rest }, ref) => {
    const { id, messages, run } = useChat('Messages')
    const liveId = isActive(run) ? run.id : null
    const [groupsOf] = useState(() => createGroups(groupSize, (message: ChatMessage) => message.id))
    const log = useRef<HTMLDivElement>(null)
    useImperativeHandle<HTMLDivElement | null, HTMLDivElement | null>(ref, () => log.current, [])
    const onScroll = usePinnedToEnd(log, `${id} ${run?.id}`)
    return (
      <div
        role="log"
        aria-label="Conversation"
        aria-live={liveId === null ? 'polite' : 'off'}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable with the keyboard
        tabIndex={0}
        {...rest}
        ref={log}
        onScroll={(event) => {
          rest.onScroll?.(event)
          onScroll()
        }}
        data-chat-part="messages"
      >
        {groupsOf(messages).map(({ key, items }) => (
          <Group
            key={key}
            messages={items}
            liveId={items.at(-1)?.id === liveId ? liveId : null}
            render={children}
          />
        ))}
      </div>
    )
  },
)

interface GroupProps {
  messages: readonly ChatMessage[]
  liveId: string | null
  render: RenderMessage
}

/**
 * Some messages. A group in which nothing changed costs nothing: React skips it, and as a box of its own the
 * browser does not lay it out again (thousands of boxes side by side cost 10 ms in each frame).
 */
const Group = memo(function Group({ messages, liveId, render }: GroupProps) {
  return (
    <div data-chat-group="">
      {messages.map((message) => (
        <Slot key={message.id} message={message} live={message.id === liveId} render={render} />
      ))}
    </div>
  )
})

const Slot = memo(function Slot({ message, live, render }: { message: ChatMessage; live: boolean; render: RenderMessage }) {
  return <LiveContext.Provider value={live}>{render(message)}</LiveContext.Provider>
})
