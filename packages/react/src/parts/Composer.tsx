'use client'

import { type Engine, type RejoinError, type RunView } from '@rejoin/core'
import { useEffect, useMemo, useRef, type SubmitEvent } from 'react'
import { isActive } from '../isActive.ts'
import { useChat } from './chatContext.ts'
import { ComposerContext } from './composerContext.ts'
import { focusInput } from './focusInput.ts'
import { part, type Part, type PartProps } from './part.ts'
import { useDraft } from './useDraft.ts'

/**
 * The form that a message is written in. It is emptied once the message is accepted: what was refused stays
 * in it, or comes back to it where the server refused it later, with the reason in `Chat.Status`. Each
 * session of each user has a draft of its own. Where the agent has asked for words, they are its answer.
 */
export const Composer: Part<HTMLFormElement, PartProps<'form'>> = part('Chat.Composer', ({ children, ...rest }, ref) => {
  const { id, run, error, requests, sendMessage, answer, clearError } = useChat('Composer')
  const { engine, draft, changeDraft } = useDraft(id)
  const { text, sent } = draft
  const sending = useRef<{ readonly engine: Engine | null; readonly id: string } | null>(null)
  const refused = error !== null && isRefusal(error, run)
  const asked = requests.find(({ kind }) => kind === 'input') ?? null

  const composer = useMemo(() => {
    return {
      asked,
      draft: text,
      setDraft(text: string) {
        changeDraft((draft) => ({ ...draft, text }))
        if (refused) clearError()
      },
    }
  }, [asked, text, changeDraft, refused, clearError])

  useEffect(() => {
    if (sent === null || sent.runId !== run?.id || !wasRefused(run)) return
    // What was typed since stays.
    changeDraft(({ text }) => ({ text: text === '' ? sent.text : text, sent: null }))
  }, [run, sent, changeDraft])

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    rest.onSubmit?.(event)
    if (event.defaultPrevented) return
    event.preventDefault()
    // Enter twice is one message, not one that is refused after it.
    if (isSending() || (isActive(run) && text.trim() === '')) return
    const mine = (sending.current = { engine, id })
    focusInput(event.currentTarget)
    try {
      const result = await (asked ? answer(asked.id, text) : sendMessage(text))
      if (!result.accepted) return
      const sent = { runId: result.runId, text }
      changeDraft((draft) => ({ text: withoutStart(draft.text, text), sent }))
    } finally {
      if (sending.current === mine) sending.current = null
    }
  }

  function isSending(): boolean {
    return sending.current?.id === id && sending.current.engine === engine
  }

  return (
    <form {...rest} ref={ref} onSubmit={(event) => void submit(event)} data-chat-part="composer">
      <ComposerContext.Provider value={composer}>{children}</ComposerContext.Provider>
    </form>
  )
})

/** Of what was pressed here, and not of a run: gone once the person writes on. */
function isRefusal({ code }: RejoinError, run: RunView | null): boolean {
  return code === 'busy' || code === 'empty_message' || (code === 'not_found' && run?.state.type !== 'failed')
}

const refusals: ReadonlySet<string> = new Set(['busy', 'too_large', 'too_many_runs'])

/** By the server, before anything of it was begun. */
function wasRefused({ state }: RunView): boolean {
  return state.type === 'failed' && refusals.has(state.code)
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text
}
