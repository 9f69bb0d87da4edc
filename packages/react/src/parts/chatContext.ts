'use client'

import { RejoinError } from '@rejoin/core'
import { createContext, useContext, type Context } from 'react'
import { type BackgroundAgent } from '../useBackgroundAgent.ts'

export const ChatContext: Context<BackgroundAgent | null> = createContext<BackgroundAgent | null>(null)

/**
 * The chat of the `Chat.Root` above.
 * @throws RejoinError `missing_provider`
 */
export function useChat(part: string): BackgroundAgent {
  const chat = useContext(ChatContext)
  if (chat === null) {
    throw new RejoinError('missing_provider', {
      message: `There is no Chat.Root above this Chat.${part}, so it has no conversation to show. Put it inside one.`,
    })
  }
  return chat
}
