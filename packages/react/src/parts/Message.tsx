'use client'

import { textOf, type ChatMessage } from '@rejoin/core'
import { useContext, type ReactNode } from 'react'
import { LiveContext, MessageContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { Text, type RenderBlock } from './Text.tsx'

export interface MessageOwnProps {
  message: ChatMessage
  /** Renders the blocks of its texts, where it has no children. @default plain text */
  renderBlock?: RenderBlock | undefined
  /** @default its text parts, each as a `Chat.Text` */
  children?: ReactNode
}

const names = { user: 'You', assistant: 'Agent' } as const

/** One message. Hidden while there is nothing in it yet. */
export const Message: Part<HTMLElement, PartProps<'article', MessageOwnProps>> = part(
  'Chat.Message',
  ({ message, renderBlock, children, ...rest }, ref) => {
    const live = useContext(LiveContext)
    return (
      <article
        aria-label={names[message.role]}
        hidden={textOf(message) === ''}
        {...rest}
        ref={ref}
        data-chat-part="message"
        data-role={message.role}
        data-message-id={message.id}
        data-live={live || undefined}
      >
        <MessageContext.Provider value={message}>{children ?? textParts(message, renderBlock)}</MessageContext.Provider>
      </article>
    )
  },
)

/** Parts are only ever added at the end. */
function textParts({ parts }: ChatMessage, renderBlock: RenderBlock | undefined): ReactNode {
  return parts.map((piece, at) =>
    piece.type === 'text' ? <Text key={at} text={piece.text} renderBlock={renderBlock} /> : null,
  )
}
