'use client'

import { RejoinError } from '@rejoin/core'
import { createContext, useContext, useSyncExternalStore, type Context } from 'react'
import { type BackgroundAgent, type ChatSource } from '../chatSource.ts'

/**
 * Not the chat but where it comes from: for a context that changes, React walks through everything below
 * it, which with thousands of earlier messages would cost milliseconds in each frame.
 */
export const ChatContext: Context<ChatSource | null> = createContext<ChatSource | null>(null)

/**
 * The chat of the `Chat.Root` above.
 * @throws RejoinError `missing_provider`
 */
export function useChat(part: string): BackgroundAgent {
  const source = useContext(ChatContext)
  if (source === null) {
    throw new RejoinError('missing_provider', {
      message: `There is no Chat.Root above this Chat.${part}, so it has no conversation to show. Put it inside one.`,
    })
  }
  return useSyncExternalStore(source.subscribe, source.getChat, source.getServerChat)
}

/**
 * What `select` takes of that chat: for parts of which there may be many, to be rendered again only when it is another.
 * @param select gives the same value for as long as nothing has changed; gets `null` where there is no `Chat.Root` above
 */
export function useOfChat<T>(select: (chat: BackgroundAgent | null) => T): T {
  const source = useContext(ChatContext)
  return useSyncExternalStore(
    source?.subscribe ?? subscribeToNothing,
    () => select(source?.getChat() ?? null),
    () => select(source?.getServerChat() ?? null),
  )
}

const subscribeToNothing: ChatSource['subscribe'] = () => () => {}
