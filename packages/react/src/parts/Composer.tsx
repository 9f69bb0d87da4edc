'use client'

import { type RunView } from '@rejoin/core'
import { useContext, useEffect, useMemo, useRef, useState, type SubmitEvent } from 'react'
import { EngineContext } from '../engineContext.ts'
import { isActive } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { ComposerContext } from './composerContext.ts'
import { focusInput } from './focusInput.ts'
import { part, type Part, type PartProps } from './part.ts'

type Drafts = Readonly<Record<string, string>>

/**
 * The form that a message is written in. It is emptied once the message is accepted: what was refused stays
 * in it, or comes back to it where the server refused it later, with the reason in `Chat.Status`. Each
 * session of each user has a draft of its own.
 */
export const Composer: Part<HTMLFormElement, PartProps<'form'>> = part('Chat.Composer', ({ children, ...rest }, ref) => {
  const { id, run, error, sendMessage, clearError } = useChat('Composer')
  const [drafts, setDrafts] = useState<Drafts>({})
  const sending = useRef<string | null>(null)
  const [sent, setSent] = useState<{ readonly runId: string; readonly text: string } | null>(null)
  const engine = useContext(EngineContext)?.engine ?? null
  const [owner, setOwner] = useState(engine)
  // While rendering: what one user has typed is never shown to the next.
  if (owner !== engine) {
    setOwner(engine)
    setDrafts({})
    setSent(null)
  }
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

  useEffect(() => {
    if (sent === null || sent.runId !== run?.id || !wasRefused(run)) return
    setSent(null)
    setDrafts((all) => (all[id] ? all : { ...all, [id]: sent.text }))
  }, [id, run, sent])

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    rest.onSubmit?.(event)
    if (event.defaultPrevented) return
    event.preventDefault()
    // Enter twice is one message, not one that is refused after it.
    if (sending.current === id || (isActive(run) && draft.trim() === '')) return
    sending.current = id
    focusInput(event.currentTarget)
    try {
      const result = await sendMessage(draft)
      if (!result.accepted) return
      setSent({ runId: result.runId, text: draft })
      // What was typed since stays.
      setDrafts((all) => ({ ...all, [id]: withoutStart(all[id] ?? '', draft) }))
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

const refusals: ReadonlySet<string> = new Set(['busy', 'too_large', 'too_many_runs'])

/** By the server, before anything of it was begun. */
function wasRefused({ state }: RunView): boolean {
  return state.type === 'failed' && refusals.has(state.code)
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text
}
