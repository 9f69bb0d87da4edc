'use client'

import { type ChatMessage } from '@rejoin/core'
import { createContext, type Context } from 'react'

/** Whether the message here is still being written. */
export const LiveContext: Context<boolean> = createContext(false)

export const MessageContext: Context<ChatMessage | null> = createContext<ChatMessage | null>(null)
