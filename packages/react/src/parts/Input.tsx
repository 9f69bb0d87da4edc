'use client'

import { type KeyboardEvent } from 'react'
import { useComposer } from './composerContext.ts'
import { part, type Part, type PartProps } from './part.ts'

/** The composer holds the text. */
export type InputProps = Omit<PartProps<'textarea'>, 'value' | 'defaultValue' | 'children'>

/** Where the message is written. Enter sends, Shift and Enter begin a new line. Stays usable while an answer is written. */
export const Input: Part<HTMLTextAreaElement, InputProps> = part('Chat.Input', ({ onChange, onKeyDown, ...rest }, ref) => {
  const { draft, setDraft } = useComposer('Input')
  return (
    <textarea
      rows={1}
      aria-label="Message"
      enterKeyHint="send"
      {...rest}
      ref={ref}
      value={draft}
      onChange={(event) => {
        onChange?.(event)
        setDraft(event.currentTarget.value)
      }}
      onKeyDown={(event) => {
        onKeyDown?.(event)
        if (event.defaultPrevented || !isSend(event)) return
        event.preventDefault()
        event.currentTarget.form?.requestSubmit()
      }}
      data-chat-part="input"
    />
  )
})

function isSend({ key, shiftKey, keyCode, nativeEvent }: KeyboardEvent): boolean {
  // Enter also accepts what an input method suggests; in Safari the composition has ended by then, and only 229 tells.
  const composing = nativeEvent.isComposing || keyCode === 229
  return key === 'Enter' && !shiftKey && !composing
}
