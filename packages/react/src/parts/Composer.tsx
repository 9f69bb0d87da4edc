'use client'

import { useMemo, useRef, useState, type SubmitEvent } from 'react'
import { isActive } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { ComposerContext } from './composerContext.ts'
import { part, type Part, type PartProps } from './part.ts'

/**
 * The form that a message is written in. It is emptied once the message is accepted: what was refused stays
 * in it, with the reason in `Chat.Status`. Each session has a draft of its own.
 */
export const Composer: Part<HTMLFormElement, PartProps<'form'>> = part('Chat.Composer', ({ children, ...rest }, ref) => {
  const { id, run, error, sendMessage, clearError } = useChat('Composer')
  const [drafts, setDrafts] = useState<Readonly<Record<string, string>>>({})
  const sending = useRef<string | null>(null)
  const draft = drafts[id] ?? ''
  const refused = error?.code === 'busy' || error?.code === 'empty_message'

  const composer = useMemo(() => {
    return {
      draft,
      setDraft(text: string) {
        setDrafts((all) => ({ ...all, [id]: text }))
        if (refused) clearError()
      },
    }
  }, [id, draft, refused, clearError])

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    rest.onSubmit?.(event)
    if (event.defaultPrevented) return
    event.preventDefault()
    // Enter twice is one message, not one that is refused after it.
    if (sending.current === id || (isActive(run) && draft.trim() === '')) return
    sending.current = id
    focusInput(event.currentTarget)
    try {
      const { accepted } = await sendMessage(draft)
      // What was typed since stays.
      if (accepted) setDrafts((all) => ({ ...all, [id]: withoutStart(all[id] ?? '', draft) }))
    } finally {
      if (sending.current === id) sending.current = null
    }
  }

  return (
    <form {...rest} ref={ref} onSubmit={(event) => void submit(event)} data-chat-part="composer">
      <ComposerContext.Provider value={composer}>{children}</ComposerContext.Provider>
    </form>
  )
})

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text
}

/** `Chat.Send` may go away with the press: the person writes on where they wrote. */
function focusInput(form: HTMLFormElement): void {
  form.querySelector<HTMLElement>('[data-chat-part="input"]')?.focus()
}
