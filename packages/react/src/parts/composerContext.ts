'use client'

import { RejoinError, type RequestPart } from '@rejoin/core'
import { createContext, useContext, type Context } from 'react'
import { type Attachments } from './useAttachments.ts'

/** What a composer's controls share. */
export interface ComposerContextValue {
  draft: string
  setDraft(draft: string): void
  /** What the agent asks, where the draft is to be the answer. */
  asked: RequestPart | null
  /** `null` where the app takes no files. */
  files: Attachments | null
}

export const ComposerContext: Context<ComposerContextValue | null> = createContext<ComposerContextValue | null>(null)

/** @throws RejoinError `missing_provider` */
export function useComposer(part: string): ComposerContextValue {
  const composer = useContext(ComposerContext)
  if (composer === null) {
    throw new RejoinError('missing_provider', {
      message: `There is no Chat.Composer above this Chat.${part}, so there is nothing to write into. Put it inside one.`,
    })
  }
  return composer
}
