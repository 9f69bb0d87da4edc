'use client'

import { type ChatMessage } from '@rejoin/core'
import { createContext, type Context } from 'react'

/** Whether the message here is still being written. */
export const LiveContext: Context<boolean> = createContext(false)

/** Which message this is. Unlike the message itself it does not change while that is written. */
export const MessageIdContext: Context<string | null> = createContext<string | null>(null)

export const MessageContext: Context<ChatMessage | null> = createContext<ChatMessage | null>(null)
