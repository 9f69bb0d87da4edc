'use client'

import { part, type Part, type PartProps } from './part.ts'

/** Sends what is written. Never disabled: a press that can not be followed says why. */
export const Send: Part<HTMLButtonElement, PartProps<'button'>> = part('Chat.Send', ({ children, ...rest }, ref) => (
  <button type="submit" {...rest} ref={ref} data-chat-part="send">
    {children ?? 'Send'}
  </button>
))
