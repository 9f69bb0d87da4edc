'use client'

import { type Engine, type RejoinError, type RunView } from '@rejoin/core'
import { useEffect, useMemo, useRef, type SubmitEvent } from 'react'
import { isActive } from '../isActive.ts'
import { addressesOf } from './attachment.ts'
import { useChat } from './chatContext.ts'
import { ComposerContext } from './composerContext.ts'
import { type FileLimits } from './fileLimits.ts'
import { focusInput } from './focusInput.ts'
import { part, type Part, type PartProps } from './part.ts'
import { useAttachments } from './useAttachments.ts'
import { useDraft } from './useDraft.ts'
import { useFileDrop } from './useFileDrop.ts'

/** What `Chat.Composer` takes beside native props. */
export interface ComposerOwnProps {
  /** Which files can be attached, dropped and pasted. @default 10 files of up to 25 MB each, of all kinds */
  fileLimits?: FileLimits | undefined
}

/**
 * The form that a message is written in. It is emptied once the message is accepted: what was refused stays
 * in it, or comes back to it where the server refused it later, with the reason in `Chat.Status`. Each
 * session of each user has a draft of its own. Where the agent has asked for words, they are its answer.
 *
 * Where the app has given an `upload`, files can be dropped on it and pasted into it. They are uploaded at once, and the
 * message is not sent before they are there.
 */
export const Composer: Part<HTMLFormElement, PartProps<'form', ComposerOwnProps>> = part('Chat.Composer', (props, ref) => {
  const { fileLimits, children, ...rest } = props
  const { id, run, error, requests, sendMessage, answer, clearError } = useChat('Composer')
  const drafts = useDraft(id)
  const { engine, draft, changeDraft } = drafts
  const { text, attachments, sent } = draft
  const files = useAttachments(drafts, fileLimits)
  const { dragging, handlers } = useFileDrop(files?.add, rest)
  const sending = useRef<{ readonly engine: Engine | null; readonly id: string } | null>(null)
  const refused = error !== null && isRefusal(error, run)
  const asked = requests.find(({ kind }) => kind === 'input') ?? null

  const composer = useMemo(() => {
    return {
      asked,
      files,
      draft: text,
      setDraft(text: string) {
        changeDraft((draft) => ({ ...draft, text, refusals: [], tried: false }))
        if (refused) clearError()
      },
    }
  }, [asked, files, text, changeDraft, refused, clearError])

  useEffect(() => {
    if (sent === null || sent.runId !== run?.id) return
    if (!wasRefused(run)) {
      // Files may be large, and nobody needs these any more.
      if (!isActive(run)) changeDraft((draft) => ({ ...draft, sent: null }))
      return
    }
    // What was written and attached since stays.
    changeDraft((draft) => ({
      ...draft,
      text: draft.text === '' ? sent.text : draft.text,
      attachments: [...sent.attachments, ...draft.attachments],
      sent: null,
    }))
  }, [run, sent, changeDraft])

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    rest.onSubmit?.(event)
    if (event.defaultPrevented) return
    event.preventDefault()
    // One answer of several takes words alone: the files go with what is sent last.
    const first = requests.length > 1 ? asked : null
    const going = first ? [] : attachments
    // Enter twice is one message, not one that is refused after it.
    if (isSending() || (isActive(run) && text.trim() === '' && going.length === 0)) return
    const addresses = addressesOf(going)
    if (addresses === null) return changeDraft((draft) => ({ ...draft, tried: true }))
    const mine = (sending.current = { engine, id })
    focusInput(event.currentTarget)
    try {
      const result = await (first ? answer(first.id, text) : sendMessage(addresses.length > 0 ? { text, files: addresses } : text))
      if (!result.accepted) return
      const sent = { runId: result.runId, text, attachments: going }
      changeDraft((draft) => ({
        ...draft,
        text: withoutStart(draft.text, text),
        attachments: draft.attachments.filter((attachment) => !going.includes(attachment)),
        refusals: [],
        tried: false,
        sent,
      }))
    } finally {
      if (sending.current === mine) sending.current = null
    }
  }

  function isSending(): boolean {
    return sending.current?.id === id && sending.current.engine === engine
  }

  return (
    <form
      {...rest}
      {...handlers}
      ref={ref}
      onSubmit={(event) => void submit(event)}
      data-chat-part="composer"
      data-dragging={dragging || undefined}
    >
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
