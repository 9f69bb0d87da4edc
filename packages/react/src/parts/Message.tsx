'use client'

import { type ChatMessage } from '@rejoin/core'
import { useContext, type ReactNode } from 'react'
import { LiveContext, MessageContext, MessageIdContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { isShown, Pieces } from './Pieces.tsx'
import { type RenderBlock } from './TextBlocks.tsx'

/** What `Chat.Message` takes beside native props. */
export interface MessageOwnProps {
  message: ChatMessage
  /** Renders the blocks of its texts and of its reasoning, where it has no children. @default plain text */
  renderBlock?: RenderBlock | undefined
  /** @default its parts, each as what `Chat` has for it; data is left to the app */
  children?: ReactNode
}

const names = { user: 'You', assistant: 'Agent' } as const

/** One message. Hidden while there is nothing in it yet. */
export const Message: Part<HTMLElement, PartProps<'article', MessageOwnProps>> = part(
  'Chat.Message',
  ({ message, renderBlock, children, ...rest }, ref) => {
    const live = useContext(LiveContext)
    const own = children !== undefined && children !== null
    return (
      <article
        aria-label={names[message.role]}
        hidden={!message.parts.some((piece) => isShown(piece) || (own && piece.type === 'data'))}
        {...rest}
        ref={ref}
        data-chat-part="message"
        data-role={message.role}
        data-message-id={message.id}
        data-live={live || undefined}
      >
        <MessageIdContext.Provider value={message.id}>
          {own ? (
            <MessageContext.Provider value={message}>{children}</MessageContext.Provider>
          ) : (
            // Not below the context, which changes with each frame and would render every part again.
            <Pieces parts={message.parts} renderBlock={renderBlock} />
          )}
        </MessageIdContext.Provider>
      </article>
    )
  },
)
