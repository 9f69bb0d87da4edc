'use client'

import { type KeyboardEvent } from 'react'
import { useComposer } from './composerContext.ts'
import { oneLine } from './oneLine.ts'
import { part, type Part, type PartProps } from './part.ts'

/** What `Chat.Input` takes beside native props. The composer holds the text. */
export interface InputOwnProps {
  /** In the place of `placeholder` while the agent waits for words. @default 'Your answer…' */
  answerPlaceholder?: string | undefined
  value?: never
  defaultValue?: never
  children?: never
}

/**
 * Where the message is written, or the answer to what the agent has asked (`data-answers`), which its name then says.
 * Enter sends, Shift and Enter begin a new line. Stays usable while an answer is written.
 */
export const Input: Part<HTMLTextAreaElement, PartProps<'textarea', InputOwnProps>> = part('Chat.Input', (props, ref) => {
  const { answerPlaceholder = 'Your answer…', placeholder, onChange, onKeyDown, ...rest } = props
  const { draft, setDraft, asked } = useComposer('Input')
  return (
    <textarea
      rows={1}
      aria-label={asked ? `Your answer to: ${oneLine(asked.prompt)}` : 'Message'}
      enterKeyHint="send"
      placeholder={asked ? answerPlaceholder : placeholder}
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
      data-answers={asked?.id}
    />
  )
})

function isSend({ key, shiftKey, keyCode, nativeEvent }: KeyboardEvent): boolean {
  // Enter also accepts what an input method suggests; in Safari the composition has ended by then, and only 229 tells.
  const composing = nativeEvent.isComposing || keyCode === 229
  return key === 'Enter' && !shiftKey && !composing
}
