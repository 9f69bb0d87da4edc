'use client'

import { type ForwardedRef, type ReactNode } from 'react'
import { sourceOf, type BackgroundAgent } from '../chatSource.ts'
import { useBackgroundAgent, type UseBackgroundAgentOptions } from '../useBackgroundAgent.ts'
import { ChatContext } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'

/** A chat that the app has made itself with `useBackgroundAgent`. */
export type RootOfChatProps = PartProps<'section', { chat: BackgroundAgent; session?: never }>
/** A session; the root makes the chat. */
export type RootOfSessionProps = PartProps<'section', UseBackgroundAgentOptions & { chat?: never }>
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

function ChatRoot({ chat, session: _none, forwarded, ...rest }: RootOfChatProps & Forwarded): ReactNode {
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
      <ChatContext.Provider value={sourceOf(chat)}>{rest.children}</ChatContext.Provider>
    </section>
  )
}
