'use client'

import { type ChatMessage } from '@rejoin/core'
import { useCallback, type ReactNode } from 'react'
import { isActive } from './isActive.ts'
import { Attach } from './parts/Attach.tsx'
import { Attachments } from './parts/Attachments.tsx'
import { useChat } from './parts/chatContext.ts'
import { Composer } from './parts/Composer.tsx'
import { type FileLimits } from './parts/fileLimits.ts'
import { Input } from './parts/Input.tsx'
import { Message } from './parts/Message.tsx'
import { Messages } from './parts/Messages.tsx'
import { part, type Part } from './parts/part.ts'
import { Progress } from './parts/Progress.tsx'
import { Reconnect } from './parts/Reconnect.tsx'
import { Root, type RootProps } from './parts/Root.tsx'
import { Send } from './parts/Send.tsx'
import { Status } from './parts/Status.tsx'
import { Stop } from './parts/Stop.tsx'
import { type RenderBlock } from './parts/TextBlocks.tsx'

/** What `BackgroundAgentChat` takes beside the props of `Chat.Root`. */
export interface BackgroundAgentChatOwnProps {
  /** Renders the blocks of an answer; what the person wrote is shown as it is. @default plain text */
  renderBlock?: RenderBlock | undefined
  /** @default 'Ask something…' */
  placeholder?: string | undefined
  /** Which files can go with a message, where an `upload` is given. @default 10 files of up to 25 MB each, of all kinds */
  fileLimits?: FileLimits | undefined
  children?: never
}

/** A session or a chat, native props of its `section`, and {@link BackgroundAgentChatOwnProps}. */
export type BackgroundAgentChatProps = RootProps & BackgroundAgentChatOwnProps

/** The whole chat, composed of the parts in `Chat`. Compose them yourself to change what is in it. */
export const BackgroundAgentChat: Part<HTMLElement, BackgroundAgentChatProps> = part(
  'BackgroundAgentChat',
  ({ renderBlock, placeholder = 'Ask something…', fileLimits, ...root }, ref) => {
    const renderMessage = useCallback(
      (message: ChatMessage) => (
        <Message message={message} renderBlock={message.role === 'assistant' ? renderBlock : undefined} />
      ),
      [renderBlock],
    )
    return (
      <Root {...root} ref={ref}>
        <Messages>{renderMessage}</Messages>
        <Progress />
        <Status />
        <Reconnect />
        <Composer fileLimits={fileLimits}>
          <Attachments />
          <Attach />
          <Input placeholder={placeholder} />
          <SendUnlessActive />
          <Stop />
        </Composer>
      </Root>
    )
  },
)

/** `Chat.Stop` takes its place. Hidden, not gone: Enter still submits the form. */
function SendUnlessActive(): ReactNode {
  return <Send hidden={isActive(useChat('Send').run)} />
}
