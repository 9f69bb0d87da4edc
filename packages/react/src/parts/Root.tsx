'use client'

import { useContext, type ForwardedRef, type ReactNode } from 'react'
import { sourceOf, type BackgroundAgent } from '../chatSource.ts'
import { UploadContext, type Upload } from '../upload.ts'
import { useBackgroundAgent, type UseBackgroundAgentOptions } from '../useBackgroundAgent.ts'
import { ChatContext } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'

/** What `Chat.Root` takes with a session as with a chat. */
export interface RootOwnProps {
  /** Brings files to where the agent of this chat can read them. @default that of the provider */
  upload?: Upload | undefined
}

/** A chat that the app has made itself with `useBackgroundAgent`. */
export type RootOfChatProps = PartProps<'section', RootOwnProps & { chat: BackgroundAgent; session?: never }>
/** A session; the root makes the chat. */
export type RootOfSessionProps = PartProps<'section', RootOwnProps & UseBackgroundAgentOptions & { chat?: never }>
/** A session, of which the root makes the chat, or a chat of the app's own. */
export type RootProps = RootOfChatProps | RootOfSessionProps

/**
 * Holds a conversation together. Its element says which run is shown (`data-run-id`), what useChat would
 * call it (`data-status`) and what is happening to it (`data-run-state`, and what
 * it waits for: `data-pause-reason`).
 */
export const Root: Part<HTMLElement, RootProps> = part('Chat.Root', (props, ref) => {
  return props.chat ? <ChatRoot {...props} forwarded={ref} /> : <SessionRoot {...props} forwarded={ref} />
})

type Forwarded = { forwarded: ForwardedRef<HTMLElement> }

function SessionRoot({
  session,
  initialMessages,
  mode,
  onFinish,
  onError,
  chat: _none,
  ...rest
}: RootOfSessionProps & Forwarded): ReactNode {
  return <ChatRoot {...rest} chat={useBackgroundAgent({ session, initialMessages, mode, onFinish, onError })} />
}

function ChatRoot({ chat, upload, session: _none, forwarded, ...rest }: RootOfChatProps & Forwarded): ReactNode {
  const provided = useContext(UploadContext)
  return (
    <section
      {...rest}
      ref={forwarded}
      data-chat-part="root"
      data-run-id={chat.run?.id ?? undefined}
      data-status={chat.status}
      data-run-state={chat.run?.state.type}
      data-pause-reason={chat.run?.state.type === 'paused' ? chat.run.state.reason : undefined}
    >
      <UploadContext.Provider value={upload ?? provided}>
        <ChatContext.Provider value={sourceOf(chat)}>{rest.children}</ChatContext.Provider>
      </UploadContext.Provider>
    </section>
  )
}
